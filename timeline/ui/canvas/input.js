// Keys, pointer and wheel: what the reader does, as calls of the timeline's parts.

const HELD = { w: [0, -1], s: [0, 1], a: [-1, 0], d: [1, 0] };
const CLICK_PX = 4;

class Input {
  constructor(stage, timeline) {
    Object.assign(this, { stage, timeline });
    this.held = new Map();
    this.drag = null;
    const on = (name, does, options) => stage.addEventListener(name, does.bind(this), options);
    on("keydown", this.down);
    on("keyup", this.up);
    on("blur", () => this.held.clear());
    on("wheel", this.wheel, { passive: false });
    on("pointerdown", this.press);
    on("pointermove", this.move);
    on("pointerup", this.release);
    on("pointercancel", () => (this.drag = null));
    on("pointerleave", () => timeline.hover(null));
    on("dblclick", (event) => timeline.selection.enter(this.where(event)));
  }

  where(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  down(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const { travel, selection, search, causes, exports, frames } = this.timeline;
    const once = {
      f: () => travel.fit(),
      m: () => selection.mark(),
      i: () => causes.toggle(),
      e: () => exports.open(),
      n: () => search.again(),
      p: () => search.again(true),
      "/": () => search.open(),
      "?": () => this.timeline.help(),
      Escape: () => selection.clear(),
      Enter: () => selection.enter(null),
      ArrowLeft: () => selection.step(-1),
      ArrowRight: () => selection.step(1),
      ArrowUp: () => travel.climb(-1),
      ArrowDown: () => travel.climb(1),
    }[key];
    if (!once && !HELD[key]) return;
    event.preventDefault();
    event.stopPropagation();
    if (once) return once();
    if (!this.held.has(key)) {
      this.held.set(key, performance.now());
      frames.run();
    }
  }

  up(event) {
    this.held.delete(event.key.toLowerCase());
  }

  /** How far held keys move the view since the last frame: [pan in parts of it, zoom in octaves]. */
  moved(ms) {
    let [pan, zoom] = [0, 0];
    for (const key of this.held.keys()) {
      pan += (HELD[key][0] * ms) / 900;
      zoom += (HELD[key][1] * ms) / 260;
    }
    return [pan, zoom];
  }

  wheel(event) {
    event.preventDefault();
    const { x } = this.where(event);
    const by = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    const { travel } = this.timeline;
    if (x < GUTTER) travel.scroll(by);
    else if (event.shiftKey || event.deltaX) travel.panPx(event.deltaX || by);
    else travel.zoomAt(2 ** Math.max(Math.min(by / 240, 2), -2), x);
  }

  press(event) {
    if (event.button) return;
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    const at = this.where(event);
    const select = at.x > GUTTER && (event.shiftKey || at.y < RULER);
    this.drag = { from: at, last: at, select, moved: false };
  }

  move(event) {
    const at = this.where(event);
    const drag = this.drag;
    if (!drag) return this.timeline.hover(at);
    drag.moved ||= Math.hypot(at.x - drag.from.x, at.y - drag.from.y) > CLICK_PX;
    if (!drag.moved) return;
    this.timeline.hover(null);
    if (drag.select) this.timeline.spans.drag(drag.from.x, at.x);
    else {
      this.timeline.travel.panPx(drag.last.x - at.x);
      this.timeline.travel.scroll(drag.last.y - at.y);
    }
    drag.last = at;
  }

  release(event) {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    const at = this.where(event);
    if (!drag.moved) this.timeline.click(at);
    else if (drag.select) this.timeline.moved();
  }
}
