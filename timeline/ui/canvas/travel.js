// Moving about: the span of time in view, and how far down the lanes are scrolled.

class Travel {
  constructor(timeline) {
    this.timeline = timeline;
  }

  /** The measured span, if it isn't what fills the view already; else everything. */
  fit() {
    const { span, view } = this.timeline;
    if (span && (view.start !== span.start || view.end !== span.end)) view.set(span.start, span.end);
    else view.fit();
    this.timeline.moved();
  }

  zoom(factor) {
    this.timeline.view.zoom(factor);
    this.timeline.moved();
  }

  zoomAt(factor, x) {
    this.timeline.view.zoom(factor, this.timeline.timeAt(x));
    this.timeline.moved();
  }

  pan(part) {
    this.timeline.view.pan(part);
    this.timeline.moved();
  }

  panPx(px) {
    this.pan(px / this.timeline.room);
  }

  scroll(px) {
    const { scene, stage } = this.timeline;
    const most = Math.max(scene.height - stage.clientHeight + RULER + 8, 0);
    this.timeline.top = Math.min(Math.max(this.timeline.top + px, 0), most);
    this.timeline.moved();
  }

  /** Go to the lane that is so many further down. */
  climb(by) {
    const lines = this.timeline.scene.lanes();
    const now = lines.findIndex((line) => line.key === this.timeline.line?.key);
    const line = lines[Math.min(Math.max(now + by, 0), lines.length - 1)];
    if (!line) return;
    this.toLine(line);
    this.timeline.panel.say(line.lane.label);
    this.timeline.moved();
  }

  toLine(line) {
    const { timeline } = this;
    timeline.line = line;
    const room = timeline.stage.clientHeight - RULER;
    if (line.y < timeline.top) timeline.top = line.y;
    if (line.y + line.height > timeline.top + room) timeline.top = line.y + line.height - room;
  }

  /** Bring a bar into view, and close enough to be seen. */
  reveal({ start, end, track }) {
    const { view, scene } = this.timeline;
    const length = Math.max(end - start, 1);
    if (length < view.length / 400 || length > view.length) {
      view.set(start - 4 * length, end + 4 * length);
    } else if (start < view.start || end > view.end) {
      const by = (start + end) / 2 - (view.start + view.end) / 2;
      view.set(view.start + by, view.end + by);
    }
    const line = scene.lanes().find((l) => l.rows.some((row) => row.tracks.includes(track)));
    if (line) this.toLine(line);
  }
}
