#!/usr/bin/env bash
# The steps of the Dockerfile in a clean directory, without Docker: what it copies, what it installs, and that the engine then
# starts on paper, is healthy and stops. Usage: deploy/try-image-steps.sh; needs npm.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
image=$(mktemp -d)
trap 'kill "${engine:-}" 2>/dev/null || true; rm -rf "$image"' EXIT

cd "$image"
while read -r _ paths; do
  read -ra words <<<"$paths"
  target=${words[-1]}
  for path in "${words[@]:0:${#words[@]}-1}"; do
    if [ -d "$root/$path" ]; then mkdir -p "$target" && cp -R "$root/$path/." "$target/"
    else mkdir -p "$(dirname "$target/x")" && cp "$root/$path" "$([ -d "$target" ] && echo "$target/" || echo "$target")"; fi
  done
done < <(grep -E '^COPY [^-]' "$root/deploy/Dockerfile")
eval "$(sed -n 's/^RUN \(npm ci .*\)$/\1/p' "$root/deploy/Dockerfile")"

export GRVT_ENV=paper GRVT_HEDGE_HTTP_PORT=18787 GRVT_HEDGE_DATA_DIR="$image/data/journal" GRVT_HEDGE_LOG_DIR="$image/data/logs"
node_modules/.bin/node --disable-sigusr1 -- bin/grvt-hedge.mjs run >"$image/out" 2>&1 &
engine=$!
for _ in $(seq 60); do
  node_modules/.bin/node deploy/health.mjs readyz 2>/dev/null && break
  kill -0 "$engine" || { cat "$image/out"; exit 1; }
  sleep 1
done
node_modules/.bin/node deploy/health.mjs readyz
node_modules/.bin/node deploy/health.mjs healthz
kill -TERM "$engine"
wait "$engine"
echo "The image's steps: ready, healthy, stopped with 0"
