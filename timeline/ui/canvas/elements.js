// Elements of the page, made of text alone: names in traces are never markup.

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

function button(label, words, does) {
  return element("button", { type: "button", title: words, "aria-label": words, onclick: does }, label);
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
