// What is known of the selected bar, or of the measured span, as elements.

const HINT = "Click a bar for its details. Drag with Shift to measure a span. Press ? for the keys.";

/** All that is known of a bar; its links are buttons that lead there. */
function itemDetails(item, go) {
  const known = element("div", {}, element("h3", {}, item.title), facts(item.facts));
  const links = item.links.map((link) => {
    const there = element("button", { type: "button", class: "link", onclick: () => go(link) }, link.name);
    return tableRow(link.kind, [there, durationText(link.end - link.start), apartText(item, link)]);
  });
  if (!links.length) return [known];
  return [known, tableOf("Before, after and why", ["", "", "length", "apart"], links)];
}

/** Measures of what is in view. */
function viewDetails(devices) {
  const hint = element("p", { class: "hint" }, HINT);
  const parts = devices.map((device) => deviceTables(device, devices.length > 1));
  return [hint, ...parts.flat()];
}

/** Measures of a span, under the names that a report has. */
function spanDetails({ start, end }, devices) {
  const head = element("h3", {}, `${exactText(end - start)} from ${exactText(start)}`);
  const same = start < 0 ? "" : `timeline report --window ${start}ns:${end}ns`;
  const parts = devices.map((device) => deviceTables(device, devices.length > 1));
  return [element("div", {}, head, element("div", { class: "hint" }, same)), ...parts.flat()];
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
