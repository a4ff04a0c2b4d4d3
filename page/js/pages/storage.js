// SPDX-License-Identifier: Apache-2.0
import { get } from '../api.js';
import { button, fill, h, icon } from '../dom.js';
import { bytes, day, dayMonth, decimal, duration, hm, instant, integer, keeping, DAY, HOUR, SECOND } from '../format.js';
import { link } from '../router.js';
import { session } from '../session.js';
import { protectSpan } from '../span-actions.js';
import { status } from '../status.js';
import { room } from '../storage/forecast.js';
import { missing, protectedSpans } from '../storage/kept.js';
import { Footage } from '../timeline/footage.js';

const REFRESH = 10 * SECOND;
/** What is missing and what is protected changes slowly, and is asked for as often, in ms. */
const REFRESH_SPANS = 60 * SECOND;

/** How long does it last? */
export function storagePage(root) {
  const top = h('div', { class: 'page-part' });
  const cameras = h('section', { class: 'card' });
  const whatIf = h('what-if', { class: 'card', hidden: true });
  const kept = h('section', { class: 'card', hidden: true });
  const spans = new Map();
  let timer = null;
  let timerOfSpans = null;
  let ended = false;
  let storage = null;
  const draw = () => {
    if (!storage || ended) return;
    fill(top, answers(storage));
    fill(cameras, byCamera(storage, spans));
    kept.hidden = !spans.size;
    fill(kept, protectedFootage(spans, release));
  };
  const load = async () => {
    try {
      if (!document.hidden) {
        storage = await get('/storage');
        draw();
        whatIf.hidden = false;
        whatIf.show(storage);
      }
    } catch (error) {
      if (!storage) fill(top, h('div', { class: 'lead' }, h('h1', {}, 'Storage'), h('p', { role: 'alert' }, error.message)));
    }
    if (!ended) timer = setTimeout(load, REFRESH);
  };
  const look = async () => {
    for (const { camera } of storage?.cameras ?? []) {
      if (ended || document.hidden) break;
      const footage = new Footage(camera);
      try {
        await footage.refresh(0);
        spans.set(camera, footage.spans);
        draw();
      } catch {
        // The columns that need it say that they do not know.
      }
    }
  };
  const keepLooking = async () => {
    await look();
    if (!ended) timerOfSpans = setTimeout(keepLooking, REFRESH_SPANS);
  };
  const release = async (camera, span) => {
    await protectSpan([camera], span, false);
    await look();
  };
  fill(root, h('div', { class: 'page' }, top, h('div', { class: 'halves even' }, h('div', {}, cameras, kept), whatIf)));
  load().then(keepLooking);
  return () => {
    ended = true;
    clearTimeout(timer);
    clearTimeout(timerOfSpans);
  };
}

const at = text => (text ? `${dayMonth(Date.parse(text))} ${hm(Date.parse(text))}` : '–');

function answers(storage) {
  const rate = storage.cameras.reduce((sum, camera) => sum + (camera.rate ?? 0), 0);
  const limit = room(storage);
  return [
    h('div', { class: 'lead' }, h('h1', {}, answer(storage, rate, limit)), h('p', {}, explanation(storage, rate, limit))),
    h('section', { class: 'card pad', 'aria-label': 'Use of the disk' }, useBar(storage, limit)),
  ];
}

const byCamera = (storage, spans) => [
  h('header', {}, h('h2', {}, 'By camera'), h('span', { class: 'grow' }), h('span', { class: 'small muted mono' }, storage.directory)),
  h('div', { class: 'scroll-x' }, table(storage, spans)),
];

/** What is protected, newest first; an operator may release it. */
function protectedFootage(spans, release) {
  const found = [...spans].flatMap(([camera, each]) => protectedSpans(each).map(span => ({ camera, ...span }))).sort((one, other) => other.from - one.from);
  const row = ({ camera, from, to }) =>
    h(
      'li',
      {},
      icon('lock'),
      h('div', { class: 'grow' }, h('a', { class: 'plain', href: link('camera', camera, { t: instant(from), to: instant(to) }) }, camera), h('p', {}, `${dayMonth(from)} ${hm(from)} – ${day(from) === day(to) ? '' : `${dayMonth(to)} `}${hm(to)}, ${duration(to - from)}`)),
      session.may('operator') && button({ class: 'btn sm ghost', text: 'Release', 'aria-label': `Release ${camera}, ${dayMonth(from)} ${hm(from)}`, on: { click: () => release(camera, { from, to }) } }),
    );
  return [h('header', {}, h('h2', {}, 'Protected')), found.length ? h('ul', { class: 'kept' }, found.map(row)) : h('p', { class: 'pad muted' }, 'Nothing is protected: the oldest goes first.')];
}

function answer(storage, rate, limit) {
  if (!rate) return `${bytes(storage.used)} of footage; nothing is being recorded.`;
  return `At ${bytes(rate * 3600)}/h this disk keeps ${keeping((limit / rate) * SECOND)}.`;
}

function explanation(storage, rate, limit) {
  const oldest = storage.oldest ? `Footage begins ${at(storage.oldest)}.` : 'There is no footage yet.';
  if (!rate) return oldest;
  const left = ((limit - storage.used) / rate) * SECOND;
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

/** How much is missing by accident; what was stopped by choice is not missing. */
function lost(spans) {
  if (!spans) return h('span', { class: 'faint' }, 'not known');
  const total = missing(spans);
  return [total.missing ? duration(total.missing) : 'nothing', total.stopped > 0 && h('small', { class: 'faint' }, ` + ${duration(total.stopped)} stopped`)];
}

const age = length => (length < 2 * DAY ? duration(length) : `${decimal(length / DAY)} days`);

const table = (storage, spans) =>
  h(
    'table',
    { class: 'tight' },
    h('thead', {}, h('tr', {}, h('th', {}, 'Camera'), ['Kept', 'Bytes', 'A day', 'Oldest', 'Missing'].map(text => h('th', { class: 'num' }, text)))),
    h(
      'tbody',
      {},
      storage.cameras.map((camera, index) =>
        h(
          'tr',
          {},
          h('td', {}, h('i', { class: 'swatch', css: { background: `var(--s${(index % 10) + 1})` } }), h('a', { class: 'plain', href: link('camera', camera.camera) }, camera.camera)),
          h('td', { class: 'num' }, camera.oldest ? age(status.now() - Date.parse(camera.oldest)) : '–'),
          h('td', { class: 'num' }, integer(camera.used)),
          h('td', { class: 'num' }, camera.rate ? bytes(camera.rate * 86400) : 'nothing now'),
          h('td', { class: 'num nowrap' }, at(camera.oldest)),
          h('td', { class: 'num nowrap' }, lost(spans.get(camera.camera))),
        ),
      ),
    ),
  );
