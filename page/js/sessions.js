// SPDX-License-Identifier: Apache-2.0
import { button, h } from './dom.js';
import { session } from './session.js';

/** Where one is logged in, to log out there. */
export function openSessions() {
  const close = () => dialog.close();
  const list = h('session-list');
  const dialog = h(
    'dialog',
    { class: 'where', 'aria-label': 'Where you are logged in', on: { close: () => dialog.remove(), click: event => event.target === dialog && close() } },
    h('div', { class: 'row' }, h('h1', { class: 'grow' }, `${session.user}, ${session.role}`), button({ class: 'btn ghost icon', symbol: 'close', label: 'Close', autofocus: true, on: { click: close } })),
    list,
  );
  document.body.append(dialog);
  dialog.showModal();
  list.attach({ others: [] });
}
