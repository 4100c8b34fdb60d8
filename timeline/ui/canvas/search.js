// Searching names: from hit to hit, either way.

class Search {
  constructor(timeline) {
    this.timeline = timeline;
  }

  /** Whether a name is one of those that were searched; all are while nothing is. */
  matches(table, code) {
    const bits = this.found?.get(table);
    return !this.found || Boolean(bits && (bits[code >> 3] >> (code & 7)) & 1);
  }

  /** Let go of the hits. */
  clear() {
    this.found = null;
    this.timeline.hits.use("");
    this.timeline.panel.hits("");
  }

  open() {
    const { query } = this.timeline.panel;
    query.focus();
    query.select();
  }

  /** To the next or previous hit of what was searched last. */
  again(back = false) {
    const { value } = this.timeline.panel.query;
    if (value) this.find(value, back);
    else this.open();
  }

  /** Go to the next hit, or the one before, seen from the selected bar or the view's start. */
  async find(text, back = false) {
    const { timeline } = this;
    if (!text) {
      this.clear();
      return timeline.draw();
    }
    const nowhere = { start: Math.floor(timeline.view.start), track: -1, place: -1 };
    const { start, track, place } = timeline.item ?? nowhere;
    try {
      const query = { text, start, track, place, ...(back && { back: "yes" }) };
      const { count, item, codes } = await timeline.source.json("search", query);
      timeline.panel.hits(count === 1 ? "1 hit" : `${countText(count)} hits`);
      this.found = new Map(Object.entries(codes).map(([table, bits]) => [table, bytesOf(bits)]));
      timeline.hits.use(text);
      if (item) await timeline.selection.take(item, true);
      timeline.draw();
    } catch (error) {
      timeline.panel.hits(error.message);
    }
  }
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
