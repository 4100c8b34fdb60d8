// Idle time of each engine, by cause: lanes that are computed when the reader asks for them.

const POLL_MS = 400;
const MOST_AT_FIRST = 50_000; // events up to which nobody has to ask

class Causes {
  constructor(timeline) {
    this.timeline = timeline;
    this.state = "none";
    this.said = "";
  }

  /** Once the manifest is there: offer the lanes, and show those of a small trace. */
  begin(asked) {
    const { manifest, panel } = this.timeline;
    if (!manifest.groups.some((group) => group.lanes.some((lane) => lane.lazy))) return;
    panel.idle.hidden = false;
    if (asked ?? manifest.events <= MOST_AT_FIRST) this.show(true);
  }

  get on() {
    return this.timeline.scene.lazy;
  }

  get ready() {
    return this.state === "ready";
  }

  toggle() {
    if (this.timeline.panel.idle.hidden) return;
    this.show(!this.on);
    this.timeline.panel.say(this.on ? "idle time shown" : "idle time hidden");
    this.timeline.moved();
  }

  show(on) {
    const { scene, panel } = this.timeline;
    scene.lazy = on;
    scene.layOut();
    panel.idle.setAttribute("aria-pressed", String(on));
    this.timeline.grow();
    this.timeline.showLegend();
    if (on && this.state === "none") this.load();
  }

  /** Let the server compute them, and say how far it is. */
  async load() {
    const { source, panel } = this.timeline;
    this.state = "building";
    this.said = "computing…";
    try {
      for (let query = { begin: "yes" }; this.state === "building" && !this.timeline.ended; query = {}) {
        const { state, done, total, why } = await source.json("idle", query);
        this.state = state === "none" ? "building" : state;
        this.said = state === "failed" ? why : total ? `computing, ${done} of ${total}…` : "computing…";
        if (this.state === "building") await new Promise((go) => setTimeout(go, POLL_MS));
      }
    } catch (error) {
      this.state = "failed";
      this.said = error.message;
    }
    panel.root.dataset.idle = this.state;
    this.timeline.draw();
  }
}

/** The causes of a bucket, the one of most time first: [words, ns]. */
function causesIn(tile, bucket, manifest) {
  const found = [];
  for (let i = 0; i < tile.bucket.length; i++) {
    if (tile.bucket[i] === bucket) found.push([causeWords(tile.longest[i], manifest), tile.total[i]]);
  }
  return found.sort((a, b) => b[1] - a[1]);
}

function causeWords(code, manifest) {
  return manifest.idle[manifest.causes[code]]?.words ?? "unknown";
}
