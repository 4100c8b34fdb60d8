// Numbers as people read them. Times are ns after the first activity, as `--window` counts them.

const UNITS = [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]];

/** A length of time with four significant digits, such as 12.34 µs. */
function durationText(ns) {
  const [name, size] = UNITS.find(([, unit]) => Math.abs(ns) >= unit) ?? UNITS[3];
  if (size === 1) return `${Math.round(ns)} ns`;
  const value = ns / size;
  const whole = Math.trunc(Math.abs(value)).toString().length;
  return `${value.toFixed(Math.max(4 - whole, 0))} ${name}`;
}

/** Whole ns with separators. */
function exactText(ns) {
  return `${Math.round(ns).toLocaleString("en-US")} ns`;
}

function countText(count) {
  return count.toLocaleString("en-US");
}

/** Round times (1, 2 or 5 times a power of ten) in a span, and the step between them. */
function ticksOf(start, end, most) {
  let step = 1;
  while ((end - start) / step > most) {
    const lead = step / 10 ** Math.floor(Math.log10(step) + 1e-9);
    step *= Math.round(lead) === 2 ? 2.5 : 2;
  }
  const times = [];
  for (let time = Math.ceil(start / step) * step; time <= end; time += step) times.push(time);
  return { step, times };
}

/** A time on the axis, in the largest unit in which its step is no small fraction. */
function tickText(time, step) {
  const reach = Math.max(Math.abs(time), step);
  const [name, size] = UNITS.find(([, unit]) => reach >= unit && step * 1e5 >= unit) ?? UNITS[3];
  const digits = Math.max(Math.ceil(Math.log10(size / step) - 1e-9), 0);
  return `${(time / size).toFixed(digits)} ${name}`;
}

/** Cut words to what fits, measured by the context's font. */
function fitted(context, words, width) {
  if (context.measureText(words).width <= width) return words;
  let low = 0;
  let high = words.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(words.slice(0, middle) + "…").width <= width) low = middle;
    else high = middle - 1;
  }
  return low > 1 ? words.slice(0, low) + "…" : "";
}
