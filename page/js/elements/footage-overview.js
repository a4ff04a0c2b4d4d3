// SPDX-License-Identifier: Apache-2.0
import { fill, h } from '../dom.js';
import { day, DAY } from '../format.js';
import { drawRow, palette, sharp } from '../timeline/draw.js';
import { times } from '../timeline/ticks.js';
import { clamp } from '../timeline/time-model.js';

/** All that is kept of one camera, and the window on it, to drag. What does not move is drawn once. */
class FootageOverview extends HTMLElement {
  #life = new AbortController();
  #model;
  #footage;
  #canvas;
  #colours;
  #background = document.createElement('canvas');
  #stale = true;
  #waiting = false;
  #grip = null;

  attach({ model, footage }) {
    const { signal } = this.#life;
    this.#model = model;
    this.#footage = footage;
    this.#colours = palette();
    this.#canvas = h('canvas', { role: 'img', 'aria-label': 'All footage that is kept; the frame is the part shown above' });
    fill(this, this.#canvas);
    for (const type of ['view', 'time']) model.addEventListener(type, () => this.#redraw(), { signal });
    footage.addEventListener('change', () => this.#redraw(true), { signal });
    document.addEventListener('themechange', () => { this.#colours = palette(); this.#redraw(true); }, { signal });
    const size = new ResizeObserver(() => this.#redraw(true));
    size.observe(this);
    signal.addEventListener('abort', () => size.disconnect());
    const canvas = this.#canvas;
    canvas.addEventListener('pointerdown', event => {
      canvas.setPointerCapture(event.pointerId);
      const time = this.#time(event);
      const { from, to } = model.view;
      this.#grip = time > from && time < to ? (time - from) / (to - from) : 0.5;
      this.#drag(event);
    });
    canvas.addEventListener('pointermove', event => this.#grip != null && this.#drag(event));
    for (const type of ['pointerup', 'pointercancel']) canvas.addEventListener(type, () => (this.#grip = null));
    this.#redraw(true);
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  get #all() {
    const now = this.#model.now();
    const length = Math.max(now - (this.#footage.oldest ?? now - DAY), 60000);
    return { from: now - length * 1.03, to: now + length * 0.012 };
  }

  #x(time, { from, to }) {
    return ((time - from) / (to - from)) * this.#canvas.clientWidth;
  }

  #time(event) {
    const { from, to } = this.#all;
    return from + ((event.clientX - this.#canvas.getBoundingClientRect().left) / this.#canvas.clientWidth) * (to - from);
  }

  #drag(event) {
    const time = this.#time(event);
    const { span } = this.#model;
    this.#model.show(time - span * this.#grip, time - span * this.#grip + span);
  }

  #redraw(stale = false) {
    this.#stale ||= stale;
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#draw();
    });
  }

  #draw() {
    const surface = sharp(this.#canvas);
    if (!surface) return;
    const { context, width, height } = surface;
    const colours = this.#colours;
    const all = this.#all;
    if (this.#stale) this.#drawBackground(surface, all);
    context.drawImage(this.#background, 0, 0, width, height);
    const [from, to] = [this.#x(this.#model.view.from, all), this.#x(this.#model.view.to, all)];
    const middle = (from + to) / 2;
    const left = clamp(Math.min(from, middle - 4), 1, width - 9);
    const right = clamp(Math.max(to, middle + 4), 9, width - 1);
    context.fillStyle = colours['fo-sel'];
    context.fillRect(left, 15, right - left, height - 16);
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    context.strokeRect(left, 15, right - left, height - 16);
    context.fillStyle = this.#model.live ? colours['st-rec'] : colours.accent;
    context.fillRect(this.#x(this.#model.time, all) - 1, 12, 2, height - 12);
  }

  #drawBackground({ context: visible, width, height, ratio }, all) {
    [this.#background.width, this.#background.height] = [visible.canvas.width, visible.canvas.height];
    const context = this.#background.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const colours = this.#colours;
    drawRow({ context, colours, ratio }, this.#footage, all, 0, width, 18, height - 22, this.#model.now(), { lanes: false, words: false });
    const short = all.to - all.from < 9 * DAY;
    const days = times(all, DAY).filter(time => short || new Date(time).getDay() === 1);
    context.font = `400 10.5px ${colours.font}`;
    context.textBaseline = 'middle';
    let busy = 0;
    for (const time of days) {
      const x = Math.round(this.#x(time, all)) + 0.5;
      context.strokeStyle = colours['line-strong'];
      context.beginPath();
      context.moveTo(x, 4);
      context.lineTo(x, 17);
      context.stroke();
      const text = day(time);
      const end = x + 4 + context.measureText(text).width;
      if (x < busy || end > width) continue;
      context.fillStyle = colours['ink-2'];
      context.fillText(text, x + 4, 8);
      busy = end + 6;
    }
    this.#stale = false;
  }
}

customElements.define('footage-overview', FootageOverview);
