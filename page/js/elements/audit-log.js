// SPDX-License-Identifier: Apache-2.0
import { get } from '../api.js';
import { button, fill, h, toast } from '../dom.js';
import { day, hms } from '../format.js';
import { chip } from './state-chip.js';

const PAGE = 100;

/** What somebody did: how it is marked, and in words. */
const ACTIONS = {
  login: ['ok', ({ address }) => `logged in${from(address)}`],
  logout: ['ok', () => 'logged out'],
  'login-refused': ['retry', ({ address }) => `was refused: wrong name or password${from(address)}`],
  'first-run': ['ok', () => 'made the first account'],
  download: ['ok', ({ what }) => `downloaded ${what}`],
  export: ['ok', ({ what }) => `exported ${what}`],
  protect: ['lock', ({ what }) => `protected ${what}`],
  release: ['lock', ({ what }) => `released ${what}`],
  remove: ['fault', ({ what }) => `removed ${what}`],
  recording: ['stop', ({ what }) => `switched recording: ${what}`],
  settings: ['ok', ({ what }) => `changed ${what}`],
  'user-added': ['ok', ({ what }) => `let in ${what}`],
  'user-changed': ['ok', ({ what }) => `changed ${what}`],
  'user-removed': ['stop', ({ what }) => `put out ${what}`],
  'token-made': ['ok', ({ what }) => `issued a token: ${what}`],
  'token-revoked': ['stop', ({ what }) => `revoked a token: ${what}`],
  'session-ended': ['stop', ({ what }) => `ended sessions${what ? ` of ${what}` : ''}`],
};
const from = address => (address ? ` from ${address}` : '');

/** Who did what, newest first. It hides where the recorder does not tell. */
class AuditLog extends HTMLElement {
  #entries = [];
  #more = false;
  #list = h('ol', { class: 'log', tabIndex: 0, 'aria-label': 'Audit log' });
  #earlier = button({ class: 'btn sm', text: 'Earlier', on: { click: () => this.#load() } });
  #words = h('input', { type: 'search', placeholder: 'Filter: name, word', 'aria-label': 'Filter the audit log', on: { input: () => this.#draw() } });

  connectedCallback() {
    this.hidden = true;
    fill(this, h('header', {}, h('h2', {}, 'Audit log')), h('div', { class: 'log-filter' }, this.#words), this.#list, h('div', { class: 'log-more' }, this.#earlier));
    this.#load();
  }

  async #load() {
    try {
      const { entries, more } = await get('/audit', { limit: PAGE, before: this.#entries.at(-1)?.id });
      this.#entries.push(...entries);
      this.#more = more;
      this.hidden = false;
      this.#draw();
    } catch (error) {
      if (error.status !== 404) toast(error.message);
    }
  }

  #draw() {
    const words = this.#words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let last = null;
    const rows = [];
    for (const entry of this.#entries) {
      const [state, say] = ACTIONS[entry.action] ?? ['live', ({ action, what = '' }) => `${action} ${what}`];
      const text = say(entry);
      if (!words.every(word => `${entry.user} ${text}`.toLowerCase().includes(word))) continue;
      const at = Date.parse(entry.time);
      if (day(at) !== last) rows.push(h('li', { class: 'log-day' }, (last = day(at))));
      rows.push(h('li', {}, h('time', { dateTime: entry.time }, hms(at)), chip(state, entry.action, { glyph: true }), h('b', { title: entry.user }, entry.user ?? ''), h('span', {}, text)));
    }
    fill(this.#list, rows, !rows.length && h('li', { class: 'log-none' }, this.#entries.length ? 'Nothing in the log matches.' : 'Nobody did anything yet.'));
    this.#earlier.hidden = !this.#more;
  }
}

customElements.define('audit-log', AuditLog);
