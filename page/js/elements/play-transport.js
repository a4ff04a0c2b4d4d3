// SPDX-License-Identifier: Apache-2.0
import { button, fill, h, icon, toast } from '../dom.js';
import { day, duration, hms, milliseconds, typed, DAY, HOUR, MINUTE, SECOND } from '../format.js';
import { midnight } from '../timeline/ticks.js';
import { nextGap } from '../timeline/spans.js';
import { parseTime } from '../timeline/parse-time.js';

const SPEEDS = [0.5, 1, 2, 4, 8, 16];
const SPANS = [[MINUTE, '1 min'], [10 * MINUTE, '10 min'], [HOUR, '1 h'], [6 * HOUR, '6 h'], [DAY, 'Day'], [7 * DAY, 'Week']];
/** A jump to a gap lands so long before it, in ms. */
const BEFORE = 5 * SECOND;
/** A jump to a movement, so long. */
const BEFORE_MOVEMENT = 3 * SECOND;

/**
 * The controls under a player, and the keys.
 * Events: `step` (detail: 1 or -1), `full` (full screen is asked for).
 */
class PlayTransport extends HTMLElement {
  #life = new AbortController();
  #model;
  #footage;
  #movement;
  #parts;
  #said = '';

  attach({ model, footage, movement }) {
    const { signal } = this.#life;
    this.#model = model;
    this.#footage = footage;
    this.#movement = movement;
    const control = (symbol, label, click, wide = false) => button({ class: `btn ghost icon${wide ? ' wide' : ''}`, symbol, label, on: { click } });
    const play = control('play', 'Play or pause (Space)', () => this.#playOrPause());
    const speed = h('select', { class: 'wide', 'aria-label': 'Speed', on: { change: () => model.setSpeed(Number(speed.value)) } }, SPEEDS.map(value => h('option', { value }, `${value}×`)));
    const movements = [control('movement-back', 'Previous movement ([)', () => this.#move(-1)), control('movement-forward', 'Next movement (])', () => this.#move(1))];
    const when = button({ class: 'when', label: 'Type a time', on: { click: () => this.#type() } });
    const spans = SPANS.map(([span, text]) => button({ text, on: { click: () => model.showSpan(span) } }));
    const all = button({ text: 'All', on: { click: () => model.showAll() } });
    const calendar = control('calendar', 'Go to a day (C)', () => this.#openCalendar());
    const days = h('day-calendar');
    days.addEventListener('pick', ({ detail }) => this.#goToDay(detail));
    const behind = h('small', { class: 'wide' });
    const live = button({ class: 'live', on: { click: () => model.goLive() } });
    fill(live, h('i'), h('span', {}, 'Live'), behind);
    fill(
      this,
      play,
      control('back', 'Back 10 seconds (←)', () => this.#jump(-10)),
      control('forward', 'Forward 10 seconds (→)', () => this.#jump(10)),
      control('frame-back', 'Previous frame (Shift ←)', () => this.#step(-1), true),
      control('frame-forward', 'Next frame (Shift →)', () => this.#step(1), true),
      control('gap-back', 'Previous gap ({)', () => this.#gap(-1), true),
      control('gap-forward', 'Next gap (})', () => this.#gap(1), true),
      movements,
      speed,
      h('span', { class: 'sep wide' }),
      when,
      calendar,
      days,
      h('span', { class: 'grow' }),
      h('div', { class: 'seg zooms', role: 'group', 'aria-label': 'Span shown' }, spans, all),
      live,
      control('full-screen', 'Full screen (F)', () => this.dispatchEvent(new Event('full'))),
    );
    this.#parts = { calendar, days, play, movements, speed, when, spans, live, behind };
    for (const type of ['time', 'mode', 'view']) model.addEventListener(type, () => this.#draw(), { signal });
    addEventListener('keydown', event => this.#key(event), { signal });
    this.#draw();
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  #draw() {
    const { live, playing, speed, time, span } = this.#model;
    for (const each of this.#parts.movements) each.hidden = this.#movement().missing;
    const exact = !live && (!playing || speed < 1);
    const said = [live, playing, speed, exact ? time : Math.floor(time / SECOND), span].join();
    if (said === this.#said) return;
    this.#said = said;
    const parts = this.#parts;
    const symbol = playing ? 'pause' : 'play';
    if (parts.play.dataset.symbol !== symbol) {
      parts.play.dataset.symbol = symbol;
      fill(parts.play, icon(symbol));
    }
    if (!parts.when.querySelector('input')) fill(parts.when, h('small', {}, day(time)), hms(time) + (exact ? milliseconds(time) : ''));
    parts.live.setAttribute('aria-pressed', live);
    parts.live.title = live ? 'You are watching now' : 'Go to now (N)';
    fill(parts.behind, live ? '' : `−${duration(Math.max(0, this.#model.now() - time))}`);
    parts.spans.forEach((each, index) => each.setAttribute('aria-pressed', Math.abs(Math.log(span / SPANS[index][0])) < 0.1));
    parts.speed.value = speed;
  }

  #playOrPause() {
    if (this.#model.playing) this.#model.pause();
    else this.#model.play();
  }

  #jump(seconds) {
    this.#model.seek(this.#model.time + seconds * SECOND);
  }

  #step(direction) {
    this.dispatchEvent(new CustomEvent('step', { detail: direction }));
  }

  #gap(direction) {
    const gap = nextGap(this.#footage().spans, this.#model.time, direction, direction > 0 ? BEFORE + 1 : 2 * SECOND - BEFORE);
    if (gap) this.#model.seek(gap.from - BEFORE);
    else toast(direction > 0 ? 'No later gap: complete until now.' : 'No earlier gap.');
  }

  #openCalendar() {
    const { calendar, days } = this.#parts;
    days.open(calendar, { spans: this.#footage().spans, now: this.#model.now(), time: this.#model.time });
  }

  /** Shows the whole day, from its first footage on. */
  #goToDay({ day: begin, first }) {
    this.#model.seek(first, { keep: true });
    this.#model.show(begin, midnight(begin, 1));
    this.#parts.calendar.focus();
  }

  async #move(direction) {
    const model = this.#model;
    if (this.#movement().missing) return;
    try {
      // Where the last jump landed, that movement is still to come: it is not the next.
      const from = direction > 0 ? model.time + BEFORE_MOVEMENT + 1 : model.time;
      model.seek((await this.#movement().next(from, direction)) - BEFORE_MOVEMENT);
    } catch (error) {
      toast(error.message);
    }
  }

  #type() {
    const { when } = this.#parts;
    if (when.parentNode.querySelector('.when-field')) return;
    const field = h('input', { class: 'when-field', type: 'text', size: 24, 'aria-label': 'Go to a time', value: typed(this.#model.time) });
    const leave = new AbortController();
    const end = () => {
      leave.abort();
      field.remove();
      when.hidden = false;
    };
    field.addEventListener('blur', end, { signal: leave.signal });
    field.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Escape') {
        end();
        when.focus();
      }
      if (event.key !== 'Enter') return;
      const time = parseTime(field.value, this.#model.now());
      if (time == null) return toast('Not a time that can be read. Try “tue 4:36” or “17 nov 04:36:12”.');
      end();
      this.#model.seek(time);
      when.focus();
    });
    when.hidden = true;
    when.after(field);
    field.select();
  }

  #key(event) {
    if (event.target.closest?.('input, select, textarea, dialog') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === ' ' && event.target.closest?.('button, a, summary')) return;
    const model = this.#model;
    const { time, selection } = model;
    const faster = () => model.setSpeed(SPEEDS.find(speed => speed > model.speed) ?? model.speed);
    const slower = () => (model.speed > 1 ? model.setSpeed(SPEEDS.findLast(speed => speed < model.speed)) : this.#jump(-10));
    const act = {
      ' ': () => this.#playOrPause(),
      k: () => this.#playOrPause(),
      ArrowLeft: () => (event.shiftKey ? this.#step(-1) : this.#jump(-10)),
      ArrowRight: () => (event.shiftKey ? this.#step(1) : this.#jump(10)),
      '[': () => this.#move(-1),
      ']': () => this.#move(1),
      '{': () => this.#gap(-1),
      '}': () => this.#gap(1),
      n: () => model.goLive(),
      L: () => model.goLive(),
      End: () => model.goLive(),
      c: () => this.#openCalendar(),
      f: () => this.dispatchEvent(new Event('full')),
      j: slower,
      l: () => !model.live && faster(),
      '+': () => model.zoom(0.5, time),
      '=': () => model.zoom(0.5, time),
      '-': () => model.zoom(2, time),
      i: () => model.select(time, Math.max(time, selection?.to ?? time + MINUTE)),
      o: () => model.select(Math.min(time, selection?.from ?? time - MINUTE), time),
      Escape: () => model.select(null),
    }[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  }
}

customElements.define('play-transport', PlayTransport);
