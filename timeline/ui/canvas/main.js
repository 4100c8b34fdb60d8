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
    this.address = new Address(this);
    this.panel = new Panel(root, this);
    this.stage = this.panel.stage;
    this.panel.root.timeline = this; // for whoever looks behind the picture, as tests do
    this.begin();
  }

  async begin() {
    try {
      this.manifest = await this.source.json("manifest");
    } catch (error) {
      return this.fail(error.message);
    }
    this.scene = new Scene(this.manifest);
    this.painter = new Painter(this.panel.canvas, this.manifest);
    this.view = new View(this.manifest.first, this.manifest.last);
    this.tiles = new Tiles(this.source, this.manifest.buckets, () => this.draw(), (e) => this.fail(e));
    this.names = new Names(this.source, () => this.draw());
    this.input = new Input(this.stage, this);
    const [start, end] = this.manifest.view;
    this.view.set(start - (end - start) * 0.02, end + (end - start) * 0.02);
    this.address.read();
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

  update(data) {
    this.data = data;
    this.source.token = data.token;
    if (this.tiles) this.draw();
  }

  end() {
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
      if (this.scene.toggle(line)) this.grow();
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
    if (hit.line.lane.table === "engines") return this.spans.measure(hit.start, hit.end);
    this.selection.choose(hit);
  }

  hover(at) {
    if (at) this.pointed = this.timeAt(at.x);
    const hit = at && this.inView.at(at);
    this.stage.style.cursor = hit ? "pointer" : "";
    this.panel.point(hit && hitWords(hit, this.names, this.manifest), at?.x ?? 0, at?.y ?? 0);
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
