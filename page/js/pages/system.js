// SPDX-License-Identifier: Apache-2.0
import { cameraState } from '../camera-state.js';
import { chip } from '../elements/state-chip.js';
import { fill, h, icon, toast } from '../dom.js';
import { bytes, counted, day, decimal, duration, hms, integer, SECOND } from '../format.js';
import { machineHealth } from '../machine-health.js';
import { link } from '../router.js';
import { session } from '../session.js';
import { isOfAnyCamera, Settings } from '../settings/settings.js';
import { status } from '../status.js';

/** What is wrong, and where? */
export function systemPage(root, { parameters }) {
  const life = new AbortController();
  const wrong = h('div', { class: 'page-part' });
  const facts = h('div');
  const log = session.may('operator') && h('event-log', { class: 'card' });
  const page = h('div', { class: 'page' }, wrong, h('div', { class: 'halves' }, facts, log));
  const draw = () => {
    if (!status.document) return;
    fill(wrong, describe(status.document, status.known));
    fill(facts, parts(status.document, status.known));
  };
  fill(root, page);
  if (session.may('admin')) offerSettings(page, parameters.get('set'), life.signal);
  for (const type of ['status', 'known']) status.addEventListener(type, draw, { signal: life.signal });
  draw();
  return () => life.abort();
}

const moment = text => `${day(Date.parse(text))} ${hms(Date.parse(text))}`;

function describe(document, known) {
  const { troubles = [], configuration } = document;
  return [
    h('div', { class: 'lead' }, h('h1', {}, known ? (troubles.length ? `${counted(troubles.length, 'thing is', 'things are')} wrong.` : 'All is well.') : 'Not known.'), h('p', {}, document.summary)),
    troubles.length > 0 && h('section', { class: 'card', 'aria-label': 'Troubles' }, h('ul', { class: 'troubles' }, troubles.map(trouble => h('li', {}, chip('fault', 'Trouble', { glyph: true }), trouble)))),
    configuration && configuration.state !== 'current' && mistakes(configuration),
  ];
}

const parts = (document, known) => [
  h('section', { class: 'card' }, h('header', {}, h('h2', {}, 'Pipelines')), h('div', { class: 'scroll-x' }, pipelines(document, known))),
  document.health && h('section', { class: 'card' }, h('header', {}, h('h2', {}, 'Health')), health(known ? document.health : {})),
  h('section', { class: 'card' }, h('header', {}, h('h2', {}, 'This machine')), machine(document)),
];

const health = facts =>
  h(
    'dl',
    { class: 'facts' },
    machineHealth(facts).map(([name, state, words]) => h('div', {}, h('dt', {}, name), h('dd', {}, words == null ? h('span', { class: 'faint' }, 'not known') : state ? chip(state, words) : words))),
  );

/** What is no camera's own is set here; a recorder that does not tell of its settings has no such section. */
async function offerSettings(page, show, signal) {
  const settings = new Settings(key => !isOfAnyCamera(key, status.document?.role));
  try {
    await settings.load();
  } catch (error) {
    if (error.status !== 404) toast(error.message);
    return;
  }
  if (signal.aborted || !settings.rows.length) return;
  const form = h('settings-form');
  page.append(h('section', { class: 'card', 'aria-label': 'Settings' }, h('header', {}, h('h2', {}, 'Settings'), h('span', { class: 'grow' }), h('span', { class: 'small muted' }, 'Each camera’s own are on its page')), form));
  form.attach({ settings, flow: () => status.cameras.reduce((sum, { bitrate = 0 }) => sum + bitrate / 8, 0), show });
}

/** The files are otherwise than what runs: where, and what runs instead. */
const mistakes = ({ file, state, since, mistakes: list = [] }) =>
  h(
    'section',
    { class: 'banner', 'aria-label': 'Configuration' },
    icon('warning'),
    h(
      'div',
      {},
      h('b', {}, `${file} ${state === 'unreadable' ? 'cannot be read' : `has ${counted(list.length, 'mistake')}`}; what was read ${since ? moment(since) : 'before'} stays in force.`),
      list.map(mistake => h('pre', { class: 'mono' }, mistake)),
    ),
  );

const pipelines = ({ cameras = [] }, known) =>
  h(
    'table',
    { class: 'tight' },
    h('thead', {}, h('tr', {}, h('th', {}, 'Camera'), h('th', {}, 'State'), ['For', 'Frames/s', 'Mbit/s', 'Faults'].map(text => h('th', { class: 'num' }, text)), h('th', {}, 'Last cause'))),
    h(
      'tbody',
      {},
      cameras.map(camera => {
        const { state, word } = cameraState(camera, known);
        const number = value => h('td', { class: 'num' }, value ?? '–');
        return h(
          'tr',
          {},
          h('td', {}, h('a', { class: 'plain', href: link('camera', camera.name) }, camera.name)),
          h('td', {}, chip(state, word)),
          number(camera.seconds != null ? duration(camera.seconds * SECOND) : null),
          number(camera.fps != null ? decimal(camera.fps) : null),
          number(camera.bitrate != null ? decimal(camera.bitrate / 1e6, 2) : null),
          number(camera.faults != null ? integer(camera.faults) : null),
          h('td', { class: 'muted' }, camera.cause ?? (camera['last-fault'] ? `${camera['last-fault'].cause}, ${moment(camera['last-fault'].time)}` : 'none')),
        );
      }),
    ),
  );

function machine({ role, version, gstreamer, process, since, time, clock, configuration, rtsp, access, recording, resources }) {
  const rows = [
    ['Role', role],
    ['Version', `Martlet ${version}${gstreamer ? `, ${gstreamer}` : ''}`],
    ['Started', since && `${moment(since)}, ${duration(Date.parse(time) - Date.parse(since))} ago, process ${process}`],
    ['Clock', clock && (clock.synchronised ? 'synchronised' : 'nobody keeps it right: the times of the footage may be off')],
    ['Configuration', configuration?.file],
    ['RTSP', rtsp && [rtsp.listen, rtsp['tls-listen'] && `${rtsp['tls-listen']} (encrypted)`].filter(Boolean).join(', ')],
    ['Access', access && (access.open ? 'open to those who have an account or a token' : 'nobody but the machine itself: there is no account yet')],
    ['Footage', recording && `${recording.directory}${recording.used != null ? `, ${bytes(recording.used)}` : ''}`],
    ['Memory', resources?.memory && `${bytes(resources.memory)}, ${integer(resources.threads)} threads, ${integer(resources.descriptors)} descriptors`],
  ];
  return h('dl', { class: 'facts' }, rows.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}
