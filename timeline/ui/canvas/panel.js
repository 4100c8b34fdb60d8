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

class Panel {
  constructor(root, act) {
    const button = (label, words, does) =>
      element("button", { type: "button", title: words, "aria-label": words, onclick: does }, label);
    this.bar = element(
      "div",
      { class: "bar", role: "toolbar", "aria-label": "Timeline" },
      button("Fit", "Fit (F)", () => act.fit()),
      button("+", "Zoom in (W)", () => act.zoom(0.5)),
      button("−", "Zoom out (S)", () => act.zoom(2)),
      button("Mark", "Mark (M)", () => act.mark()),
      button("?", "Keys (?)", () => act.help()),
    );
    this.state = element("span", { class: "state", role: "status" });
    this.bar.append(this.state);
    this.canvas = element("canvas", { role: "img", "aria-label": "Timeline" });
    this.stage = element(
      "div",
      { class: "stage", tabindex: "0", role: "application", "aria-roledescription": "timeline" },
      this.canvas,
    );
    this.tip = element("div", { class: "tip", hidden: "" });
    this.details = element("section", { class: "details", "aria-label": "Details" });
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
