/**
 * Forwards the engine's events to Stately's inspector in the frame. Only this page, with an engine started with
 * `--inspect`, loads anything external.
 */
const INSPECTOR = 'https://stately.ai';
/** Events waiting for the inspector to load. */
const WAITING_MAX = 2000;

const frame = document.getElementById('inspector');
const waiting = [];
let ready = false;

addEventListener('message', (event) => {
  if (event.origin !== INSPECTOR || event.data?.type !== '@statelyai.connected') return;
  ready = true;
  for (const one of waiting.splice(0)) frame.contentWindow.postMessage(one, INSPECTOR);
});

const socket = new WebSocket(`ws://${location.host}/inspect`);
socket.addEventListener('message', (event) => {
  const one = JSON.parse(event.data);
  if (ready) frame.contentWindow.postMessage(one, INSPECTOR);
  else if (waiting.push(one) > WAITING_MAX) waiting.shift();
});
