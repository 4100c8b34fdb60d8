// The selected bar, and the marks that the reader sets.

class Selection {
  constructor(timeline) {
    this.timeline = timeline;
  }

  /** Select a bar by its track and place: its details, its neighbours, its arrows. */
  async choose({ track, place }, reveal = false) {
    if (track < 0) return;
    const { timeline } = this;
    const asked = (this.asking = {});
    try {
      const item = await timeline.source.json("details", { track, place });
      if (this.asking === asked) this.show(item, reveal);
    } catch (error) {
      timeline.panel.state.textContent = error.message;
    }
  }

  /** Select a bar of which the server has told already; perhaps not all of it yet. */
  async take(item, reveal) {
    this.asking = {};
    this.show(item, reveal);
    if (!item.whole) await this.choose(item);
  }

  show(item, reveal) {
    const { timeline } = this;
    timeline.item = item;
    timeline.panel.show(...itemDetails(item, (link) => this.choose(link, true)));
    timeline.panel.say(`${item.title}, ${durationText(item.end - item.start)}`);
    if (reveal) timeline.travel.reveal(item);
    timeline.moved();
  }

  /** Let go of the bar, of the measured span and of what was searched. */
  clear() {
    this.asking = {};
    this.timeline.search.clear();
    this.timeline.item = this.timeline.span = null;
    this.timeline.panel.show();
    this.timeline.moved();
  }

  /** Zoom to the selected bar; without one, unfold the lane. */
  enter(at) {
    if (at && at.x < GUTTER) return;
    const { item, view, line } = this.timeline;
    if (item) {
      const margin = Math.max((item.end - item.start) * 0.2, 4);
      view.set(item.start - margin, item.end + margin);
    } else if (line) this.timeline.toggle(line);
    this.timeline.moved();
  }

  /** The previous or next bar of the selected one's row; without one, move. */
  step(by) {
    const { item } = this.timeline;
    if (!item) return this.timeline.travel.pan(by * 0.2);
    const place = item.place + by;
    if (place >= 0 && place <= item.last) this.choose({ track: item.track, place }, true);
  }

  /** Mark the selected bar's start, or what the pointer is at; or take that mark away. */
  mark() {
    const { view, item, pointed, marks, panel } = this.timeline;
    const near = view.length / 200;
    const time = Math.round(item?.start ?? pointed ?? (view.start + view.end) / 2);
    const there = marks.findIndex((mark) => Math.abs(mark - time) < near);
    if (there >= 0) marks.splice(there, 1);
    else marks.push(time);
    marks.sort((a, b) => a - b);
    panel.say(there >= 0 ? "mark taken away" : `mark at ${exactText(time)}`);
    this.timeline.moved();
  }
}
