import { benchSymbol, openStage, pause } from './stage.ts';

/** REST calls of one engine per symbol and hour, by route, while it trades. */
export async function requests(seconds: number): Promise<void> {
  const symbols = ['BTC_USDT_Perp', 'ETH_USDT_Perp', 'SOL_USDT_Perp', 'BNB_USDT_Perp'].map((name) => benchSymbol(name));
  const stage = await openStage({ symbols, paper: { equityUsdt: '10000000' } });
  const counts = new Map<string, number>();
  const handle = stage.paper.exchange.handle.bind(stage.paper.exchange);
  stage.paper.exchange.handle = (request, nowMs) => {
    const route = request.path.split('/').at(-1) ?? request.path;
    counts.set(route, (counts.get(route) ?? 0) + 1);
    return handle(request, nowMs);
  };
  try {
    await pause(5_000);
    counts.clear();
    await pause(seconds * 1_000);
  } finally {
    const perSymbolHour = 3_600 / seconds / symbols.length;
    const rows = [...counts].sort(([, a], [, b]) => b - a);
    const total = rows.reduce((sum, [, count]) => sum + count, 0);
    console.log(`REST calls per symbol-hour, ${symbols.length} symbols on a lively market, watched for ${seconds} s`);
    for (const [route, count] of rows)
      console.log(`${route.padEnd(20)} ${(count * perSymbolHour).toFixed(0).padStart(8)}`);
    console.log(`${'all'.padEnd(20)} ${(total * perSymbolHour).toFixed(0).padStart(8)}`);
    await stage.close();
  }
}
