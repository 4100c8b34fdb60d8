// Taking along what is seen: the picture, and the trace of the span in view or the whole of it.

class Exports {
  constructor(timeline) {
    this.timeline = timeline;
    this.parts = element("div", {});
    this.told = element("p", { class: "hint", role: "status" });
    const close = button("Close", "Close", () => this.dialog.close());
    this.dialog = element("dialog", { "aria-label": "Export" }, this.parts, this.told, close);
  }

  open() {
    const { manifest, view } = this.timeline;
    if (!manifest) return;
    const span = `${exactText(this.end - this.start)} from ${exactText(this.start)}`;
    const trace = (more) => manifest.exports.map(({ title, form, suffix }) => [title, form, suffix, more]);
    this.parts.replaceChildren(
      ...this.row("The picture", [
        ["PNG, as it is seen", "png", ".png"],
        ["SVG", "svg", ".svg", this.lanes()],
        ["HTML", "html", ".html", this.lanes()],
      ]),
      ...this.row(`The trace of ${span}`, trace(this.span())),
      ...this.row("The whole trace", trace({})),
    );
    this.told.textContent = `${durationText(view.length)} in view`;
    this.dialog.showModal();
  }

  row(heading, choices) {
    const buttons = choices.map(([label, form, suffix, query]) =>
      button(label, `${heading}: ${label}`, () => this.take(form, suffix, query)),
    );
    return [element("h3", {}, heading), element("div", { class: "choices" }, ...buttons)];
  }

  get start() {
    return Math.floor(this.timeline.view.start);
  }

  get end() {
    return Math.ceil(this.timeline.view.end);
  }

  span() {
    return { start: this.start, end: this.end };
  }

  /** The span and the lanes in view, as the server draws them. */
  lanes() {
    const { scene, data } = this.timeline;
    const lanes = scene.lanes().map((line) => line.lane);
    const devices = new Set(lanes.map(({ key }) => /^gpu(-?\d+)\//.exec(key)?.[1]).filter(Boolean));
    return {
      ...this.span(),
      devices: [...devices].join(),
      by: [...scene.unfolded].some((key) => key.startsWith("gpu")) ? "stream" : "engine",
      host: lanes.some(({ key }) => key.startsWith("host")) ? "yes" : "no",
      stamps: lanes.some(({ table }) => table === "stamps") ? "yes" : "no",
      theme: data.theme,
    };
  }

  async take(form, suffix, query) {
    const { manifest, source } = this.timeline;
    this.told.textContent = "making it…";
    try {
      const made = form === "png" ? await this.png() : await source.blob("export", { form, ...query });
      const span = query?.start === undefined && form !== "png" ? "" : `-${this.start}-${this.end}ns`;
      save(made, `${manifest.stem}${span}${suffix}`);
      this.told.textContent = `${countText(made.size)} bytes`;
    } catch (error) {
      this.told.textContent = error.message;
    }
  }

  png() {
    return new Promise((done, fail) => {
      const made = (blob) => (blob ? done(blob) : fail(new Error("the browser made no picture")));
      this.timeline.panel.canvas.toBlob(made, "image/png");
    });
  }
}

/** Let the browser keep a file. */
function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
