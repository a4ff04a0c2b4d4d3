// SPDX-License-Identifier: Apache-2.0
import { cameraPath, get } from '../api.js';
import { instant, SECOND } from '../format.js';
import { status } from '../status.js';
import { coarser, quietLevel, stepFor } from './movement-scale.js';

/** Values are asked for in tiles of as many, and those of so many tiles are kept. */
const TILE = 500;
const KEPT = 200;
/** A window that still moves is not asked for, in ms; what grows is asked for again after as long. */
const REST = 120;
const GROWTH = 5 * SECOND;
/** After a failure nothing is asked for so long, in ms. */
const RETRY = 5 * SECOND;

const key = ({ step, index }) => `${step}/${index}`;

/** How much moves in one camera's picture, asked for by window and zoom. Events: `change`. */
export class Movement extends EventTarget {
  /** Whether the recorder does not tell of movement at all. */
  missing = false;
  #camera;
  #tiles = new Map();
  #wanted = [];
  #timer = null;
  #life = new AbortController();
  /** What is being asked for. */
  #asking = null;
  #failed = -Infinity;

  constructor(camera) {
    super();
    this.#camera = camera;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#life.abort();
  }

  /**
   * What is known of a window, finest first come; what is not is asked for once the window rests.
   * @returns {{parts: {from: number, to: number, start: number, step: number, values: (number|null)[]}[], quiet: number|undefined}} a part
   *   is shown from `from` to `to`; its first value is of `start`, and each of `step` ms
   */
  window(view, width, { oldest, now }) {
    if (this.missing || width <= 0) return { parts: [] };
    const step = stepFor(view.to - view.from, width);
    const length = step * TILE * SECOND;
    const parts = [];
    const wanted = [];
    const end = Math.min(view.to, now);
    for (let index = Math.floor(Math.max(view.from, oldest ?? view.from) / length); index * length < end; index += 1) {
      const tile = this.#tiles.get(key({ step, index }));
      if (!tile || (tile.asked < (index + 1) * length && now - tile.asked > Math.max(GROWTH, step * SECOND))) wanted.push({ step, index });
      const from = Math.max(view.from, index * length);
      const to = Math.min(end, (index + 1) * length);
      const known = tile ?? this.#coarser(step, from, to);
      if (known) parts.push({ ...known, from, to });
    }
    this.#want(wanted);
    return { parts, quiet: quietLevel(parts.flatMap(seen)) };
  }

  /** Where the next movement begins, or the one before. @throws Problem 404 where there is none */
  async next(time, direction) {
    const answer = await get(`${cameraPath(this.#camera)}/movement/next`, { [direction > 0 ? 'after' : 'before']: instant(time) });
    return Date.parse(answer.at);
  }

  #coarser(step, from, to) {
    for (const other of coarser(step)) {
      const length = other * TILE * SECOND;
      const tile = this.#tiles.get(key({ step: other, index: Math.floor(from / length) }));
      if (tile && to <= tile.start + length) return tile;
    }
    return undefined;
  }

  #want(tiles) {
    if (performance.now() - this.#failed < RETRY) return;
    const next = tiles.filter(tile => key(tile) !== this.#asking);
    const changed = next.map(key).join() !== this.#wanted.map(key).join();
    this.#wanted = next;
    if (!changed || !next.length) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), REST);
  }

  async #ask() {
    const { signal } = this.#life;
    if (this.#asking) return;
    for (let next; (next = this.#wanted.shift()) && !signal.aborted; ) {
      const { step, index } = next;
      this.#asking = key(next);
      const from = index * step * TILE * SECOND;
      const asked = status.now();
      try {
        const answer = await get(`${cameraPath(this.#camera)}/movement`, { from: instant(from), to: instant(from + step * TILE * SECOND), step }, signal);
        this.#tiles.set(key(next), { start: Date.parse(answer.from), step: answer.step * SECOND, values: answer.values, asked });
        if (this.#tiles.size > KEPT) this.#tiles.delete(this.#tiles.keys().next().value);
      } catch (error) {
        if (error.name === 'AbortError') return;
        if (error.status === 404) this.missing = true;
        // The graph is an extra: without an answer there is the footage without it, until the window moves on.
        this.#failed = performance.now();
        this.#wanted = [];
      } finally {
        this.#asking = null;
      }
      this.dispatchEvent(new Event('change'));
    }
  }
}

const seen = ({ from, to, start, step, values }) => values.slice(Math.max(0, Math.floor((from - start) / step)), Math.ceil((to - start) / step));
