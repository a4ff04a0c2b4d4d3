// SPDX-License-Identifier: Apache-2.0
import { button, coded, fill, h, icon, toast } from '../dom.js';
import { counted } from '../format.js';
import { effect } from '../settings/effect.js';
import { fits } from '../settings/quantity.js';
import { choices, group, label } from '../settings/settings.js';

/** What an Apply restarts: a word for the setting, and what it costs, worst first. */
const RESTARTS = {
  service: ['service', 'What is marked “service” takes effect when the service is started anew.'],
  clients: ['reconnects', 'Whoever is connected, this page too, connects anew.'],
  stream: ['restarts', 'Video and recording of the camera stop for a second or two.'],
  recording: ['new chunk', 'The running chunk is finished and another begun: nothing is lost.'],
};

/** Settings with what they do, to change and apply together. */
class SettingsForm extends HTMLElement {
  #life = new AbortController();
  #settings;
  #flow;
  #rows = new Map();
  #bar = h('footer', { class: 'settings-bar', hidden: true, role: 'status' });

  /**
   * @param {object} options
   * @param {Settings} options.settings loaded
   * @param {() => number|undefined} options.flow what is recorded now of what is set here, in bytes a second
   * @param {string|null} [options.show] a key to begin at
   */
  attach({ settings, flow, show }) {
    this.#settings = settings;
    this.#flow = flow;
    const find = h('input', { type: 'search', placeholder: 'Find a setting', 'aria-label': 'Find a setting', on: { input: () => this.#find(find.value) } });
    const list = h('div', { class: 'settings' });
    for (const [name, rows] of Map.groupBy(settings.rows, row => group(row.key))) {
      list.append(h('section', { 'aria-label': name }, h('h3', {}, name), rows.map(row => this.#row(row))));
    }
    fill(this, h('div', { class: 'settings-find' }, find), list, this.#bar);
    settings.addEventListener('change', () => this.#follow(), { signal: this.#life.signal });
    this.#follow();
    if (this.#rows.has(show)) this.#begin(show);
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  #begin(key) {
    const { element, control } = this.#rows.get(key);
    element.classList.add('asked');
    element.scrollIntoView({ block: 'center' });
    control?.focus();
  }

  #find(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [key, { row, element }] of this.#rows) {
      const hay = `${label(key)} ${key} ${row.summary}`.toLowerCase();
      element.hidden = !words.every(word => hay.includes(word));
    }
    for (const section of this.querySelectorAll('section')) section.hidden = !section.querySelector('.setting:not([hidden])');
  }

  #row(row) {
    const id = `set-${row.key.replaceAll('.', '-')}`;
    const list = Array.isArray(row.value);
    const fixed = row.source === 'file' || list;
    const control = fixed ? null : this.#control(row, id);
    const words = h('p', { id: `${id}-words` });
    const facts = h('p', { class: 'setting-facts' });
    const [restart] = RESTARTS[row.restarts] ?? [];
    const element = h(
      'div',
      { class: 'setting' },
      h(
        'div',
        { class: 'row' },
        h('label', { htmlFor: control && id }, label(row.key)),
        restart && !fixed && h('span', { class: 'restart' }, icon('restart'), restart),
        h('span', { class: 'grow' }),
        control ?? h('span', { class: 'fixed mono' }, list ? row.value.join(', ') : String(row.value ?? 'none')),
      ),
      words,
      facts,
    );
    this.#rows.set(row.key, { row, element, control, words, facts });
    return element;
  }

  #control(row, id) {
    const described = { id, 'aria-describedby': `${id}-words` };
    const values = choices(row);
    if (typeof (row.value ?? row.default ?? values?.[0]) === 'boolean' || row.type === 'boolean') {
      const input = h('input', { ...described, type: 'checkbox', role: 'switch', class: 'switch', on: { change: () => this.#set(row, input.checked) } });
      return input;
    }
    if (values) {
      const select = h('select', { ...described, on: { change: () => this.#set(row, values[select.selectedIndex]) } }, values.map(choice => h('option', {}, choice)));
      return select;
    }
    const numeric = typeof (row.value ?? row.default) === 'number' || /number/.test(row.type);
    const input = h('input', { ...described, type: 'text', spellcheck: false, autocapitalize: 'none', class: numeric || row.type !== 'URL' ? '' : 'long', inputMode: numeric ? 'decimal' : 'text', on: { input: () => this.#set(row, read(input.value)) } });
    const read = text => (numeric && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text);
    return input;
  }

  #set(row, value) {
    this.#settings.set(this.#rows.get(row.key).row, value);
  }

  #follow() {
    const settings = this.#settings;
    for (const row of settings.rows) {
      const known = this.#rows.get(row.key);
      if (!known) continue;
      known.row = row;
      this.#draw(known);
    }
    this.#drawBar();
  }

  #draw({ row, element, control, words, facts }) {
    const settings = this.#settings;
    const value = settings.value(row);
    const changed = settings.isChanged(row);
    const mistake = settings.mistake(row);
    element.classList.toggle('changed', changed);
    element.classList.toggle('wrong', Boolean(mistake));
    if (control?.type === 'checkbox') control.checked = value === true;
    else if (control && String(control.value) !== String(value ?? '') && (control !== document.activeElement || !changed)) control.value = value ?? '';
    control?.setAttribute('aria-invalid', Boolean(mistake));
    fill(words, coded(row.summary), ' ', !mistake && fits(row, value) && effect(row.key, value, this.#flow()), mistake && h('b', { class: 'error', role: 'alert' }, ` ${mistake.message}${mistake.hint ? ` (${mistake.hint})` : ''}`));
    const standard = row.default !== undefined ? said(row.default) : row.unset;
    const plain = [standard && `Default ${standard}`, row.limits].filter(Boolean).join(' · ').replaceAll('`', '');
    const back = changed
      ? button({ class: 'link', text: 'Put back', 'aria-label': `Put back ${label(row.key)}`, on: { click: () => this.#putBack(row, row.value ?? '') } })
      : row.source === 'page' && button({ class: 'link', text: 'To the default', 'aria-label': `${label(row.key)} to the default`, on: { click: () => this.#putBack(row, null) } });
    fill(facts, row.source === 'file' ? ['Fixed by ', h('span', { class: 'mono' }, `${row.file}:${row.line}`), ': change it there.'] : plain, row.source === 'page' && !changed && `${plain ? ' · ' : ''}set here`, back && [' ', back]);
  }

  #putBack(row, value) {
    this.#set(row, value);
    this.#rows.get(row.key).control.focus();
  }

  #drawBar() {
    const { changed } = this.#settings;
    this.#bar.hidden = !changed.length;
    if (!changed.length) return;
    const costs = Object.keys(RESTARTS).filter(kind => changed.some(row => row.restarts === kind)).map(kind => RESTARTS[kind][1]);
    const text = h('p', {}, h('b', {}, `${counted(changed.length, 'change')}. `), costs.length ? costs.join(' ') : 'Nothing restarts.');
    if (this.#bar.firstChild) return this.#bar.firstChild.replaceWith(text);
    const apply = button({ class: 'btn pri', text: 'Apply', on: { click: () => this.#apply(apply) } });
    fill(this.#bar, text, h('span', { class: 'grow' }), button({ class: 'btn', text: 'Discard', on: { click: () => this.#settings.discard() } }), apply);
  }

  async #apply(control) {
    const count = this.#settings.changed.length;
    control.disabled = true;
    try {
      await this.#settings.apply();
      toast(`Applied ${counted(count, 'change')}.`);
    } catch (error) {
      toast([error.message, ...this.#settings.elsewhere.map(({ message }) => message)].join(' '));
      this.querySelector('[aria-invalid="true"]')?.focus();
    } finally {
      control.disabled = false;
    }
  }
}

const said = value => ({ true: 'on', false: 'off', '': 'empty' })[String(value)] ?? String(value);

customElements.define('settings-form', SettingsForm);
