// SPDX-License-Identifier: Apache-2.0
import { clamp } from './time-model.js';

/** Further than this is a drag, in pixels; held as long is a long press, in ms. */
const DRAG = 4;
const PRESS = 380;
const HANDLE = 9;
/** So much of the window a long press chooses. */
const FIRST = 0.04;
/** A drag held as close to an edge keeps the window moving, in pixels. */
const EDGE = 36;

/**
 * What hands do on the axis. A mouse: click seeks, drag selects, drag on the ruler pans, drag of the time's label scrubs, wheel zooms
 * at the pointer, shift and wheel pan, double click zooms in. Fingers: drag pans, two zoom, a long press selects, a tap seeks.
 */
export class Gestures {
  #canvas;
  #model;
  #axis;
  #life = new AbortController();
  #pointers = new Map();
  #mode = null;
  #moved = false;
  #origin = null;
  #press = null;
  #edge = null;

  constructor(canvas, model, axis) {
    this.#canvas = canvas;
    this.#model = model;
    this.#axis = axis;
    const on = (type, listener, options = {}) => canvas.addEventListener(type, listener.bind(this), { ...options, signal: this.#life.signal });
    on('wheel', this.#wheel, { passive: false });
    on('pointerdown', this.#down);
    on('pointermove', this.#move);
    on('pointerup', this.#up);
    on('pointercancel', this.#up);
    // A long press is ours, not the browser's menu.
    on('contextmenu', event => event.pointerType === 'touch' && event.preventDefault());
    on('pointerleave', () => axis.leave());
    on('dblclick', event => model.zoom(0.3, axis.time(this.#at(event)[0])));
  }

  close() {
    this.#life.abort();
    clearTimeout(this.#press);
    cancelAnimationFrame(this.#edge?.frame);
  }

  #at(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #wheel(event) {
    event.preventDefault();
    const [x] = this.#at(event);
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways) this.#model.pan(((event.deltaX || event.deltaY) / this.#canvas.clientWidth) * this.#model.span);
    else this.#model.zoom(Math.exp(event.deltaY * 0.0022), this.#axis.time(x));
  }

  #down(event) {
    const [x, y] = this.#at(event);
    this.#pointers.set(event.pointerId, x);
    this.#canvas.setPointerCapture(event.pointerId);
    this.#moved = false;
    this.#origin = { x, time: this.#axis.time(x), view: { ...this.#model.view } };
    this.#mode = this.#chooseMode(event, x, y);
    clearTimeout(this.#press);
    if (event.pointerType === 'touch' && this.#mode === 'pan' && y > this.#axis.ruler) {
      this.#press = setTimeout(() => {
        if (this.#moved) return;
        this.#mode = 'select';
        // A little is chosen at once: it shows that a drag selects now, and has handles.
        this.#moved = true;
        const { time, view } = this.#origin;
        this.#model.select(time, Math.min(time + (view.to - view.from) * FIRST, this.#model.now()));
        navigator.vibrate?.(10);
      }, PRESS);
    }
  }

  #chooseMode(event, x, y) {
    const { selection, time } = this.#model;
    const near = at => Math.abs(this.#axis.x(at) - x) < HANDLE;
    if (this.#pointers.size === 2) {
      const [one, other] = this.#pointers.values();
      this.#origin.distance = Math.abs(one - other);
      this.#origin.time = this.#axis.time((one + other) / 2);
      return 'pinch';
    }
    if (y < this.#axis.ruler) return near(time) ? 'scrub' : 'pan';
    if (selection && near(selection.from)) this.#origin.time = selection.to;
    else if (selection && near(selection.to)) this.#origin.time = selection.from;
    else if (event.pointerType === 'touch') return 'pan';
    return 'select';
  }

  #move(event) {
    const [x, y] = this.#at(event);
    if (!this.#pointers.has(event.pointerId)) {
      this.#canvas.classList.toggle('grab', y < this.#axis.ruler);
      this.#axis.hover(x, y);
      return;
    }
    this.#pointers.set(event.pointerId, x);
    if (Math.abs(x - this.#origin.x) > DRAG) this.#moved = true;
    if (this.#mode === 'pinch') this.#pinch();
    else if (!this.#moved) return;
    else if (this.#mode === 'pan') this.#pan(x);
    else this.#drag(x);
  }

  #pinch() {
    const [one, other] = this.#pointers.values();
    const { view, distance, time } = this.#origin;
    const span = ((view.to - view.from) * distance) / Math.max(12, Math.abs(one - other));
    const left = this.#axis.left();
    const part = ((one + other) / 2 - left) / (this.#canvas.clientWidth - left);
    this.#model.show(time - span * part, time - span * part + span);
  }

  #pan(x) {
    const { view } = this.#origin;
    const length = ((this.#origin.x - x) / (this.#canvas.clientWidth - this.#axis.left())) * (view.to - view.from);
    this.#model.show(view.from + length, view.to + length);
  }

  /** Selects or scrubs to where the pointer is, and goes on while it is held at an edge. */
  #drag(x) {
    const apply = () => {
      const time = Math.min(this.#axis.time(this.#edge.x), this.#model.now());
      if (this.#mode === 'scrub') this.#model.seek(time, { keep: true });
      else this.#model.select(this.#origin.time, time);
    };
    if (this.#edge) this.#edge.x = x;
    else {
      this.#edge = { x };
      const again = () => {
        const speed = this.#push(this.#edge.x);
        if (speed) {
          this.#model.pan(speed * 0.012 * this.#model.span);
          apply();
        }
        this.#edge.frame = requestAnimationFrame(again);
      };
      this.#edge.frame = requestAnimationFrame(again);
    }
    this.#axis.leave();
    apply();
  }

  #push(x) {
    const left = this.#axis.left();
    const right = this.#canvas.clientWidth;
    if (x > right - EDGE) return clamp((x - right + EDGE) / EDGE, 0, 3);
    if (x < left + EDGE) return -clamp((left + EDGE - x) / EDGE, 0, 3);
    return 0;
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    clearTimeout(this.#press);
    cancelAnimationFrame(this.#edge?.frame);
    this.#edge = null;
    if (!this.#moved && this.#mode !== 'pinch' && event.type === 'pointerup') {
      if (this.#model.selection) this.#model.select(null);
      this.#model.seek(this.#origin.time, { keep: true });
    }
    this.#mode = null;
  }
}
