// What stands around the canvas: buttons, what is selected, and the same in words.

/** An element with attributes, and text or children: text is never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const KEYS = [
  ["W / S", "zoom in / out"],
  ["A / D", "move left / right"],
  ["mouse wheel", "zoom at the pointer; with Shift, move; over the labels, scroll"],
  ["drag", "move; with Shift, or in the ruler: select a span and measure it"],
  ["click", "details of a bar; of a label: unfold the lane"],
  ["← / →", "previous / next bar of the lane"],
  ["↑ / ↓", "the lane above / below"],
  ["Enter", "unfold the lane, or zoom to the selected bar"],
  ["F", "fit: the whole trace, or the selection"],
  ["M", "mark, or take the mark away"],
  ["/", "search; Enter next, Shift+Enter previous"],
  ["Esc", "let go of what is selected"],
  ["?", "this help"],
];

function helpTable() {
  const rows = KEYS.map(([keys, words]) =>
    element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, keys)), element("td", {}, words)),
  );
  return element("table", {}, ...rows);
}

/** Rows of [label, value] as a definition list. */
function facts(pairs) {
  return element(
    "dl",
    {},
    ...pairs.flatMap(([label, value]) => [element("dt", {}, label), element("dd", {}, value)]),
  );
}

/** A row of a table: its heading, and cells of text or elements. */
function tableRow(label, cells) {
  const made = cells.map((cell) => element("td", { class: cell instanceof Node ? "" : "number" }, cell));
  return element("tr", {}, element("th", { scope: "row" }, label), ...made);
}

function tableOf(title, columns, rows) {
  const heads = columns.map((word, i) => element("th", { scope: "col", class: i > 1 ? "number" : "" }, word));
  const head = element("thead", {}, element("tr", {}, ...heads));
  return element("div", {}, element("h3", {}, title), element("table", {}, head, element("tbody", {}, ...rows)));
}

/** The gap between two bars, negative where they overlap. */
function apartText(item, link) {
  const gap = Math.max(item.start, link.start) - Math.min(item.end, link.end);
  return gap < 0 ? `−${durationText(-gap)}` : durationText(gap);
}

/** A device's measures: how busy each engine was, and which were busy at once. */
function deviceTables(device, named) {
  const percent = (ratio) => (ratio === null ? "–" : `${(100 * ratio).toFixed(1)} %`);
  const row = (label, ns, ratio, ...more) => tableRow(label, [exactText(ns), percent(ratio), ...more]);
  const name = (words) => (named ? `GPU ${device.device}: ${words}` : words);
  const used = Object.entries(device.engines).filter(([, one]) => one.activities);
  const engines = used.map(([engine, one]) => row(engine, one.busy_ns, one.busy_ratio, countText(one.activities)));
  const idle = device.makespan_ns ? device.idle_ns / device.makespan_ns : null;
  engines.push(row("no engine", device.idle_ns, idle, ""));
  const known = used.map(([engine]) => engine);
  const together = device.overlaps
    .filter((one) => one.engines.every((engine) => known.includes(engine)))
    .map((one) => row(one.engines.join(" ∩ "), one.overlap_ns, one.ratio));
  if (device.copy_ns) {
    together.push(row("hidden copies", device.hidden_copy_ns, device.hidden_copy_ratio));
    together.push(row("exposed copies", device.exposed_copy_ns, 1 - device.hidden_copy_ratio));
  }
  const found = [tableOf(name("engines"), ["", "busy", "of the span", "activities"], engines)];
  if (together.length) found.push(tableOf(name("busy at once"), ["", "", "of the shorter"], together));
  return found;
}

class Panel {
  constructor(root, timeline) {
    const { travel, selection, search } = timeline;
    const button = (label, words, does) =>
      element("button", { type: "button", title: words, "aria-label": words, onclick: does }, label);
    this.bar = element(
      "div",
      { class: "bar", role: "toolbar", "aria-label": "Timeline" },
      button("Fit", "Fit (F)", () => travel.fit()),
      button("+", "Zoom in (W)", () => travel.zoom(0.5)),
      button("−", "Zoom out (S)", () => travel.zoom(2)),
      button("Mark", "Mark (M)", () => selection.mark()),
      button("?", "Keys (?)", () => timeline.help()),
    );
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
    this.state = element("span", { class: "state", role: "status" });
    this.bar.append(
      this.query,
      button("‹", "Previous hit (Shift+Enter)", () => search.find(this.query.value, true)),
      button("›", "Next hit (Enter)", () => search.find(this.query.value)),
      this.found,
      this.state,
    );
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
    this.tip = element("div", { class: "tip", hidden: "" });
    this.details = element("section", { class: "details", tabindex: "0", "aria-label": "Details" });
    this.live = element("div", { class: "hidden", "aria-live": "polite" });
    this.words = element("div", { class: "hidden", role: "region", "aria-label": "What is in view" });
    this.help = element("dialog", { "aria-label": "Keys" }, helpTable());
    this.help.append(button("Close", "Close", () => this.help.close()));
    this.root = element("div", { class: "timeline" });
    this.root.append(this.bar, this.stage, this.tip, this.details, this.live, this.words, this.help);
    root.append(this.root);
    this.show();
  }

  /** Show parts in the details, or a hint. */
  show(...parts) {
    const hint = "Click a bar for its details. Drag with Shift to measure a span. Press ? for the keys.";
    this.details.replaceChildren(...(parts.length ? parts : [element("p", { class: "hint" }, hint)]));
  }

  hits(words) {
    this.found.textContent = words;
  }

  /** All that is known of a bar; its links are buttons that lead there. */
  item(item, go) {
    const known = element("div", {}, element("h3", {}, item.title), facts(item.facts));
    const links = item.links.map((link) => {
      const there = element("button", { type: "button", class: "link", onclick: () => go(link) }, link.name);
      return tableRow(link.kind, [there, durationText(link.end - link.start), apartText(item, link)]);
    });
    const table = tableOf("Before, after and why", ["", "", "length", "apart"], links);
    this.show(known, ...(links.length ? [table] : []));
  }

  /** Measures of a span, under the names that a report has. */
  measures({ start, end }, devices) {
    const head = element("h3", {}, `${exactText(end - start)} from ${exactText(start)}`);
    const same = start < 0 ? "" : `timeline report --window ${start}ns:${end}ns`;
    const parts = devices.map((device) => deviceTables(device, devices.length > 1));
    this.show(element("div", {}, head, element("div", { class: "hint" }, same)), ...parts.flat());
  }

  /** What is in view: for everyone in short, and lane by lane for who can't see the picture. */
  tell({ start, end }, lanes, manifest) {
    const said = lanes.map(({ label, count }) => `${label}: ${countText(count)}`).join("; ");
    const span = `From ${durationText(start)} to ${durationText(end)} after the first activity.`;
    this.words.textContent = `${span} ${said}`;
    this.canvas.setAttribute("aria-label", `Timeline. ${span}`);
    const events = countText(manifest.events);
    this.state.textContent = `${durationText(end - start)} of ${durationText(manifest.length)} · ${events} events`;
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
    this.tip.style.top = `${y + 18}px`;
  }
}
