// Keys, pointer and wheel: what the reader does, as calls of the timeline.

const HELD = { w: [0, -1], s: [0, 1], a: [-1, 0], d: [1, 0] };
const CLICK_PX = 4;

class Input {
  constructor(stage, act) {
    Object.assign(this, { stage, act });
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
    on("pointerleave", () => act.hover(null));
    on("dblclick", (event) => act.enter(this.where(event)));
  }

  where(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  down(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = this.act;
    const once = {
      f: () => act.fit(),
      m: () => act.mark(),
      "/": () => act.search(),
      "?": () => act.help(),
      Escape: () => act.escape(),
      Enter: () => act.enter(null),
      ArrowLeft: () => act.step(-1),
      ArrowRight: () => act.step(1),
      ArrowUp: () => act.climb(-1),
      ArrowDown: () => act.climb(1),
    }[key];
    if (!once && !HELD[key]) return;
    event.preventDefault();
    event.stopPropagation();
    if (once) return once();
    if (!this.held.has(key)) {
      this.held.set(key, performance.now());
      act.run();
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
    const { x, y } = this.where(event);
    const by = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    if (x < GUTTER) this.act.scroll(by);
    else if (event.shiftKey || event.deltaX) this.act.panPx(event.deltaX || by);
    else this.act.zoomAt(2 ** Math.max(Math.min(by / 240, 2), -2), x, y);
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
    if (!drag) return this.act.hover(at);
    drag.moved ||= Math.hypot(at.x - drag.from.x, at.y - drag.from.y) > CLICK_PX;
    if (!drag.moved) return;
    this.act.hover(null);
    if (drag.select) this.act.selecting(drag.from.x, at.x);
    else {
      this.act.panPx(drag.last.x - at.x);
      this.act.scroll(drag.last.y - at.y);
    }
    drag.last = at;
  }

  release(event) {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    const at = this.where(event);
    if (!drag.moved) this.act.click(at);
    else if (drag.select) this.act.selected();
  }
}
