// SPDX-License-Identifier: Apache-2.0
import { button, h } from './dom.js';

const KEYS = [
  ['Play or pause', 'Space', 'K'], ['Slower or back, faster', 'J', 'L'], ['10 seconds', '←', '→'], ['One frame', '⇧ ←', '⇧ →'], ['Previous, next movement', '[', ']'], ['Previous, next gap', '{', '}'],
  ['Now (live)', 'N', '⇧ L'], ['Zoom in, out', '+', '−'], ['Mark start, end of a span', 'I', 'O'], ['Go to a day', 'C'], ['Full screen', 'F'], ['Find a camera, time or setting', '/'], ['Camera 1 to 10', '1', '0'], ['This help', '?'],
];
const MARKS = [['rec', 'Recorded'], ['gap', 'Gap'], ['stop', 'Stopped'], ['lock', 'Protected'], ['card', 'Fetched from the camera’s card'], ['clock', 'Clock not synchronised'], ['act', 'Movement, from frame sizes']];

/** What the colours of the axis mean. */
export const legend = () => h('p', { class: 'legend' }, MARKS.map(([mark, text]) => h('span', {}, h('i', { class: `lg-${mark}` }), text)));

export function openHelp() {
  const close = () => dialog.close();
  const dialog = h(
    'dialog',
    { class: 'help', 'aria-label': 'Keys and help', on: { close: () => dialog.remove(), click: event => event.target === dialog && close() } },
    h('div', { class: 'row' }, h('h1', { class: 'grow' }, 'Keys'), button({ class: 'btn ghost icon', symbol: 'close', label: 'Close', autofocus: true, on: { click: close } })),
    h('div', { class: 'help-grid' }, KEYS.map(([text, ...keys]) => h('div', {}, h('span', {}, text), keys.map(key => h('kbd', {}, key))))),
    h('h2', {}, 'On the timeline'),
    h('p', { class: 'muted' }, 'Click to go there. Drag on footage to select a span. Drag the ruler to move. Wheel or pinch to zoom, shift and wheel to move. With a finger: drag moves, a long press selects.'),
    h('h2', {}, 'What the marks mean'),
    legend(),
  );
  document.body.append(dialog);
  dialog.showModal();
}
