// What the keys and the mouse do.

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
  ["I", "idle time of each engine, by cause"],
  ["/", "search; Enter next, Shift+Enter previous"],
  ["N / P", "next / previous hit"],
  ["E", "export: picture, span or trace"],
  ["Esc", "let go of what is selected"],
  ["?", "this help"],
];

function helpTable() {
  const rows = KEYS.map(([keys, words]) =>
    element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, keys)), element("td", {}, words)),
  );
  return element("table", {}, ...rows);
}

/** A dialog that lists them. */
function helpDialog() {
  const made = element("dialog", { "aria-label": "Keys" }, helpTable());
  made.append(button("Close", "Close", () => made.close()));
  return made;
}
