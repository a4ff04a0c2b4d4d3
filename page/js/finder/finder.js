// SPDX-License-Identifier: Apache-2.0
import { get } from '../api.js';
import { button, coded, fill, h, icon } from '../dom.js';
import { chip } from '../elements/state-chip.js';
import { parse } from '../router.js';
import { session } from '../session.js';
import { status } from '../status.js';
import { results } from './results.js';

/** One box for cameras, times, settings and pages. */
export function openFinder(pages) {
  if (document.querySelector('dialog[open]')) return;
  let settings = [];
  let found = [];
  let at = 0;
  const list = h('ul', { id: 'found', role: 'listbox', 'aria-label': 'Found' });
  const field = h('input', {
    type: 'text', role: 'combobox', placeholder: session.may('admin') ? 'Find a setting, camera or time' : 'Find a camera or time', 'aria-label': 'Find', 'aria-controls': 'found', 'aria-expanded': 'true',
    'aria-autocomplete': 'list', autocomplete: 'off', spellcheck: false, autofocus: true, on: { input: () => look(), keydown: event => key(event) },
  });
  const close = () => dialog.close();
  const dialog = h(
    'dialog',
    { class: 'find', 'aria-label': 'Find', on: { close: () => dialog.remove(), click: event => event.target === dialog && close() } },
    h('div', { class: 'row' }, icon('find'), field, button({ class: 'btn ghost icon', symbol: 'close', label: 'Close', on: { click: close } })),
    list,
    h('footer', {}, h('span', {}, h('kbd', {}, '↑'), h('kbd', {}, '↓'), ' choose'), h('span', {}, h('kbd', {}, 'Enter'), ' go'), h('span', { class: 'grow' }), h('span', {}, 'A time: “tue 4:36”, “17 nov 04:36”, “90 min ago”')),
  );
  const look = () => {
    const { page, argument } = parse(location.hash);
    found = results(field.value, { cameras: status.cameras, settings, pages, current: page === 'camera' ? argument : null, now: status.now(), fresh: status.known });
    at = 0;
    fill(
      list,
      found.map((each, index) =>
        h(
          'li',
          { id: `found-${index}`, role: 'option', on: { click: () => go(index), pointermove: () => mark(index) } },
          each.chip ? chip(each.chip.state, each.chip.word, { glyph: true }) : icon(each.icon),
          h('b', {}, each.title),
          h('span', { class: 'find-value' }, each.value),
          h('small', {}, coded(each.detail)),
        ),
      ),
      !found.length && h('li', { class: 'find-none' }, 'Nothing is called that.'),
    );
    mark(0);
  };
  const mark = index => {
    at = index;
    [...list.children].forEach((each, place) => each.setAttribute('aria-selected', place === index));
    if (found.length) field.setAttribute('aria-activedescendant', `found-${index}`);
    else field.removeAttribute('aria-activedescendant');
  };
  const go = index => {
    close();
    location.hash = found[index].href;
  };
  const key = event => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter' && found.length) go(at);
    else if (move && found.length) {
      mark((at + move + found.length) % found.length);
      list.children[at].scrollIntoView({ block: 'nearest' });
    } else return;
    event.preventDefault();
  };
  document.body.append(dialog);
  dialog.showModal();
  look();
  if (!session.may('admin')) return;
  get('/settings').then(
    answer => {
      settings = answer.settings;
      look();
    },
    // A recorder that does not tell of its settings has none to find.
    () => {},
  );
}
