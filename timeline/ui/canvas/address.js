// The page's address names the view, its lanes, the selected bar, the marks and the measured span.

const MOST_LANES = 40; // that an address names

class Address {
  constructor(timeline) {
    this.timeline = timeline;
  }

  /**
   * `view` counts from the first activity, as `--window` does; `start` and `end` are trace time.
   * Returns what isn't part of the view: whether idle time is asked for.
   */
  read() {
    const { timeline } = this;
    const query = new URLSearchParams(location.search);
    const numbers = (name, pattern) => (pattern.exec(query.get(name) ?? "") ?? []).slice(1).map(Number);
    const view = viewOf(query, BigInt(timeline.manifest.origin));
    if (view && view[1] > view[0]) timeline.view.set(view[0], view[1]);
    timeline.marks = (query.get("marks") ?? "").split(",").filter((t) => /^-?\d+$/.test(t)).map(Number);
    const [from, to] = numbers("span", /^(-?\d+)ns:(-?\d+)ns$/);
    if (to > from) timeline.spans.measure(from, to);
    const [track, place] = numbers("bar", /^(\d+)\.(\d+)$/);
    if (place >= 0) timeline.selection.choose({ track, place });
    timeline.scene.open(query.getAll("open"), query.getAll("shut"));
    return { idle: { yes: true, no: false }[query.get("idle")] };
  }

  write() {
    const { wasTouched, view, item, marks, span, scene, causes, panel } = this.timeline;
    if (!wasTouched) return; // what was asked for stays as it was written
    const address = new URL(location.href);
    for (const name of ["start", "end"]) address.searchParams.delete(name);
    address.searchParams.set("view", `${Math.floor(view.start)}ns:${Math.ceil(view.end)}ns`);
    const said = {
      bar: item && `${item.track}.${item.place}`,
      marks: marks.join(","),
      span: span && `${span.start}ns:${span.end}ns`,
      idle: panel.idle.hidden ? "" : causes.on ? "yes" : "no",
    };
    for (const [name, value] of Object.entries(said)) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    for (const [name, keys] of [["open", scene.unfolded], ["shut", scene.folded]]) {
      address.searchParams.delete(name);
      for (const key of [...keys].slice(0, MOST_LANES)) address.searchParams.append(name, key);
    }
    if (address.href !== location.href) history.replaceState(history.state, "", address);
  }
}

/** The span that an address asks for, in ns after the origin; undefined without one. */
function viewOf(query, origin) {
  const found = /^(-?\d+)ns:(-?\d+)ns$/.exec(query.get("view") ?? "");
  if (found) return [Number(found[1]), Number(found[2])];
  const given = [query.get("start"), query.get("end")];
  if (!given.every((text) => /^-?\d+$/.test(text ?? ""))) return undefined;
  return given.map((text) => Number(BigInt(text) - origin));
}
