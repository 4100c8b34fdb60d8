// What the colours of the lanes on the page mean, as words beside swatches.

const SWATCH = { width: 22, height: 12 };

/** Entries of the legend: [words, fill], each once, in the order of the palette. */
function legendEntries(lanes, painter, names, causes) {
  const { manifest, looks } = painter;
  const role = (key) => looks.role[key];
  const used = new Set(lanes.map((lane) => lane.look));
  const kernels = kernelEntries(lanes, looks, names);
  if (used.has(role("overlap"))) used.add(role("overlap3"));
  if (lanes.some((lane) => lane.table === "calls") && looks.blocked.size) used.add(role("blocked"));
  if (lanes.some((lane) => lane.streams.length)) used.add(role("pdl"));
  if (lanes.some((lane) => lane.table === "stamps")) manifest.stamps.forEach((code) => used.add(code));
  const shades = new Set(manifest.shades.map(([, shade]) => shade));
  const rest = manifest.roles
    .map(({ legend }, code) => [legend, code])
    .filter(([words, code]) => words && used.has(code) && !shades.has(code) && words !== "SM")
    .map(([words, code]) => [words, looks.fill(code)]);
  const idle = causes.on
    ? manifest.causes.map((_, code) => [`idle: ${causeWords(code, manifest)}`, looks.cause(code)])
    : [];
  return [...kernels, ...rest, ...idle];
}

/** One entry a shade: the first kernel that has it. */
function kernelEntries(lanes, looks, names) {
  if (!lanes.some((lane) => lane.key.endsWith("/SM"))) return [];
  const first = new Map();
  const many = new Set();
  for (const [code, shade] of looks.shades) {
    if (first.has(shade)) many.add(shade);
    else first.set(shade, code);
  }
  return [...first].map(([shade, code]) => {
    const name = names.get("activities", code)?.[0] ?? "…";
    return [many.has(shade) ? `${name} and others` : name, looks.fill(shade)];
  });
}

/** A list item: a swatch in a fill of the canvas, and words. */
function legendItem(words, fill, ratio) {
  const swatch = element("canvas", { class: "swatch", "aria-hidden": "true" });
  swatch.width = Math.round(SWATCH.width * ratio);
  swatch.height = Math.round(SWATCH.height * ratio);
  const context = swatch.getContext("2d");
  context.fillStyle = fill;
  context.fillRect(0, 0, swatch.width, swatch.height);
  return element("li", {}, swatch, words);
}
