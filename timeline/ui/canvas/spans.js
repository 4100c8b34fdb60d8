// A span of time that the reader drags over, and its measures.

class Spans {
  constructor(timeline) {
    this.timeline = timeline;
    this.measuring = false;
  }

  /** During a drag, from one place on the stage to another. */
  drag(x, other) {
    const times = [x, other].map((px) => this.timeline.timeAt(Math.max(px, GUTTER)));
    this.measure(Math.floor(Math.min(...times)), Math.ceil(Math.max(...times)));
  }

  /** While nothing is selected or measured: what the engines do in view. */
  async rest() {
    const { timeline } = this;
    const busy = () => timeline.item || timeline.span || this.measuring;
    if (busy()) return;
    const { start, end } = timeline.view;
    const asked = (this.asked = { start: Math.floor(start), end: Math.ceil(end) });
    try {
      const found = await timeline.source.json("measures", asked);
      if (asked === this.asked && !busy()) timeline.panel.show(...viewDetails(found));
    } catch (error) {
      timeline.panel.state.textContent = error.message;
    }
  }

  /** Measure `[start, end)`; during a drag one question at a time, and the last one at the end. */
  async measure(start, end) {
    const { timeline } = this;
    const asked = (timeline.span = { start, end });
    timeline.draw();
    if (this.measuring) return;
    this.measuring = true;
    try {
      const found = await timeline.source.json("measures", asked);
      if (timeline.span) timeline.panel.show(...spanDetails(asked, found));
    } catch (error) {
      timeline.panel.state.textContent = error.message;
    } finally {
      this.measuring = false;
    }
    const { span } = timeline;
    if (span && span !== asked) this.measure(span.start, span.end);
  }
}
