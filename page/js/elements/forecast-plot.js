// SPDX-License-Identifier: Apache-2.0
import { fill, h } from '../dom.js';
import { bytes, dayMonth, DAY } from '../format.js';
import { forecast, horizon, usedAt } from '../storage/forecast.js';
import { palette, sharp } from '../timeline/draw.js';
import { midnight } from '../timeline/ticks.js';

const LEFT = 64;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 26;

/** The next round number: 1, 2 or 5 and noughts. */
function roundStep(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].find(each => each * power >= step) * power;
}

/** What the footage takes from now on: as it is, and as it would be. */
class ForecastPlot extends HTMLElement {
  #life = new AbortController();
  #canvas = h('canvas', { role: 'img', 'aria-label': 'What the footage takes from now on' });
  #plans = null;

  connectedCallback() {
    fill(this, this.#canvas);
    const draw = () => this.#draw();
    const size = new ResizeObserver(draw);
    size.observe(this);
    document.addEventListener('themechange', draw, { signal: this.#life.signal });
    this.#life.signal.addEventListener('abort', () => size.disconnect());
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  /** @param {object} plans `now` and `then` as of forecast(), `disk` in bytes */
  show(plans) {
    this.#plans = plans;
    this.#draw();
  }

  #draw() {
    const surface = this.#plans && sharp(this.#canvas);
    if (!surface) return;
    const { context, width, height } = surface;
    const colours = palette();
    const { now: plan, then, disk } = this.#plans;
    const { now } = plan;
    const end = horizon(now, [forecast(plan).fullAt, forecast(then).fullAt]);
    const most = Math.max(plan.limit, then.limit, plan.used) * 1.12;
    const x = time => LEFT + ((time - now) / (end - now)) * (width - LEFT - RIGHT);
    const y = count => height - BOTTOM - (count / most) * (height - BOTTOM - TOP);
    const text = (words, at, level, colour, align = 'left') => {
      context.fillStyle = colour;
      context.textAlign = align;
      context.fillText(words, at, level);
    };
    context.font = `400 11px ${colours.font}`;
    context.textBaseline = 'middle';
    context.lineWidth = 1;
    context.strokeStyle = colours.line;
    const step = roundStep(most / 4);
    for (let count = 0; count < most; count += step) {
      const level = Math.round(y(count)) + 0.5;
      context.beginPath();
      context.moveTo(LEFT, level);
      context.lineTo(width - RIGHT, level);
      context.stroke();
      text(bytes(count), LEFT - 8, level, colours['ink-2'], 'right');
    }
    const days = Math.max(1, Math.ceil((end - now) / DAY / Math.max(2, (width - LEFT) / 90)));
    for (let time = midnight(now, days); x(time) < width - 30; time = midnight(time, days)) text(dayMonth(time), x(time), height - 10, colours['ink-2'], 'center');
    text('Now', LEFT + 2, height - 10, colours['ink-2']);
    const line = (each, colour, dash) => {
      context.strokeStyle = colour;
      context.lineWidth = 2;
      context.setLineDash(dash);
      context.beginPath();
      const { fullAt } = forecast(each);
      for (const time of [now, Math.min(end, fullAt), end]) context.lineTo(x(time), y(usedAt(each, time)));
      context.stroke();
      context.setLineDash([]);
    };
    const limit = Math.round(y(then.limit)) + 0.5;
    context.strokeStyle = colours['st-fault'];
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(LEFT, limit);
    context.lineTo(width - RIGHT, limit);
    context.stroke();
    line(plan, colours['line-strong'], []);
    line(then, colours.accent, [5, 4]);
    text(`${then.limit >= disk ? 'The whole disk' : 'Quota'} ${bytes(then.limit)}`, LEFT + 6, limit - 8, colours['st-fault']);
    const { fullAt } = forecast(then);
    if (fullAt <= now + DAY / 2 || fullAt >= end) return;
    context.fillStyle = colours.accent;
    context.beginPath();
    context.arc(x(fullAt), y(then.limit), 4, 0, 7);
    context.fill();
    const words = `Oldest goes from ${dayMonth(fullAt)}`;
    const room = context.measureText(words).width;
    text(words, Math.max(LEFT + 4, Math.min(x(fullAt), width - room - RIGHT)), limit + 16, colours.accent);
  }
}

customElements.define('forecast-plot', ForecastPlot);
