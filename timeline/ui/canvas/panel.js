// What stands around the canvas: buttons, the search, details, and the picture in words.

class Panel {
  constructor(root, timeline) {
    this.canvas = element("canvas", { role: "img", "aria-label": "Timeline" });
    this.stage = element(
      "div",
      {
        class: "stage",
        tabindex: "0",
        role: "application",
        "aria-roledescription": "timeline",
        "aria-label": "Timeline; press ? for the keys",
      },
      this.canvas,
    );
    this.legend = element("ul", { class: "legend", "aria-label": "What the colours mean" });
    this.tip = element("div", { class: "tip", hidden: "" });
    this.details = element("section", { class: "details", tabindex: "0", "aria-label": "Details" });
    this.live = element("div", { class: "hidden", "aria-live": "polite" });
    this.words = element("div", { class: "hidden", role: "region", "aria-label": "What is in view" });
    this.help = helpDialog();
    this.root = element("div", { class: "timeline" });
    this.root.append(this.toolbar(timeline), this.stage, this.legend, this.tip, this.details);
    this.root.append(this.live, this.words, this.help, timeline.exports.dialog);
    root.append(this.root);
    this.show();
  }

  toolbar(timeline) {
    const { travel, selection, search, causes, exports } = timeline;
    this.query = element("input", {
      type: "search",
      placeholder: "Search kernels and ranges ( / )",
      "aria-label": "Search kernels and ranges",
      spellcheck: "false",
      maxlength: "400",
      onkeydown: (event) => {
        event.stopPropagation();
        if (event.key === "Enter") search.find(this.query.value, event.shiftKey);
        if (event.key === "Escape") this.stage.focus({ preventScroll: true });
      },
    });
    this.found = element("span", { class: "found", role: "status" });
    this.idle = button("Idle", "Idle time of each engine, by cause (I)", () => causes.toggle());
    this.idle.hidden = true;
    this.state = element("span", { class: "state", role: "status" });
    return element(
      "div",
      { class: "bar", role: "toolbar", "aria-label": "Timeline" },
      button("Fit", "Fit (F)", () => travel.fit()),
      button("+", "Zoom in (W)", () => travel.zoom(0.5)),
      button("−", "Zoom out (S)", () => travel.zoom(2)),
      button("Mark", "Mark (M)", () => selection.mark()),
      this.idle,
      button("Export", "Take along what is seen (E)", () => exports.open()),
      button("?", "Keys (?)", () => timeline.help()),
      this.query,
      button("‹", "Previous hit (P)", () => search.again(true)),
      button("›", "Next hit (N)", () => search.again()),
      this.found,
      this.state,
    );
  }

  /** Show parts in the details, or a hint. */
  show(...parts) {
    this.details.replaceChildren(...(parts.length ? parts : viewDetails([])));
  }

  hits(words) {
    this.found.textContent = words;
  }

  /** What is in view: for everyone in short, and lane by lane for who can't see the picture. */
  tell({ start, end }, lanes, manifest) {
    const said = lanes.map(({ label, count }) => `${label}: ${countText(count)}`).join("; ");
    const span = `From ${durationText(start)} to ${durationText(end)} after the first activity.`;
    this.words.textContent = `${span} ${said}`;
    this.canvas.setAttribute("aria-label", `Timeline. ${span}`);
    const events = countText(manifest.events);
    const part = end - start < manifest.length ? durationText(end - start) : "all";
    this.state.textContent = `${part} of ${durationText(manifest.length)} · ${events} events`;
  }

  say(words) {
    this.live.textContent = words;
  }

  point(lines, x, y) {
    this.tip.hidden = !lines;
    if (!lines) return;
    this.tip.replaceChildren(...lines.map((line) => element("div", {}, line)));
    const room = this.root.clientWidth - this.tip.offsetWidth - 8;
    this.tip.style.left = `${Math.max(Math.min(x + 14, room), 0)}px`;
    this.tip.style.top = `${this.stage.offsetTop + y + 18}px`;
  }
}
