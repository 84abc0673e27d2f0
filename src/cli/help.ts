import { parseEnv } from 'node:util';
import type { Command } from 'commander';
import { readSettingsFile } from '../settings/index.ts';
import { helpText } from '../texts/help.ts';
import type { Language } from '../texts/language.ts';

/** `--help` in the language of the settings (`GRVT_HEDGE_LANG`). */

const NAME = 'GRVT_HEDGE_LANG';

/**
 * The language before the settings are read, because help must work with invalid settings.
 * @param file with the settings; `--env-file` in `args` overrides it
 */
export function helpLanguage(args: readonly string[], env: NodeJS.ProcessEnv, file: string): Language {
  const at = args.indexOf('--env-file');
  const joined = args.find((one) => one.startsWith('--env-file='))?.slice('--env-file='.length);
  const given = env[NAME] || valueIn((at < 0 ? undefined : args[at + 1]) ?? joined ?? file);
  return given?.toLowerCase() === 'zh' ? 'zh' : 'en';
}

function valueIn(file: string): string | undefined {
  try {
    return parseEnv(Buffer.from(readSettingsFile(file)).toString())[NAME];
  } catch {
    // Errors in it are reported by the command that needs it.
    return undefined;
  }
}

/** Follows the one-line error of a wrong command line. */
export const AFTER_ERROR = '(add --help for the usage)';

/** Commander's own headings. */
const HEADINGS: readonly (readonly [RegExp, string])[] = [
  [/^Usage:/m, '用法：'],
  [/^Arguments:/m, '参数：'],
  [/^Options:/m, '选项：'],
  [/^Commands:/m, '命令：'],
  [/\(default: /g, '(默认：'],
  [/\(choices: /g, '(可选：'],
];

/** Commander's own errors; what was expected is ours (spoken.ts). */
const ERRORS: readonly (readonly [RegExp, string])[] = [
  [/^error: option '(.+?)' argument '(.*)' is invalid\. /s, "错误：选项 '$1' 的值 '$2' 不合法："],
  [/^error: command-argument value '(.*)' is invalid for argument '(.+?)'\. /s, "错误：参数 '$2' 的值 '$1' 不合法："],
  [/Allowed choices are (.+)\.$/m, '应为其中之一：$1'],
  [/^error: unknown option '(.+)'/, "错误：没有选项 '$1'"],
  [/^error: unknown command '(.+)'/, "错误：没有命令 '$1'"],
  [/\(Did you mean (?:one of )?(.+)\?\)/, '（是否想写 $1？）'],
  [/^error: missing required argument '(.+)'/, "错误：缺少参数 '$1'"],
  [/^error: required option '(.+)' not specified/, "错误：必须给出选项 '$1'"],
  [/^error: option '(.+)' argument missing/, "错误：选项 '$1' 缺少值"],
  [/^error: option '(.+)' cannot be used with option '(.+)'/, "错误：选项 '$1' 不能与 '$2' 同用"],
  [
    /^error: too many arguments.*? Expected (\d+) arguments? but got (\d+)(?:: (.*))?\./,
    '错误：参数过多：应为 $1 个，给出 $2 个',
  ],
  [/^error: /, '错误：'],
];

function translated(text: string, words: readonly (readonly [RegExp, string])[]): string {
  return words.reduce((said, [from, to]) => said.replace(from, to), text);
}

/** Translates every text of the help; a missing text stays English. */
export function localiseHelp(program: Command, language: Language): void {
  if (language === 'en') return;
  const said = (text: string) => helpText(text) ?? text;
  for (const command of everyCommand(program)) {
    command.description(said(command.description()));
    command.showHelpAfterError(said(AFTER_ERROR));
    command.configureOutput({ outputError: (text, write) => write(translated(text, ERRORS)) });
    command.helpOption('-h, --help', said('display help for command'));
    const hasHelp = command
      .createHelp()
      .visibleCommands(command)
      .some((one) => one.name() === 'help');
    if (hasHelp) command.helpCommand('help [command]', said('display help for command'));
    for (const one of [...command.options, ...command.registeredArguments]) one.description = said(one.description);
    command.configureHelp({
      formatHelp: (one, helper) =>
        translated(Object.getPrototypeOf(helper).formatHelp.call(helper, one, helper) as string, HEADINGS),
    });
  }
}

export function everyCommand(program: Command): readonly Command[] {
  return [program, ...program.commands.flatMap(everyCommand)];
}
