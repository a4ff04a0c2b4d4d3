// SPDX-License-Identifier: Apache-2.0
import { get } from '../api.js';
import { fill, h } from '../dom.js';
import { bytes, dayMonth, decimal, duration, hm, integer, DAY, HOUR, SECOND } from '../format.js';
import { link } from '../router.js';
import { status } from '../status.js';

const REFRESH = 10 * SECOND;

/** How long does it last? */
export function storagePage(root) {
  const page = h('div', { class: 'page' });
  let timer = null;
  let ended = false;
  const load = async () => {
    try {
      if (!document.hidden) fill(page, draw(await get('/storage')));
    } catch (error) {
      if (!page.firstChild) fill(page, h('div', { class: 'lead' }, h('h1', {}, 'Storage'), h('p', { role: 'alert' }, error.message)));
    }
    if (!ended) timer = setTimeout(load, REFRESH);
  };
  fill(root, page);
  load();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

const at = text => (text ? `${dayMonth(Date.parse(text))} ${hm(Date.parse(text))}` : '–');

function draw(storage) {
  const rate = storage.cameras.reduce((sum, camera) => sum + (camera.rate ?? 0), 0);
  const limit = storage['max-space'] ?? storage.used + storage.free;
  return [
    h('div', { class: 'lead' }, h('h1', {}, answer(storage, rate, limit)), h('p', {}, explanation(storage, rate, limit))),
    h('section', { class: 'card pad', 'aria-label': 'Use of the disk' }, useBar(storage, limit)),
    h(
      'section',
      { class: 'card' },
      h('header', {}, h('h2', {}, 'By camera'), h('span', { class: 'grow' }), h('span', { class: 'small muted mono' }, storage.directory)),
      h('div', { class: 'scroll-x' }, table(storage)),
    ),
  ];
}

function answer(storage, rate, limit) {
  if (!rate) return `${bytes(storage.used)} of footage; nothing is being recorded.`;
  return `At ${bytes(rate * 3600)}/h this disk keeps ${keeps(limit / rate)}.`;
}

const keeps = seconds => (seconds > 2 * 86400 ? `${integer(Math.floor(seconds / 86400))} days` : duration(seconds * SECOND));

function explanation(storage, rate, limit) {
  const room = Math.min(limit - storage.used, storage.free);
  const oldest = storage.oldest ? `Footage begins ${at(storage.oldest)}.` : 'There is no footage yet.';
  if (!rate) return oldest;
  const left = (room / rate) * SECOND;
  if (left < HOUR) return `${oldest} It is full, as planned: the oldest makes room for the newest. Protected footage stays.`;
  return `${oldest} There is room for ${duration(left)} more before the oldest has to go${left < 60 * DAY ? `, on ${dayMonth(status.now() + left)}` : ''}.`;
}

function useBar(storage, limit) {
  const whole = Math.max(limit, storage.used + storage.free);
  const share = count => `${(100 * count) / whole}%`;
  const limited = storage['max-space'] != null && storage['max-space'] < whole;
  return [
    h(
      'div',
      { class: 'use-bar', role: 'img', 'aria-label': `${bytes(storage.used)} used of ${bytes(limit)}` },
      storage.cameras.map((camera, index) => h('i', { title: `${camera.camera}: ${bytes(camera.used)}`, css: { '--w': share(camera.used), '--c': `var(--s${(index % 10) + 1})` } }, h('span', {}, camera.camera))),
      limited && h('b', { css: { left: share(limit) } }),
    ),
    h(
      'div',
      { class: 'use-axis' },
      h('span', {}, `Used ${bytes(storage.used)}`),
      limited && h('span', { class: 'limit' }, `Limit ${bytes(limit)}`),
      h('span', {}, `Free on the disk ${bytes(storage.free)}`),
    ),
  ];
}

const table = storage =>
  h(
    'table',
    { class: 'tight' },
    h('thead', {}, h('tr', {}, h('th', {}, 'Camera'), ['Bytes', 'A day', 'Kept', 'Oldest'].map(text => h('th', { class: 'num' }, text)))),
    h(
      'tbody',
      {},
      storage.cameras.map((camera, index) =>
        h(
          'tr',
          {},
          h('td', {}, h('i', { class: 'swatch', css: { background: `var(--s${(index % 10) + 1})` } }), h('a', { class: 'plain', href: link('camera', camera.camera) }, camera.camera)),
          h('td', { class: 'num' }, integer(camera.used)),
          h('td', { class: 'num' }, camera.rate ? bytes(camera.rate * 86400) : 'nothing now'),
          h('td', { class: 'num' }, camera.oldest ? `${decimal((status.now() - Date.parse(camera.oldest)) / DAY)} days` : '–'),
          h('td', { class: 'num nowrap' }, at(camera.oldest)),
        ),
      ),
    ),
  );
