// SPDX-License-Identifier: Apache-2.0
import { cameraState } from '../camera-state.js';
import { chip } from '../elements/state-chip.js';
import { button, fill, h, toast } from '../dom.js';
import { bytes, day, decimal, duration, hms, instant, integer, HOUR, SECOND } from '../format.js';
import { exportSpan } from '../export.js';
import { legend } from '../help.js';
import { keep, link } from '../router.js';
import { session } from '../session.js';
import { isOf, Settings } from '../settings/settings.js';
import { copyLink, protectSpan } from '../span-actions.js';
import { status } from '../status.js';
import { Footage } from '../timeline/footage.js';
import { Movement } from '../timeline/movement.js';
import { firstSpan, TimeModel } from '../timeline/time-model.js';


/** One camera: what happened at that time, can it be trusted, and can it be kept? */
export function cameraPage(root, place) {
  const camera = place.argument;
  let end = null;
  const begin = () => {
    end = open(root, place, () => {
      end();
      end = null;
      fill(root, h('div', { class: 'empty' }, h('h1', {}, `There is no camera “${camera}”`), h('p', {}, h('a', { href: link('cameras') }, 'To the cameras'))));
    });
  };
  // A camera that is configured later comes by itself.
  const appear = () => end || !status.camera(camera) || begin();
  status.addEventListener('status', appear);
  begin();
  return () => {
    status.removeEventListener('status', appear);
    end?.();
  };
}

/** `missing` is called when there is neither such a camera nor footage of one that was. */
function open(root, { argument: camera, parameters }, missing) {
  const life = new AbortController();
  const { signal } = life;
  const may = session.may('operator');
  const footage = new Footage(camera);
  const movement = new Movement(camera);
  const time = number(parameters.get('t'));
  const model = new TimeModel({ now: () => status.now(), oldest: () => footage.oldest, time, span: parseSpan(parameters.get('span')) || firstSpan(status.now(), Date.parse(status.camera(camera)?.recording.oldest) || undefined) });
  const to = number(parameters.get('to'));
  if (to != null && time != null) model.select(model.time, to);

  const player = h('camera-player');
  const transport = h('play-transport');
  const timeline = h('footage-timeline');
  const overview = h('footage-overview');
  const chunks = h('chunk-list');
  const recording = h('recording-switch');
  const stage = h('div', { class: 'stage' }, player, transport, h('div', { class: 'axis' }, timeline, overview, legend()));
  const title = h('div', { class: 'row' });
  const facts = h('p', { class: 'small muted' });
  const panel = h('div', { class: 'panel', role: 'tabpanel', tabIndex: 0 });
  const health = h('dl', { class: 'health' });
  const form = h('settings-form');
  const tab = text => button({ text, role: 'tab', on: { click: event => { choose(event.target); side.classList.add('up'); } } });
  const contents = new Map();
  const list = h('div', { class: 'tabs', role: 'tablist', on: { keydown: event => arrows(event) } });
  /** What is added stays where it is: an element that is moved has been taken away for a moment. */
  const add = (text, content) => {
    const place = tab(text);
    contents.set(place, content);
    list.append(place);
    panel.append(content);
    return place;
  };
  const choose = chosen => {
    for (const [each, content] of contents) {
      each.setAttribute('aria-selected', each === chosen);
      each.tabIndex = each === chosen ? 0 : -1;
      content.hidden = each !== chosen;
    }
    panel.setAttribute('aria-label', chosen.textContent);
  };
  const arrows = event => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.stopPropagation();
    const tabs = [...contents.keys()];
    const index = (tabs.indexOf(document.activeElement) + move + tabs.length) % tabs.length;
    choose(tabs[index]);
    tabs[index].focus();
  };
  const side = h(
    'aside',
    { class: 'side', 'aria-label': `About ${camera}` },
    button({ class: 'grip', label: 'Show more or less', on: { click: () => side.classList.toggle('up') } }),
    h('header', {}, title, h('div', { class: 'row' }, facts, h('span', { class: 'grow' }), may && recording), list),
    panel,
  );
  const first = add('Chunks', chunks);
  add('Health', health);
  choose(first);
  fill(root, h('div', { class: 'camera' }, stage, side));

  player.attach({ camera, model, footage });
  transport.attach({ model, footage: () => footage, movement: () => movement });
  const rate = () => status.camera(camera)?.bitrate / 8;
  timeline.attach({ model, footages: [footage], movements: [movement], rate, may });
  overview.attach({ model, footage });
  chunks.attach({ camera, model, footage, may });
  if (may) recording.attach({ camera });
  if (session.may('admin')) {
    const settings = new Settings(key => isOf(key, camera, status.document?.role));
    settings.load().then(() => {
      if (signal.aborted || !settings.rows.length) return;
      const show = parameters.get('set');
      const place = add('Settings', form);
      const selected = [...contents.keys()].find(each => each.getAttribute('aria-selected') === 'true');
      const asked = show || parameters.get('tab') === 'settings';
      choose(asked ? place : selected);
      if (asked) side.classList.add('up');
      form.attach({ settings, flow: rate, show });
    }, error => error.status !== 404 && toast(error.message));
  }
  transport.addEventListener('step', ({ detail }) => player.step(detail));
  transport.addEventListener('full', () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()));

  timeline.addEventListener('act', async ({ detail }) => {
    const span = model.selection;
    if (detail === 'export') exportSpan([camera], span, rate());
    if (detail === 'link') copyLink(link('camera', camera, { t: instant(span.from), to: instant(span.to) }));
    if (detail !== 'protect') return;
    await protectSpan([camera], span);
    Promise.all([footage.refresh(span.from - HOUR), chunks.reload()]).catch(error => toast(error.message));
  });

  const about = () => {
    const now = status.camera(camera);
    const { state, word } = cameraState(now, status.known);
    fill(title, h('h1', {}, camera), chip(state, word, { soft: true }), h('span', { class: 'grow' }), status.cameras.length > 1 && others(camera));
    fill(facts, now ? summary(now) : status.document ? 'There is no camera of this name now.' : '');
    fill(health, now && status.known ? describe(now) : h('p', { class: 'muted' }, 'Not known.'));
  };
  let written = null;
  const remember = () => {
    clearTimeout(written);
    written = setTimeout(() => keep(link('camera', camera, model.live ? {} : { t: instant(model.time) })), 400);
  };
  for (const type of ['status', 'known']) status.addEventListener(type, about, { signal });
  status.addEventListener('status', () => judge(), { signal });
  const settle = () => status.known && model.settle(footage.loaded);
  status.addEventListener('status', settle, { signal });
  footage.addEventListener('change', settle, { signal });
  for (const type of ['seek', 'mode']) model.addEventListener(type, remember, { signal });
  let said = null;
  let absent = false;
  /** The status tells the cameras that there are; only the server knows of footage that another has left. */
  const judge = () => {
    if (!signal.aborted && status.known && !status.camera(camera) && absent) missing();
  };
  footage.addEventListener('change', () => {
    absent = footage.oldest == null;
    judge();
  }, { signal });
  const complain = ({ detail }) => {
    if (detail.status === 404) {
      absent = true;
      judge();
      if (signal.aborted || !status.known) return;
    }
    if (status.known && detail.message !== said) toast(detail.message);
    said = detail.message;
  };
  footage.addEventListener('trouble', complain, { signal });
  addEventListener('keydown', event => numbered(event), { signal });
  about();
  footage.start();
  return () => {
    clearTimeout(written);
    footage.stop();
    movement.stop();
    model.stop();
    life.abort();
  };
}

const number = text => (text ? Date.parse(text) || null : null);
const parseSpan = text => ({ h: HOUR, d: 24 * HOUR, m: HOUR / 60 })[text?.at(-1)] * parseFloat(text);

function numbered(event) {
  if (event.target.closest?.('input, select, textarea, dialog') || !/^[0-9]$/.test(event.key)) return;
  const camera = status.cameras[(Number(event.key) + 9) % 10];
  if (camera) location.hash = link('camera', camera.name);
}

function others(camera) {
  const select = h('select', { 'aria-label': 'Other camera', on: { change: () => (location.hash = link('camera', select.value)) } }, status.cameras.map(({ name }) => h('option', { selected: name === camera }, name)));
  return select;
}

function summary({ format, fps, bitrate, replenish }) {
  const lacking = replenish?.['lacking-seconds'];
  return [
    format && `${format.codec.toUpperCase()}, ${format.width} × ${format.height}`,
    fps != null && `${decimal(fps)} frames/s`,
    bitrate != null && `${decimal(bitrate / 1e6)} Mbit/s`,
    lacking > 0 && `${duration(lacking * SECOND)} to be fetched from its card`,
  ].filter(Boolean).join(' · ');
}

/** What the recorder says of a camera, in a table. What it does not know is left out. */
function describe(camera) {
  const { recording = {}, viewers, push, replenish, acknowledged } = camera;
  const fault = camera['last-fault'];
  const at = text => text && `${day(Date.parse(text))} ${hms(Date.parse(text))}`;
  return [
    ['Source', camera.source],
    [camera.state === 'running' ? 'Frames flow for' : 'No frames for', camera.seconds != null && duration(camera.seconds * SECOND)],
    ['Last frame', at(camera['last-frame'])],
    ['Last keyframe', at(camera['last-keyframe'])],
    ['Frames', camera.frames != null && integer(camera.frames)],
    ['Came before a keyframe', camera.undecodable ? integer(camera.undecodable) : null],
    ['Faults', camera.faults != null && integer(camera.faults)],
    ['Last fault', fault && `${at(fault.time)}: ${fault.cause}`],
    ['Recording', recording.trouble ?? (recording.enabled ? 'on' : 'off')],
    ['Written now', recording.chunk],
    ['Chunks finished', recording.finished != null && integer(recording.finished)],
    ['Chunks unfinished', recording.unfinished ? integer(recording.unfinished) : null],
    ['Waits to be written', recording.queued ? bytes(recording.queued) : null],
    ['Viewers', viewers && integer(viewers.count)],
    ['Frames too slow for viewers', viewers?.skipped ? integer(viewers.skipped) : null],
    ['A store took the video', at(camera.store)],
    ['On its card, not here', replenish?.['lacking-bytes'] ? bytes(replenish['lacking-bytes']) : null],
    ['Fetched from its card', replenish?.['fetched-bytes'] ? bytes(replenish['fetched-bytes']) : null],
    ['Cannot be fetched', replenish?.trouble],
    ['A store has all until', at(acknowledged?.until)],
    ['Brought to', push && `${push.url} (${push.state}${push.cause ? `: ${push.cause}` : ''})`],
  ]
    .filter(([, value]) => value != null && value !== false && value !== '')
    .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)));
}
