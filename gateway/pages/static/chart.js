// The last half hour by minute: engagements with what is usual for them, comments, orders, and what happened.
import uPlot from "./vendor/uplot.js";
import { language, said, shownCount, shownMinute } from "./words.js";

const HEIGHT = 220;
const SHOWN = 30;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Chart {
  constructor(place) {
    this.place = place;
    this.moments = [];
    this.plot = null;
    this.answer = null;
    new ResizeObserver(() => this.resize()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.remake());
  }

  width() {
    return Math.max(240, Math.floor(this.place.clientWidth));
  }

  resize() {
    if (this.plot && this.plot.width !== this.width()) this.plot.setSize({ width: this.width(), height: HEIGHT });
  }

  remake() {
    this.plot?.destroy();
    this.plot = null;
    if (this.answer) this.show(this.answer);
  }

  show(answer) {
    this.answer = answer;
    const minutes = answer.minutes.slice(-SHOWN);
    this.moments = answer.moments;
    this.place.hidden = minutes.length === 0;
    if (minutes.length === 0) return;
    const data = [
      minutes.map((each) => each.start_ms / 1000),
      minutes.map((each) => each.usual_high ?? null),
      minutes.map((each) => each.usual_low ?? null),
      minutes.map((each) => each.engagements ?? 0),
      minutes.map((each) => each.comments ?? 0),
      minutes.map((each) => each.purchases ?? 0),
    ];
    if (this.plot) this.plot.setData(data);
    else this.plot = this.make(data);
    const last = minutes.at(-1);
    const words = [
      `${said("minute_by_minute")}.`,
      `${shownMinute(last.start_ms)}: ${shownCount(last.engagements ?? 0)} ${said("engagements")},`,
      `${shownCount(last.comments ?? 0)} ${said("comments")}.`,
    ];
    this.place.setAttribute("aria-label", words.join(" "));
  }

  make(data) {
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const line = (name, more = {}) => ({ stroke: colour(name), width: 2, points: { show: false }, ...more });
    return new uPlot(
      {
        width: this.width(),
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        select: { show: false },
        axes: [
          { ...axis, size: 32, values: (_, at) => at.map((each) => shownMinute(each * 1000)) },
          { ...axis, size: 48, values: (_, at) => at.map((each) => new Intl.NumberFormat(language, { notation: "compact" }).format(each)) },
        ],
        scales: { y: { range: (_, low, high) => [0, Math.max(4, high * 1.1)] } },
        series: [
          {},
          { stroke: "transparent", points: { show: false } },
          { stroke: "transparent", points: { show: false } },
          line("--engagements"),
          line("--comments", { dash: [6, 3] }),
          line("--orders", { dash: [2, 3] }),
        ],
        bands: [{ series: [1, 2], fill: colour("--band") }],
        hooks: { draw: [(plot) => this.mark(plot)] },
      },
      data,
      this.place,
    );
  }

  mark(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour("--moment");
    ctx.lineWidth = Math.max(1, devicePixelRatio);
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const each of this.moments) {
      const x = Math.round(plot.valToPos(each.at_ms / 1000, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}
