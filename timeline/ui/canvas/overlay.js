// What lies over the bars: the measured span, marks, the selected bar and its arrows.

class Overlay {
  constructor(painter) {
    this.painter = painter;
  }

  draw({ item, place, marks, span }) {
    const { context, colours, ratio } = this.painter;
    context.save();
    context.beginPath();
    context.rect(this.painter.gutter, 0, this.painter.room, this.painter.height);
    context.clip();
    if (span) this.shade(span);
    for (const [i, time] of marks.entries()) this.markLine(time, marks[i - 1]);
    const at = item && place(item);
    for (const link of item?.links ?? []) this.arrow(item, link, place);
    if (at) {
      const width = Math.max((item.end - item.start) * this.painter.scale, 3 * ratio);
      context.strokeStyle = colours.ink;
      context.lineWidth = 2 * ratio;
      context.strokeRect(this.painter.x(item.start) - ratio, (at.y - 1) * ratio, width + 2 * ratio, (at.height + 2) * ratio);
    }
    context.restore();
  }

  shade({ start, end }) {
    const { context, colours, ratio } = this.painter;
    const [left, right] = [this.painter.x(start), this.painter.x(end)];
    context.globalAlpha = 0.12;
    context.fillStyle = colours.ink;
    context.fillRect(left, 0, Math.max(right - left, 1), this.painter.height);
    context.globalAlpha = 1;
    for (const x of [left, right]) context.fillRect(Math.round(x), 0, ratio, this.painter.height);
  }

  markLine(time, before) {
    const { context, colours, ratio } = this.painter;
    const x = this.painter.x(time);
    context.fillStyle = colours.ink;
    context.fillRect(Math.round(x), 0, Math.max(ratio, 1), this.painter.height);
    context.font = `${11 * ratio}px ${this.painter.font}`;
    context.textBaseline = "bottom";
    const words = before === undefined ? durationText(time) : `+${durationText(time - before)}`;
    context.fillText(words, x + 4 * ratio, this.painter.height - 4 * ratio);
  }

  /** From what came first to what came of it; only between bars whose lanes are in view. */
  arrow(item, link, place) {
    const forward = ["issues", "was waited for by"].includes(link.kind);
    if (!forward && !["issued by", "waited for"].includes(link.kind)) return;
    const [from, to] = forward ? [item, link] : [link, item];
    const [a, b] = [place(from), place(to)];
    if (!a || !b) return;
    const { context, colours, ratio } = this.painter;
    const issued = link.kind.startsWith("issue");
    const [x0, x1] = [this.painter.x(issued ? from.start : from.end), this.painter.x(to.start)];
    const [y0, y1] = [a, b].map(({ y, height }) => (y + height / 2) * ratio);
    context.strokeStyle = context.fillStyle = colours.ink;
    context.lineWidth = 1.5 * ratio;
    context.setLineDash(issued ? [5 * ratio, 4 * ratio] : []);
    const bend = Math.min(Math.max(Math.abs(x1 - x0) / 2, 16 * ratio), 120 * ratio);
    context.beginPath();
    context.moveTo(x0, y0);
    context.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1 - 4 * ratio, y1);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x1 - 8 * ratio, y1 - 4 * ratio);
    context.lineTo(x1 - 8 * ratio, y1 + 4 * ratio);
    context.fill();
  }
}
