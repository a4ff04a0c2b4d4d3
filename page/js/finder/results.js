// SPDX-License-Identifier: Apache-2.0
import { cameraState } from '../camera-state.js';
import { day, hms, instant } from '../format.js';
import { link } from '../router.js';
import { label } from '../settings/settings.js';
import { parseTime } from '../timeline/parse-time.js';

const MOST = 40;
/** What the pages are called, by what people may type. */
const PAGES = [
  ['cameras', 'All cameras', 'wall live tiles now'],
  ['timeline', 'All cameras on one axis', 'timeline together step export zip'],
  ['storage', 'Quota and forecast', 'storage disk space days kept what if protected'],
  ['system', 'Health and event log', 'system pipelines clock version temperature configuration settings'],
  ['people', 'People, sessions and tokens', 'users roles passwords audit log'],
];

/**
 * What may be meant by what was typed: a time, cameras, settings with their value, pages.
 * @param {string} text
 * @param {object} known
 * @param {object[]} known.cameras of the status
 * @param {object[]} known.settings rows, none for who may not see them
 * @param {string[]} known.pages that may be gone to
 * @param {string|null} known.current the camera that is watched
 * @param {number} known.now
 * @param {boolean} known.fresh whether the cameras' states are the present ones
 * @returns {{icon?: string, chip?: object, title: string, detail: string, value: string, href: string}[]}
 */
export function results(text, { cameras, settings, pages, current, now, fresh }) {
  const query = text.trim().toLowerCase();
  const words = query.split(/\s+/).filter(Boolean);
  const has = hay => words.every(word => hay.toLowerCase().includes(word));
  return [
    ...times(query, words, { cameras, pages, current, now }),
    ...cameras.filter(({ name }) => has(name)).map(camera => {
      const { state, word } = cameraState(camera, fresh);
      return { chip: { state, word }, title: camera.name, detail: 'Camera', value: word, href: link('camera', camera.name) };
    }),
    ...(query ? settings : []).filter(({ key, summary }) => has(`${label(key)} ${key} ${summary}`)).map(({ key, summary, value }) => {
      const [table, camera] = key.split('.');
      const own = table === 'cameras' ? camera : table === 'camera' ? cameras[0]?.name : null;
      return { icon: 'settings', title: own ? `${label(key)} of ${own}` : label(key), detail: summary, value: said(value), href: own ? link('camera', own, { set: key }) : link('system', null, { set: key }) };
    }),
    ...PAGES.filter(([page, title, more]) => pages.includes(page) && (query ? has(`${page} ${title} ${more}`) : true)).map(([page, title]) => ({ icon: page, title, detail: page[0].toUpperCase() + page.slice(1), value: '', href: link(page) })),
  ].slice(0, MOST);
}

/** A time may come with a camera's name: `till tue 4:36`. */
function times(query, words, { cameras, pages, current, now }) {
  const named = cameras.find(({ name }) => words.includes(name))?.name;
  const time = query && parseTime(words.filter(word => word !== named).join(' '), now);
  if (time == null || time === '' || time > now) return [];
  const camera = named ?? current ?? cameras[0]?.name;
  const title = `${day(time)} ${hms(time)}`;
  return [
    camera && { icon: 'clock', title, detail: `Go to this time on ${camera}`, value: '', href: link('camera', camera, { t: instant(time) }) },
    pages.includes('timeline') && { icon: 'timeline', title, detail: 'On all cameras', value: '', href: link('timeline', null, { t: instant(time) }) },
  ].filter(Boolean);
}

const said = value => ({ true: 'on', false: 'off', undefined: '' })[String(value)] ?? String(value);
