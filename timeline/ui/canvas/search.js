// Searching names: from hit to hit, either way.

class Search {
  constructor(timeline) {
    this.timeline = timeline;
  }

  open() {
    const { query } = this.timeline.panel;
    query.focus();
    query.select();
  }

  /** Go to the next hit, or the one before, seen from the selected bar or the view's start. */
  async find(text, back = false) {
    const { timeline } = this;
    if (!text) return timeline.panel.hits("");
    const nowhere = { start: Math.floor(timeline.view.start), track: -1, place: -1 };
    const { start, track, place } = timeline.item ?? nowhere;
    try {
      const query = { text, start, track, place, ...(back && { back: "yes" }) };
      const { count, at } = await timeline.source.json("search", query);
      timeline.panel.hits(count === 1 ? "1 hit" : `${countText(count)} hits`);
      if (at) await timeline.selection.choose(at, true);
    } catch (error) {
      timeline.panel.hits(error.message);
    }
  }
}
