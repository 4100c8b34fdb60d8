// Hands a trace to Perfetto's page, as https://perfetto.dev/docs/visualization/deep-linking-to-perfetto-ui says:
// open it, send PING until it answers PONG, then send the bytes. Nothing is sent before the click.
const EVERY_MS = 50;
const PATIENCE_MS = 30000;

function bytes(text) {
  const raw = atob(text);
  const found = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) found[i] = raw.charCodeAt(i);
  return found.buffer;
}

function hand(page, data, say) {
  const ping = setInterval(() => page.postMessage("PING", data.origin), EVERY_MS);
  const stop = () => {
    clearInterval(ping);
    clearTimeout(late);
    window.removeEventListener("message", answered);
  };
  const late = setTimeout(() => {
    stop();
    say("Perfetto does not answer. Download the trace and open it there.");
  }, PATIENCE_MS);
  const answered = (event) => {
    if (event.source !== page || event.origin !== data.origin || event.data !== "PONG") return;
    stop();
    const trace = { buffer: bytes(data.trace), title: data.title, fileName: data.file };
    page.postMessage({ perfetto: trace }, data.origin);
    say("Handed over.");
  };
  window.addEventListener("message", answered);
}

export default function ({ parentElement, data }) {
  const say = (words) => (parentElement.querySelector("[role=status]").textContent = words);
  parentElement.querySelector("button").onclick = () => {
    const page = window.open(data.origin);
    if (page) hand(page, data, say);
    else say("The browser does not let this page open another one.");
  };
}
