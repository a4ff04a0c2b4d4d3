// SPDX-License-Identifier: Apache-2.0
import { address, cameraPath, get, patch, remove } from '../api.js';
import { button, fill, h, icon, toast } from '../dom.js';
import { bytes, counted, day, decimal, duration, hm, hms, instant, integer, HOUR, SECOND } from '../format.js';
import { gapReason } from '../timeline/gap-reason.js';
import { midnight } from '../timeline/ticks.js';
import { chip } from './state-chip.js';

const PAGE = 500;
const BEFORE = 5;
const AFTER = 1;
const STATES = { complete: ['ok', 'complete'], open: ['rec', 'growing'], repaired: ['retry', 'repaired'], damaged: ['fault', 'damaged'] };

const hourOf = time => {
  const start = midnight(time);
  return start + Math.floor((time - start) / HOUR) * HOUR;
};

/** A camera's chunks by the hour, around the time that is watched. Event: `change` (detail: since when footage is other than before). */
class ChunkList extends HTMLElement {
  #life = new AbortController();
  #camera;
  #model;
  #footage;
  #may;
  #watched = null;
  #second = null;
  #open = null;
  #closed = false;
  #chunks = new Map();
  #chosen = null;
  #signature = '';

  attach({ camera, model, footage, may }) {
    const { signal } = this.#life;
    this.#camera = camera;
    this.#model = model;
    this.#footage = footage;
    this.#may = may;
    for (const type of ['time', 'seek']) model.addEventListener(type, () => this.#follow(), { signal });
    footage.addEventListener('change', () => this.#refresh(), { signal });
    this.#follow();
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  /** Asks anew for every hour that is known: something was changed from elsewhere. */
  reload() {
    return Promise.all([...this.#chunks.keys()].map(hour => this.#load(hour, true)));
  }

  /** The hour that is watched is open, unless somebody closed it. */
  #follow() {
    const hour = hourOf(this.#model.time);
    if (hour !== this.#watched) {
      this.#watched = hour;
      if (!this.#closed) this.#open = hour;
      this.#load(hour);
    }
    const second = Math.floor(this.#model.time / SECOND);
    if (second === this.#second) return;
    this.#second = second;
    this.#draw();
  }

  /** The newest hour grows. */
  #refresh() {
    const newest = hourOf(this.#model.now());
    if (this.#open === newest) this.#load(newest, true);
    else this.#draw();
  }

  async #load(hour, again = false) {
    if (this.#chunks.has(hour) && !again) return;
    if (!again) this.#chunks.set(hour, null);
    try {
      const chunks = [];
      let cursor;
      do {
        const page = await get(`${cameraPath(this.#camera)}/chunks`, { from: instant(hour), to: instant(hour + HOUR), limit: PAGE, cursor });
        chunks.push(...page.chunks);
        cursor = page.cursor;
      } while (cursor);
      this.#chunks.set(
        hour,
        chunks.map(chunk => ({ ...chunk, from: Date.parse(chunk.start), to: Date.parse(chunk.start) + chunk.length * SECOND })).filter(chunk => hourOf(chunk.from) === hour),
      );
    } catch (error) {
      if (!again) this.#chunks.delete(hour);
      // Of a camera that is not there the page itself says so.
      if (error.status !== 404) toast(error.message);
    }
    this.#draw();
  }

  get #hours() {
    const newest = hourOf(this.#model.now());
    const oldest = this.#footage.oldest ?? newest;
    const top = Math.min(newest, this.#watched + AFTER * HOUR);
    const hours = [];
    for (let hour = top; hour > this.#watched - BEFORE * HOUR && hour > oldest - HOUR; hour = hourOf(hour - 1)) hours.push(hour);
    return hours;
  }

  #draw() {
    const now = this.#model.time;
    const current = this.#chunks.get(this.#open)?.find(chunk => chunk.from <= now && now < chunk.to);
    const signature = JSON.stringify([this.#hours.map(hour => [hour, this.#hasFootage(hour)]), this.#footage.loaded, this.#open, this.#chosen, current?.id, [...this.#chunks].map(([hour, chunks]) => [hour, chunks?.map(chunk => [chunk.id, chunk.size, chunk.state, chunk.protected])]), this.#footage.spans.length]);
    if (signature === this.#signature) return;
    this.#signature = signature;
    const focused = this.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    let last = null;
    fill(
      this,
      this.#hours.map(hour => {
        const heading = day(hour) !== last && h('h3', {}, (last = day(hour)));
        return [heading, this.#drawHour(hour, current)];
      }),
    );
    if (focused) this.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #drawHour(hour, current) {
    const chunks = this.#chunks.get(hour);
    const open = hour === this.#open;
    const gaps = this.#footage.spans.filter(span => span.kind === 'gap' && span.from < hour + HOUR && span.to > hour);
    const summary = h(
      'summary',
      { 'data-key': `hour-${hour}`, on: { click: event => this.#toggle(event, hour) } },
      icon('right'),
      h('b', {}, hm(hour)),
      h('span', { class: 'grow' }, chunks ? `${counted(chunks.length, 'chunk')} · ${bytes(chunks.reduce((sum, chunk) => sum + chunk.size, 0))}` : ''),
      this.#tell(hour, gaps.length),
    );
    const rows = open && chunks && [...chunks.map(chunk => ({ at: chunk.from, chunk })), ...gaps.map(gap => ({ at: gap.from, gap }))].sort((a, b) => b.at - a.at);
    return h(
      'details',
      { open },
      summary,
      open && h('div', { class: 'chunk-head', 'aria-hidden': 'true' }, h('span'), ['Start', 'Length', 'Size', 'Frames', 'State'].map(text => h('span', {}, text))),
      rows && rows.map(({ chunk, gap }) => (gap ? this.#drawGap(gap) : this.#drawChunk(chunk, chunk === current))),
    );
  }

  /** A chunk may have begun in the hour before: the timeline tells whether there is footage. */
  #hasFootage(hour) {
    return Boolean(this.#chunks.get(hour)?.length) || this.#footage.spans.some(span => span.kind === 'recorded' && span.from < hour + HOUR && span.to > hour);
  }

  #tell(hour, gaps) {
    if (!this.#footage.loaded) return null;
    if (!this.#hasFootage(hour)) return h('span', { class: gaps ? 'missing' : 'faint' }, 'nothing');
    return gaps ? h('span', { class: 'missing' }, counted(gaps, 'gap')) : h('span', { class: 'faint' }, 'complete');
  }

  #toggle(event, hour) {
    event.preventDefault();
    this.#closed = this.#open === hour;
    this.#open = this.#closed ? null : hour;
    if (!this.#closed) this.#load(hour);
    this.#draw();
  }

  #drawGap(gap) {
    const length = Math.min(gap.to, this.#model.now()) - gap.from;
    return h('div', { class: 'chunk-gap' }, h('i', { class: gap.reason === 'stopped' ? 'lg-stop' : 'lg-gap' }), `${duration(length)} missing: ${gapReason(gap).word.toLowerCase()}`);
  }

  #drawChunk(chunk, current) {
    const chosen = this.#chosen === chunk.id;
    const [state, word] = chunk.protected ? ['lock', 'protected'] : STATES[chunk.state] ?? ['live', chunk.state];
    const row = h(
      'button',
      {
        type: 'button',
        class: `chunk${current ? ' current' : ''}${chosen ? ' chosen' : ''}`,
        'aria-expanded': String(chosen),
        'data-key': `chunk-${chunk.id}`,
        on: { click: () => this.#choose(chosen ? null : chunk.id) },
      },
      current ? icon('play', 'Playing') : h('span'),
      h('span', {}, hms(chunk.from)),
      h('span', {}, `${decimal(chunk.length)} s`),
      // Of one that grows nobody has counted yet.
      h('span', {}, chunk.size ? bytes(chunk.size) : ''),
      h('span', {}, chunk.frames ? integer(chunk.frames) : ''),
      chip(state, word),
    );
    return chosen ? [row, this.#drawActions(chunk)] : row;
  }

  #choose(id) {
    this.#chosen = id;
    this.#draw();
  }

  #drawActions(chunk) {
    const act = (symbol, text, click, attributes = {}) => button({ class: 'btn sm', symbol, text, 'data-key': text, on: { click }, ...attributes });
    const removal = act('remove', 'Remove', () => this.#remove(chunk), { class: 'btn sm danger', disabled: true });
    const allow = h('label', { class: 'allow' }, h('input', { type: 'checkbox', on: { change: event => (removal.disabled = !event.target.checked) } }), 'Allow removal');
    const removable = chunk.state !== 'open' && !chunk.protected;
    return h(
      'div',
      { class: 'chunk-actions' },
      act('play', 'Play', () => this.#model.seek(chunk.from + 1)),
      this.#may && chunk.state !== 'open' && h('a', { class: 'btn sm', href: address(`/chunks/${chunk.id}/media`), download: '' }, icon('download'), 'Download'),
      this.#may && act('lock', chunk.protected ? 'Release' : 'Protect', () => this.#protect(chunk)),
      this.#may && removable && [allow, removal],
      h('p', { class: 'mono' }, chunk.file),
      chunk.origin === 'card' && h('p', {}, 'Fetched from the camera’s card: it did not come over the network.'),
      ['complete', 'repaired'].includes(chunk.state) && h('p', {}, 'A plain MP4 already: nothing needs to be converted.'),
    );
  }

  async #protect(chunk) {
    try {
      const changed = await patch(`/chunks/${chunk.id}`, { protected: !chunk.protected });
      toast(changed.protected ? 'Protected: it stays when room is needed.' : 'Released: it may go when room is needed.');
      await this.#changed(chunk);
    } catch (error) {
      toast(error.message);
    }
  }

  async #remove(chunk) {
    try {
      await remove(`/chunks/${chunk.id}`);
      toast(`Removed ${hms(chunk.from)}, ${bytes(chunk.size)}.`);
      this.#chosen = null;
      await this.#changed(chunk);
    } catch (error) {
      toast(error.message);
    }
  }

  async #changed(chunk) {
    await Promise.all([this.#load(hourOf(chunk.from), true), this.#footage.refresh(chunk.from)]);
  }
}

customElements.define('chunk-list', ChunkList);
