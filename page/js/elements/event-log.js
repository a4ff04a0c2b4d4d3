// SPDX-License-Identifier: Apache-2.0
import { get } from '../api.js';
import { button, fill, h } from '../dom.js';
import { day, hms, SECOND } from '../format.js';
import { chip } from './state-chip.js';

const REFRESH = 3 * SECOND;
const KEPT = 1000;
const SHOWN = 300;
const STATES = { error: 'fault', warning: 'retry', notice: 'ok', info: 'live' };
const LEVELS = [['All', ['error', 'warning', 'notice', 'info']], ['Warnings', ['error', 'warning']], ['Errors', ['error']]];

/** What the recorder says of itself, newest first, with a filter. It hides where the recorder does not tell. */
class EventLog extends HTMLElement {
  #life = new AbortController();
  #entries = [];
  #level = 0;
  #timer = null;
  #list = h('ol', { class: 'log', tabIndex: 0, 'aria-label': 'Log' });
  #words = h('input', { type: 'search', placeholder: 'Filter: camera, word', 'aria-label': 'Filter the log', on: { input: () => this.#draw() } });

  connectedCallback() {
    this.hidden = true;
    const levels = LEVELS.map(([text], index) => button({ text, 'aria-pressed': String(!index), on: { click: () => choose(index) } }));
    const choose = index => {
      this.#level = index;
      levels.forEach((each, at) => each.setAttribute('aria-pressed', at === index));
      this.#draw();
    };
    fill(this, h('header', {}, h('h2', {}, 'Event log'), h('span', { class: 'grow' }), h('div', { class: 'seg', role: 'group', 'aria-label': 'Level' }, levels)), h('div', { class: 'log-filter' }, this.#words), this.#list);
    this.#load();
  }

  disconnectedCallback() {
    this.#life.abort();
    clearTimeout(this.#timer);
  }

  async #load() {
    const { signal } = this.#life;
    try {
      if (!document.hidden) {
        const { entries } = await get('/log', { after: this.#entries.at(-1)?.id }, signal);
        if (entries.length || this.hidden) {
          this.#entries = [...this.#entries, ...entries].slice(-KEPT);
          this.hidden = false;
          this.#draw();
        }
      }
    } catch (error) {
      // Silence is told by the banner; a recorder without a log has nothing to ask again.
      if (error.status === 404 || signal.aborted) return;
    }
    if (!signal.aborted) this.#timer = setTimeout(() => this.#load(), REFRESH);
  }

  #draw() {
    const [, levels] = LEVELS[this.#level];
    const words = this.#words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = this.#entries.filter(({ level, camera = '', text }) => levels.includes(level) && words.every(word => `${camera} ${text}`.toLowerCase().includes(word)));
    let last = null;
    fill(
      this.#list,
      matching.slice(-SHOWN).reverse().map(({ time, level, camera, text }) => {
        const at = Date.parse(time);
        const heading = day(at) !== last && h('li', { class: 'log-day' }, (last = day(at)));
        return [heading, h('li', {}, h('time', { dateTime: time }, hms(at)), chip(STATES[level] ?? 'live', level, { glyph: true }), h('b', {}, camera ?? ''), h('span', {}, text))];
      }),
      !matching.length && h('li', { class: 'log-none' }, this.#entries.length ? 'Nothing in the log matches.' : 'Nothing has happened.'),
    );
  }
}

customElements.define('event-log', EventLog);
