// SPDX-License-Identifier: Apache-2.0
import { cameraState } from '../camera-state.js';
import { button, fill, h } from '../dom.js';
import { counted, dayMonth, hm } from '../format.js';
import { link } from '../router.js';
import { status } from '../status.js';
import { clamp } from '../timeline/time-model.js';
import { chip } from '../elements/state-chip.js';

const SIZES = [['Fit', 'As large as fits', 0], ['S', 'Small tiles', 5], ['M', 'Medium tiles', 3], ['L', 'Large tiles', 2]];
const CAPTION = 44;
const GAP = 12;

/** How many columns make `count` tiles of 16:9 as large as fits. */
export function columnsThatFit(count, width, height) {
  let best = { columns: 1, size: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const size = Math.min((width - (columns - 1) * GAP) / columns, ((height - rows * CAPTION) / rows) * (16 / 9));
    if (size > best.size) best = { columns, size };
  }
  return best;
}

/** The wall: is all well, and what is to be seen now? */
export function camerasPage(root) {
  const life = new AbortController();
  const { signal } = life;
  const summary = h('div', { class: 'summary' });
  const wall = h('div', { class: 'wall' });
  let wanted = 0;
  let names = null;
  const sizes = SIZES.map(([text, label, columns]) => button({ text, label, 'aria-pressed': String(columns === wanted), on: { click: () => choose(columns) } }));
  const full = () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen());
  const head = h('div', { class: 'wall-head' }, summary, h('div', { class: 'row tools' }, h('div', { class: 'seg', role: 'group', 'aria-label': 'Tile size' }, sizes), button({ class: 'btn icon full', symbol: 'full-screen', label: 'Full screen (F)', on: { click: full } })));

  const choose = columns => {
    wanted = columns;
    sizes.forEach((size, index) => size.setAttribute('aria-pressed', SIZES[index][2] === columns));
    lay();
  };
  const lay = () => {
    const count = Math.max(1, status.cameras.length);
    const width = root.clientWidth - 32;
    const height = innerHeight - head.getBoundingClientRect().bottom - scrollY - 8;
    let { columns, size } = columnsThatFit(count, width, height);
    if (width < 700) [columns, size] = [count > 4 || wanted === 5 ? 2 : 1, width];
    else if (wanted) [columns, size] = [wanted, width];
    else if (size < 240) [columns, size] = [clamp(Math.floor(width / 300), 1, count), width];
    wall.style.setProperty('--columns', columns);
    wall.style.setProperty('--width', size === width ? '100%' : `${Math.floor(size * columns + (columns - 1) * GAP + 32)}px`);
  };
  const draw = () => {
    fill(summary, say());
    const now = status.document && JSON.stringify(status.cameras.map(camera => camera.name));
    if (now === names) return;
    names = now;
    fill(wall, status.document && !status.cameras.length ? empty() : status.cameras.map(({ name }) => h('camera-tile', { camera: name })));
    lay();
  };
  const keys = event => {
    if (event.target.closest?.('input, select, dialog') || event.ctrlKey || event.metaKey || event.altKey) return;
    const tiles = [...wall.querySelectorAll('camera-tile a')];
    const columns = Number(wall.style.getPropertyValue('--columns'));
    const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (move && tiles.length) {
      const index = tiles.indexOf(document.activeElement);
      tiles[index < 0 ? 0 : clamp(index + move, 0, tiles.length - 1)].focus();
      event.preventDefault();
    } else if (/^[0-9]$/.test(event.key)) {
      const camera = status.cameras[(Number(event.key) + 9) % 10];
      if (camera) location.hash = link('camera', camera.name);
    } else if (event.key === 'f') full();
  };

  fill(root, head, wall);
  for (const type of ['status', 'known']) status.addEventListener(type, draw, { signal });
  addEventListener('resize', lay, { signal });
  document.addEventListener('fullscreenchange', lay, { signal });
  addEventListener('keydown', keys, { signal });
  draw();
  return () => life.abort();
}

/** The answer first: how many, what is wrong, and since when there is footage. */
function say() {
  if (!status.document) return h('span', { class: 'skeleton', role: 'status' }, h('span', { class: 'spoken' }, 'Loading'));
  const { cameras, known } = status;
  const states = cameras.map(camera => ({ camera, ...cameraState(camera, true) }));
  const recording = states.filter(({ state }) => state === 'rec').length;
  const needs = known ? states.filter(({ state }) => state === 'fault' || state === 'retry') : [];
  const { oldest } = status.document.recording ?? {};
  return [
    h('h1', {}, `${counted(cameras.length, 'camera')}, ${recording} recording${known ? '' : ` at ${hm(status.received)}`}.`),
    h(
      'p',
      {},
      needs.slice(0, 3).map(({ camera, state, word, reason }) => h('a', { class: `need ${state}`, href: link('camera', camera.name) }, chip(state, word, { glyph: true }), `${camera.name}: ${state === 'fault' ? (reason ?? word) : word.toLowerCase()}`)),
      needs.length > 3 && h('a', { class: 'need retry', href: link('system') }, `and ${needs.length - 3} more`),
      oldest && `Footage from ${dayMonth(Date.parse(oldest))} ${hm(Date.parse(oldest))} until now.`,
    ),
  ];
}

const empty = () =>
  h('div', { class: 'empty' }, h('h1', {}, 'No camera yet'), h('p', {}, 'Cameras are named in ', h('code', {}, 'config.toml'), ', a table ', h('code', {}, '[cameras.NAME]'), ' each. They appear here by themselves.'));
