// SPDX-License-Identifier: Apache-2.0
import { button, fill, h } from '../dom.js';
import { bytes, day, duration, hms, milliseconds, MINUTE, SECOND } from '../format.js';
import { Preview } from '../media/preview.js';
import { drawMovement } from '../timeline/draw-movement.js';
import { drawRow, drawRuler, palette, sharp } from '../timeline/draw.js';
import { gapReason } from '../timeline/gap-reason.js';
import { Gestures } from '../timeline/gestures.js';
import { clamp } from '../timeline/time-model.js';

const RULER = 28;
const LABELS = 132;
/** The graph of movement is as high, in pixels. */
const GRAPH = 26;
const narrow = matchMedia('(max-width: 760px)');

/**
 * The time axis: one row for one camera, many rows for many. Click seeks, drag selects, drag on the ruler pans, wheel zooms.
 * Events: `act` (detail: `export`, `protect` or `link`, for the selection), `shown` (detail: the cameras whose pictures are asked for).
 */
class FootageTimeline extends HTMLElement {
  /** @type {TimeModel} */
  model;
  #life = new AbortController();
  #footages;
  #movements;
  #rate;
  #may;
  #shown;
  #parts;
  #colours;
  #waiting = false;
  #previews = new Map();
  #hover = null;

  /**
   * @param {object} options
   * @param {TimeModel} options.model
   * @param {Footage[]} options.footages a row each
   * @param {Movement[]} options.movements the same rows'
   * @param {() => number|undefined} options.rate bytes a second, for what an export would have
   * @param {boolean} options.may whether the selection may be kept and taken away
   * @param {string[]} [options.shown] the cameras that are ticked, where there are many
   */
  attach({ model, footages, movements, rate, may, shown }) {
    this.model = model;
    this.#footages = footages;
    this.#movements = movements;
    this.#rate = rate;
    this.#may = may;
    this.#shown = shown;
    this.#colours = palette();
    const { signal } = this.#life;
    const canvas = h('canvas', { tabIndex: 0, role: 'slider', 'aria-label': 'Time', 'aria-orientation': 'horizontal' });
    const picture = h('canvas', { hidden: true });
    const words = h('div', { class: 'tip-words' });
    this.#parts = { canvas, picture, words, tip: h('div', { class: 'tip', hidden: true }, picture, words), bar: h('div', { class: 'selection-bar', hidden: true, role: 'group', 'aria-label': 'Selected span' }) };
    this.classList.toggle('many', this.many);
    this.style.setProperty('--rows', footages.length);
    fill(this, this.many && this.#labels(), canvas, this.#parts.tip, this.#parts.bar);
    const draw = () => this.redraw();
    for (const type of ['time', 'mode', 'view', 'selection']) model.addEventListener(type, draw, { signal });
    model.addEventListener('selection', () => this.#selection(), { signal });
    for (const source of [...footages, ...movements]) source.addEventListener('change', draw, { signal });
    document.addEventListener('themechange', () => { this.#colours = palette(); draw(); }, { signal });
    const size = new ResizeObserver(draw);
    size.observe(canvas);
    const gestures = new Gestures(canvas, model, {
      x: time => this.x(time),
      time: x => this.time(x),
      left: () => this.#left,
      ruler: RULER - 4,
      hover: (x, y) => this.#point(x, y),
      leave: () => this.#leave(),
    });
    signal.addEventListener('abort', () => {
      size.disconnect();
      gestures.close();
      for (const preview of this.#previews.values()) preview.close();
    });
    canvas.addEventListener('keydown', event => this.#key(event));
    draw();
    if (model.selection) this.#selection();
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  get many() {
    return this.#footages.length > 1;
  }

  /** What the graph of movement takes above the row: nothing where there is none, or where it is within the rows. */
  get #graph() {
    return this.many || this.#movements[0].missing ? 0 : GRAPH;
  }

  get #left() {
    return this.many && !narrow.matches ? LABELS : 0;
  }

  get #rows() {
    if (this.many) return narrow.matches ? { top: RULER, height: 26, gap: 4 } : { top: RULER, height: 22, gap: 4 };
    return { top: 50 + this.#graph, height: 30, gap: 0 };
  }

  x(time) {
    const { from } = this.model.view;
    return this.#left + ((time - from) / this.model.span) * (this.#parts.canvas.clientWidth - this.#left);
  }

  time(x) {
    return this.model.view.from + ((x - this.#left) / (this.#parts.canvas.clientWidth - this.#left)) * this.model.span;
  }

  redraw() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#draw();
    });
  }

  #labels() {
    const tick = (camera, checked) => {
      this.#shown = this.#footages.map(footage => footage.camera).filter(name => (name === camera ? checked : this.#shown.includes(name)));
      this.dispatchEvent(new CustomEvent('shown', { detail: this.#shown }));
    };
    return h(
      'div',
      { class: 'row-labels', role: 'group', 'aria-label': 'Pictures shown' },
      this.#footages.map(({ camera }) =>
        h('label', {}, h('input', { type: 'checkbox', checked: this.#shown.includes(camera), on: { change: event => tick(camera, event.target.checked) } }), h('span', {}, camera)),
      ),
    );
  }

  #draw() {
    const surface = sharp(this.#parts.canvas);
    if (!surface) return;
    const { context, width, height } = surface;
    const colours = this.#colours;
    const pen = { ...surface, colours };
    const { view, live, time } = this.model;
    this.classList.toggle('graph', this.#graph > 0);
    const { top, height: tall, gap } = this.#rows;
    const left = this.#left;
    const now = this.model.now();
    const label = live ? `Live ${hms(time)}` : hms(time) + (this.model.span < 2 * MINUTE ? milliseconds(time) : '');
    context.font = `600 11px ${colours.font}`;
    const labelWidth = context.measureText(label).width + 14;
    const head = this.x(time);
    const visible = head >= left - 1 && head <= width + 1;
    const labelLeft = clamp(head - labelWidth / 2, left, width - labelWidth);
    drawRuler(pen, view, left, width, this.many ? height : top + tall + 2, visible ? [labelLeft, labelLeft + labelWidth] : null);
    this.#footages.forEach((footage, index) => {
      const y = top + index * (tall + gap);
      const movement = this.#movements[index].window(view, width - left, { oldest: footage.oldest, now });
      if (!this.many) drawMovement(pen, movement, view, left, width, y, GRAPH, { within: false });
      drawRow(pen, footage, view, left, width, y, tall, now, { lanes: !this.many, words: true, above: this.#graph });
      if (this.many) drawMovement(pen, movement, view, left, width, y + tall, tall - 3, { within: true });
      if (this.many && !left) this.#name(pen, footage.camera, y, tall);
    });
    this.#drawSelection(context, colours, left, width, top, height);
    if (this.#hover != null) {
      context.fillStyle = colours['ink-3'];
      context.fillRect(Math.round(this.x(this.#hover)), RULER - 4, 1, height - RULER + 4);
    }
    if (visible) {
      context.fillStyle = live ? colours['st-rec'] : colours.accent;
      context.fillRect(Math.round(head) - 1, 12, 2, this.many ? height - 12 : top + tall - 6);
      context.beginPath();
      context.roundRect(labelLeft, 1, labelWidth, 20, 4);
      context.fill();
      context.fillStyle = colours['accent-ink'];
      context.font = `600 11px ${colours.font}`;
      context.textAlign = 'left';
      context.textBaseline = 'middle';
      context.fillText(label, labelLeft + 7, 11.5);
    }
    this.#speak();
  }

  #name({ context, colours }, camera, top, height) {
    context.font = `600 11px ${colours.font}`;
    const width = context.measureText(camera).width;
    context.fillStyle = colours.surface;
    context.beginPath();
    context.roundRect(4, top + 4, width + 12, height - 8, 4);
    context.fill();
    context.fillStyle = colours.ink;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.fillText(camera, 10, top + height / 2 + 0.5);
  }

  #drawSelection(context, colours, left, right, top, height) {
    const { selection } = this.model;
    if (!selection) return;
    const [from, to] = [selection.from, selection.to].map(time => clamp(this.x(time), left, right));
    const bottom = this.many ? height - 4 : top + this.#rows.height + 4;
    context.fillStyle = colours['fo-sel'];
    context.fillRect(from, top - 4, to - from, bottom - top + 4);
    context.fillStyle = colours.accent;
    for (const x of [from, to]) {
      context.fillRect(x - 1, top - 4, 2, bottom - top + 4);
      context.beginPath();
      context.roundRect(x - 4, (top + bottom) / 2 - 10, 8, 20, 3);
      context.fill();
    }
    this.#placeBar();
  }

  /** What a screen reader says of the place on the axis. */
  #speak() {
    const { time, live, view } = this.model;
    const { canvas } = this.#parts;
    const text = live ? 'Live' : `${day(time)}, ${hms(time)}${this.#footages[0].at(time)?.kind === 'gap' ? ', in a gap' : ''}`;
    if (canvas.getAttribute('aria-valuetext') === text) return;
    canvas.setAttribute('aria-valuetext', text);
    canvas.setAttribute('aria-valuemin', Math.round(view.from / SECOND));
    canvas.setAttribute('aria-valuemax', Math.round(view.to / SECOND));
    canvas.setAttribute('aria-valuenow', Math.round(time / SECOND));
  }

  /** Page keys move by a tenth of the window; the other keys are the transport's. */
  #key(event) {
    const move = { PageUp: -0.1, PageDown: 0.1 }[event.key];
    if (!move) return;
    this.model.seek(this.model.time + move * this.model.span);
    event.preventDefault();
  }

  #point(x, y) {
    const time = this.time(x);
    const { tip, words } = this.#parts;
    const { top, height, gap } = this.#rows;
    if (time > this.model.now() || x < this.#left || y < RULER - 4) return this.#leave();
    const footage = this.#footages[clamp(Math.floor((y - top) / (height + gap)), 0, this.#footages.length - 1)];
    this.#hover = time;
    tip.hidden = false;
    fill(words, this.#describe(footage, time));
    const { clientWidth, clientHeight } = this;
    tip.style.setProperty('left', `${clamp(x, 104, Math.max(104, clientWidth - 104))}px`);
    tip.style.setProperty('bottom', `${clientHeight - (this.many ? Math.max(26, y - 14) : 24)}px`);
    this.#preview(footage, time);
    this.redraw();
  }

  #describe(footage, time) {
    const span = footage.at(time);
    const lines = [h('p', {}, h('b', {}, hms(time)), ` ${day(time)}${this.many ? ` · ${footage.camera}` : ''}`)];
    if (footage.oldest !== undefined && time < footage.oldest) lines.push(h('p', {}, 'Before the oldest footage'));
    else if (span?.kind === 'gap') {
      const { word, sentence } = gapReason(span);
      const open = span.to >= this.model.now() - 3 * SECOND;
      lines.push(
        h('p', { class: 'tip-gap' }, `${word}: ${duration(span.to - span.from)} missing`),
        h('p', {}, `${hms(span.from)} to ${open ? 'now' : hms(span.to)}`),
        h('p', {}, sentence),
      );
    } else if (span) {
      if (span.state === 'repaired') lines.push(h('p', {}, 'Repaired after it was torn'));
      if (span.state === 'damaged') lines.push(h('p', { class: 'tip-gap' }, 'The file cannot be read'));
      if (span.replenished) lines.push(h('p', {}, 'Fetched from the camera’s card'));
      if (span.protected) lines.push(h('p', {}, 'Protected'));
      if (span.unsynchronised) lines.push(h('p', {}, 'Clock not synchronised: the time may be off'));
    }
    return lines;
  }

  async #preview(footage, time) {
    const { picture } = this.#parts;
    if (footage.at(time)?.kind !== 'recorded') {
      picture.hidden = true;
      return;
    }
    if (!this.#previews.has(footage.camera)) this.#previews.set(footage.camera, new Preview(footage.camera));
    const bitmap = await this.#previews.get(footage.camera).at(time, (this.model.span / this.clientWidth) * 4);
    if (!bitmap || this.#hover == null || this.#life.signal.aborted) return;
    [picture.width, picture.height] = [bitmap.width, bitmap.height];
    picture.getContext('2d').drawImage(bitmap, 0, 0);
    picture.hidden = false;
  }

  #leave() {
    this.#hover = null;
    this.#parts.tip.hidden = true;
    this.redraw();
  }

  #selection() {
    const { selection } = this.model;
    const { bar } = this.#parts;
    bar.hidden = !selection;
    if (!selection) return;
    const length = selection.to - selection.from;
    const rate = this.#rate();
    const act = detail => () => this.dispatchEvent(new CustomEvent('act', { detail }));
    fill(
      bar,
      h('span', {}, h('b', {}, `${hms(selection.from)} – ${hms(selection.to)}`), h('em', {}, duration(length) + (rate ? ` · about ${bytes((rate * length) / SECOND)}` : ''))),
      this.#may && button({ class: 'btn sm pri', symbol: 'download', text: 'Export', on: { click: act('export') } }),
      this.#may && button({ class: 'btn sm', symbol: 'lock', text: 'Protect', on: { click: act('protect') } }),
      button({ class: 'btn sm', symbol: 'link', text: 'Copy link', on: { click: act('link') } }),
      button({ class: 'btn sm ghost icon', symbol: 'close', label: 'Clear the selection', on: { click: () => this.model.select(null) } }),
    );
    this.#placeBar();
  }

  /** Above the controls, however many rows they have: it covers the picture alone. */
  #placeBar() {
    const { selection } = this.model;
    const controls = this.closest('.stage')?.querySelector('play-transport') ?? this;
    const above = this.getBoundingClientRect().bottom - controls.getBoundingClientRect().top;
    this.#parts.bar.style.setProperty('bottom', `${above + 4}px`);
    const half = this.#parts.bar.offsetWidth / 2;
    const middle = (this.x(selection.from) + this.x(selection.to)) / 2;
    this.#parts.bar.style.setProperty('left', `${clamp(middle, half + 4, Math.max(half + 4, this.clientWidth - half - 4))}px`);
  }
}

customElements.define('footage-timeline', FootageTimeline);
