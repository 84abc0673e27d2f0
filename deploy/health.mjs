// Exit code 0: the engine of this container does its work (`healthz`, default) or trades on fresh data (`readyz`). The page
// listens on the container's own loopback, where a probe from outside cannot reach it.
const port = process.env.GRVT_HEDGE_HTTP_PORT || '8787';
const what = process.argv[2] ?? 'healthz';
try {
  const answer = await fetch(`http://127.0.0.1:${port}/${what}`, { signal: AbortSignal.timeout(4_000) });
  if (!answer.ok) console.error(await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : String(thrown));
  process.exitCode = 1;
}
