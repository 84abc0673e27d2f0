import { type Section, VARIABLE_NAMES, VARIABLES, type Variable } from './variables.ts';

const HEADINGS: Readonly<Record<Section, string>> = {
  exchange: 'Exchange / 交易所',
  keys: 'Trading accounts / 交易账户',
  alerts: 'Alerts / 告警',
  strategy: 'Strategy / 策略',
  stop: 'Stop / 停机',
  engine: 'Engine / 引擎',
};

/**
 * The text of `.env.example`, generated from the table. `GRVT_ENV` is left empty on purpose: whoever fills in keys must
 * choose the exchange. So is a default that depends on another setting.
 */
export function envExample(): string {
  const lines = [
    '# Copy to .env and change what you need. An empty value is unset; the process environment wins over this file.',
    '# 复制为 .env 后按需修改。空值等于未设置；进程环境变量优先于本文件。',
    '# Secrets can be in files of their own: NAME_FILE=path instead of NAME=value.',
    '# 密钥可放在单独文件中：用 NAME_FILE=路径 代替 NAME=值。',
  ];
  let section: Section | null = null;
  for (const name of VARIABLE_NAMES) {
    const variable: Variable<unknown> = VARIABLES[name];
    if (variable.section !== section) {
      section = variable.section;
      lines.push('', `# ---- ${HEADINGS[section]} ----`);
    }
    const isFixed = variable.default !== null && variable.otherwise === null;
    lines.push('', `# ${variable.en}`, `# ${variable.zh}`);
    lines.push(
      `# Unit: ${variable.unit}. Default: ${variable.otherwise ?? variable.default ?? 'none'}. Expected: ${variable.expected.en}.`,
    );
    lines.push(`${name}=${isFixed && name !== 'GRVT_ENV' ? variable.default : ''}`);
    if (variable.fromFile) lines.push(`# ${name}_FILE=`);
  }
  return `${lines.join('\n')}\n`;
}
