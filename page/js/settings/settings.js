// SPDX-License-Identifier: Apache-2.0
import { get, patch } from '../api.js';

/** What is written in capitals. */
const SHORT = /\b(url|tls|rtsp|led)\b/g;

function words(name) {
  const text = name.replaceAll('-', ' ').replace(SHORT, word => word.toUpperCase());
  return text[0].toUpperCase() + text.slice(1);
}

/** `Chunk duration`: a setting's name for people. */
export const label = key => words(key.split('.').at(-1));

/** The values that a setting may have, where they can be counted: those it lists, or those that its type names, as in `0` or `180`. */
export function choices({ choices: listed, type, value, default: standard }) {
  if (listed) return listed;
  if (!/^`[^`]*`(, `[^`]*`)*( or `[^`]*`)$/.test(type)) return null;
  const named = [...type.matchAll(/`"?([^`"]*)"?`/g)].map(([, text]) => text);
  if (named.join() === 'true,false') return [true, false];
  return typeof (value ?? standard) === 'number' ? named.map(Number) : named;
}

/** What is set on the page of a camera: `cameras.NAME.*` on a store, `camera.*` on the camera itself. The rest is set on System. */
export const isOf = (key, camera, role) => key.startsWith(`cameras.${camera}.`) || (role === 'camera' && key.startsWith('camera.'));
export const isOfAnyCamera = (key, role) => key.startsWith('cameras.') || (role === 'camera' && key.startsWith('camera.'));

/** The table that a setting is in: `Recording` of `store.recording.max-space`. */
export function group(key) {
  const tables = key.split('.').slice(0, -1);
  const own = tables[0] === 'cameras' || (tables[0] === 'camera' && tables.length === 1);
  return own ? 'Camera' : words(tables.at(-1));
}

/** The settings of a recorder, and changes to them that are not applied yet. Events: `change`. */
export class Settings extends EventTarget {
  /** What there is; null before the first answer. */
  rows = null;
  #chosen;
  #changes = new Map();
  #mistakes = new Map();

  /** @param {(key: string) => boolean} chosen which settings are shown */
  constructor(chosen) {
    super();
    this.#chosen = chosen;
  }

  async load() {
    this.#take(await get('/settings'));
  }

  /** What a setting has, or is about to have; null stands for its default. */
  value(row) {
    const changed = this.#changes.get(row.key);
    return changed === undefined ? row.value : changed ?? row.default;
  }

  isChanged = row => this.#changes.has(row.key);
  mistake = row => this.#mistakes.get(row.key);

  /** Mistakes in settings that are not shown here: one value may not go with another. */
  get elsewhere() {
    return [...this.#mistakes.values()].filter(({ key }) => !this.rows.some(row => row.key === key));
  }

  get changed() {
    return this.rows.filter(this.isChanged);
  }

  /** Means to give a setting a value; null is its default. */
  set(row, value) {
    const same = value === null ? row.source === 'default' : String(value) === String(row.value ?? '');
    if (same) this.#changes.delete(row.key);
    else this.#changes.set(row.key, value);
    this.#mistakes.delete(row.key);
    this.dispatchEvent(new Event('change'));
  }

  discard() {
    this.#changes.clear();
    this.#mistakes.clear();
    this.dispatchEvent(new Event('change'));
  }

  /** Writes all changes, or none. @throws Problem; what is said of single settings is then to be had from `mistake` */
  async apply() {
    try {
      const answer = await patch('/settings', { changes: Object.fromEntries(this.#changes) });
      this.#changes.clear();
      this.#take(answer);
    } catch (problem) {
      this.#note(problem.document?.mistakes ?? []);
      this.dispatchEvent(new Event('change'));
      throw problem;
    }
  }

  #take({ settings, mistakes = [] }) {
    this.rows = settings.filter(({ key }) => this.#chosen(key));
    this.#note(mistakes);
    this.dispatchEvent(new Event('change'));
  }

  #note(mistakes) {
    this.#mistakes = new Map(mistakes.map(mistake => [mistake.key, mistake]));
  }
}
