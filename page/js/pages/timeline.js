// SPDX-License-Identifier: Apache-2.0
import { fill, h, toast } from '../dom.js';
import { instant, HOUR } from '../format.js';
import { exportSpan } from '../export.js';
import { keep, link } from '../router.js';
import { session } from '../session.js';
import { copyLink, protectSpan } from '../span-actions.js';
import { status } from '../status.js';
import { Footage } from '../timeline/footage.js';
import { Movement } from '../timeline/movement.js';
import { firstSpan, TimeModel } from '../timeline/time-model.js';

const MOST = 9;
const FIRST = 4;
const narrow = matchMedia('(max-width: 760px)');

/** Many cameras at one time: who else saw it? The first whose picture is shown and has footage sets the pace. */
export function timelinePage(root, { parameters }) {
  let end = null;
  const begin = () => {
    if (end || !status.document) return;
    end = open(root, parameters);
  };
  status.addEventListener('status', begin);
  begin();
  return () => {
    status.removeEventListener('status', begin);
    end?.();
  };
}

function open(root, parameters) {
  const life = new AbortController();
  const { signal } = life;
  const names = status.cameras.map(camera => camera.name);
  const footages = names.map(name => new Footage(name));
  const movements = names.map(name => new Movement(name));
  const oldest = () => footages.reduce((low, { oldest: each }) => (each === undefined ? low : Math.min(low ?? each, each)), undefined);
  const time = parameters.get('t') ? Date.parse(parameters.get('t')) || null : null;
  const begun = status.cameras.map(camera => Date.parse(camera.recording.oldest)).filter(Number.isFinite);
  const model = new TimeModel({ now: () => status.now(), oldest, time, span: firstSpan(status.now(), begun.length ? Math.min(...begun) : undefined) });
  const asked = parameters.get('show')?.split(',').filter(name => names.includes(name));
  const to = Date.parse(parameters.get('to')) || null;
  if (time != null && to != null) model.select(model.time, to);
  let shown = asked?.length ? asked : names.slice(0, FIRST);

  const grid = h('div', { class: 'grid' });
  const transport = h('play-transport');
  const timeline = h('footage-timeline');
  const overview = h('footage-overview');
  const stage = h('div', { class: 'stage many' }, grid, transport, h('div', { class: 'axis' }, timeline, overview));
  const footage = name => footages.find(each => each.camera === name);
  const players = new Map();

  const lay = () => {
    const count = Math.max(1, players.size);
    let best = { columns: 1, size: 0 };
    if (narrow.matches) {
      const columns = count > 1 ? 2 : 1;
      best = { columns, size: (grid.clientWidth - (columns - 1) * 4) / columns };
    }
    for (let columns = 1; columns <= count && !narrow.matches; columns += 1) {
      const rows = Math.ceil(count / columns);
      const size = Math.min((grid.clientWidth - (columns - 1) * 4) / columns, ((grid.clientHeight - (rows - 1) * 4) / rows) * (16 / 9));
      if (size > best.size) best = { columns, size };
    }
    grid.style.setProperty('--columns', best.columns);
    grid.style.setProperty('--size', `${Math.floor(best.size)}px`);
  };
  /** Whoever has footage now sets the pace; in a gap of one the next does. */
  const choose = () => {
    const leading = [...players.keys()].find(name => footage(name).at(model.time)?.kind !== 'gap') ?? shown[0];
    for (const [name, { player }] of players) player.lead = name === leading;
  };
  const show = cameras => {
    if (cameras.length > MOST) toast(`${MOST} pictures at most.`);
    shown = cameras.slice(0, MOST);
    for (const [name, { figure }] of players) {
      if (shown.includes(name)) continue;
      figure.remove();
      players.delete(name);
    }
    for (const name of shown) {
      if (players.has(name)) continue;
      const player = h('camera-player');
      const figure = h('figure', {}, player, h('figcaption', {}, h('a', { href: link('camera', name), on: { click: event => follow(event, name) } }, name)));
      players.set(name, { player, figure });
    }
    // A picture that is there stays where it is: one that is moved is taken away for a moment, and stops.
    grid.querySelector('.empty')?.remove();
    let next = null;
    for (const name of shown.toReversed()) {
      const { figure } = players.get(name);
      if (!figure.isConnected) grid.insertBefore(figure, next);
      next = figure;
    }
    if (!shown.length) fill(grid, h('p', { class: 'empty' }, 'Tick a camera to see its picture.'));
    for (const name of shown) {
      const { player } = players.get(name);
      if (!player.camera) player.attach({ camera: name, model, footage: footage(name), lead: name === shown[0] });
    }
    lay();
    choose();
  };
  const follow = (event, name) => {
    event.preventDefault();
    location.hash = link('camera', name, model.live ? {} : { t: instant(model.time) });
  };
  const act = async ({ detail }) => {
    const span = model.selection;
    if (!shown.length) return toast('Tick a camera first.');
    if (detail === 'export') exportSpan(shown, span, rate());
    if (detail === 'link') copyLink(link('timeline', null, { t: instant(span.from), to: instant(span.to), show: shown.join(',') }));
    if (detail !== 'protect') return;
    await protectSpan(shown, span);
    for (const name of shown) footage(name).refresh(span.from - HOUR).catch(error => toast(error.message));
  };

  fill(root, stage);
  const rate = () => shown.reduce((sum, name) => sum + (status.camera(name)?.bitrate ?? 0) / 8, 0);
  const first = () => shown[0] ?? names[0];
  transport.attach({ model, footage: () => footage(first()), movement: () => movements[names.indexOf(first())] });
  timeline.attach({ model, footages, movements, rate, may: session.may('operator'), shown });
  overview.attach({ model, footage: footages[0] });
  show(shown);
  timeline.addEventListener('shown', ({ detail }) => show(detail));
  timeline.addEventListener('act', act);
  transport.addEventListener('step', ({ detail }) => {
    for (const { player } of players.values()) player.step(detail);
  });
  transport.addEventListener('full', () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()));
  model.addEventListener('seek', choose, { signal });
  const pace = setInterval(choose, 500);
  const size = new ResizeObserver(lay);
  size.observe(grid);
  let written = null;
  const remember = () => {
    clearTimeout(written);
    written = setTimeout(() => keep(link('timeline', null, { t: model.live ? null : instant(model.time), show: shown.join(',') })), 400);
  };
  for (const type of ['seek', 'mode']) model.addEventListener(type, remember, { signal });
  const settle = () => model.settle(footages.every(({ loaded }) => loaded));
  settle();
  for (const each of footages) {
    each.addEventListener('change', settle, { signal });
    each.start();
  }
  return () => {
    clearTimeout(written);
    clearInterval(pace);
    size.disconnect();
    for (const each of [...footages, ...movements]) each.stop();
    model.stop();
    life.abort();
  };
}
