// The timeline: what is known of it, the parts that act on it, and what Streamlit mounts.

class Timeline {
  constructor(root, data) {
    this.data = data;
    this.source = new Source(data.place, data.token);
    this.top = 0;
    this.marks = [];
    this.item = null;
    this.frames = new Frames(this);
    this.inView = new InView(this);
    this.travel = new Travel(this);
    this.selection = new Selection(this);
    this.spans = new Spans(this);
    this.search = new Search(this);
    this.hits = new Hits(this.source, () => this.draw());
    this.causes = new Causes(this);
    this.exports = new Exports(this);
    this.address = new Address(this);
    this.panel = new Panel(root, this);
    this.stage = this.panel.stage;
    this.panel.root.timeline = this; // for whoever looks behind the picture, as tests do
    this.begin();
  }

  async begin() {
    try {
      this.manifest = this.data.manifest ?? (await this.source.json("manifest"));
    } catch (error) {
      return this.fail(error.message);
    }
    this.scene = new Scene(this.manifest);
    this.painter = new Painter(this.panel.canvas, this.manifest);
    this.view = new View(this.manifest.first, this.manifest.last);
    this.tiles = new Tiles(this.source, this.manifest.buckets, () => this.draw(), (e) => this.fail(e));
    this.names = new Names(this.source, () => {
      this.showLegend();
      this.draw();
    });
    this.input = new Input(this.stage, this);
    const [start, end] = this.manifest.view;
    this.view.set(start - (end - start) * 0.02, end + (end - start) * 0.02);
    this.causes.begin(this.address.read().idle);
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.stage);
    this.grow();
    this.draw();
  }

  /** As high as the lanes need, within what a page has room for. */
  grow() {
    const high = Math.min(Math.max(this.scene.height + RULER + 8, 200), 720);
    this.stage.style.height = `${high}px`;
  }

  /** What the colours mean, in the theme of the last frame; painted first, so that there is one. */
  showLegend() {
    if (!this.painter?.colours) return;
    const lanes = this.scene.lanes().map((line) => line.lane);
    const entries = legendEntries(lanes, this.painter, this.names, this.causes);
    const items = entries.map(([words, fill]) => legendItem(words, fill, this.painter.ratio));
    this.panel.legend.replaceChildren(...items);
  }

  update(data) {
    this.data = data;
    this.source.token = data.token;
    if (this.tiles) this.draw();
  }

  end() {
    this.ended = true;
    if (this.tiles) this.tiles.ended = true;
    this.watcher?.disconnect();
    this.frames.end();
    this.panel.root.remove();
  }

  fail(words) {
    this.panel.state.textContent = words;
    this.panel.root.dataset.state = "failed";
  }

  draw() {
    this.frames.draw();
  }

  /** The reader has changed what is in view: the address will follow. */
  touched() {
    this.wasTouched = true;
    this.frames.unsettle();
  }

  moved() {
    this.touched();
    this.draw();
  }

  /** Width of the picture beside the labels, in px of the page. */
  get room() {
    return Math.max(this.stage.clientWidth - GUTTER, 1);
  }

  timeAt(x) {
    return this.view.start + ((x - GUTTER) / this.room) * this.view.length;
  }

  lineAt({ y }) {
    return y < RULER ? undefined : this.scene.at(y - RULER + this.top);
  }

  /** A click: on a label it unfolds, on a bar it selects, on a merged bar it zooms in. */
  click(at) {
    const line = this.lineAt(at);
    if (line && at.x < GUTTER) {
      this.toggle(line);
      if (line.kind === "lane") this.line = line;
      return this.moved();
    }
    const hit = this.inView.at(at);
    if (!hit) return this.selection.clear();
    this.line = hit.line;
    if (hit.merged) {
      this.view.set(hit.start - hit.width, hit.start + 2 * hit.width);
      return this.moved();
    }
    if (["engines", "idle"].includes(hit.line.lane.table)) return this.spans.measure(hit.start, hit.end);
    this.selection.choose(hit);
  }

  /** Fold or unfold a line. */
  toggle(line) {
    if (!this.scene.toggle(line)) return;
    this.grow();
    this.showLegend();
  }

  hover(at) {
    if (at) this.pointed = this.timeAt(at.x);
    const hit = at && this.inView.at(at);
    this.stage.style.cursor = hit ? "pointer" : "";
    this.panel.point(hit && hitWords(hit, this), at?.x ?? 0, at?.y ?? 0);
  }

  help() {
    this.panel.help.showModal();
  }
}

const LIVING = new WeakMap();

export default function (component) {
  const { parentElement, data } = component;
  const living = LIVING.get(parentElement);
  if (living) living.update(data);
  else LIVING.set(parentElement, new Timeline(parentElement, data));
  return () => {
    LIVING.get(parentElement)?.end();
    LIVING.delete(parentElement);
  };
}
