// SPDX-License-Identifier: Apache-2.0
import { get, cameraPath } from '../api.js';
import { instant, MINUTE, SECOND } from '../format.js';
import { status } from '../status.js';
import { parseSpan, splice, spanAt } from './spans.js';

/** How often the newest end is asked for anew, and how far back of it, in ms. */
const REFRESH = 5 * SECOND;
const OVERLAP = 2 * MINUTE;

/** One camera's spans, kept up to date. Events: `change`, `trouble`. */
export class Footage extends EventTarget {
  spans = [];
  oldest = undefined;
  loaded = false;
  #asked = null;
  #timer = null;

  constructor(camera) {
    super();
    this.camera = camera;
  }

  /** Asks for everything once, then for what is new until `stop`. */
  async start() {
    this.#timer = setTimeout(() => this.start(), REFRESH);
    if (document.hidden && this.loaded) return;
    try {
      await this.refresh(this.loaded ? this.#asked - OVERLAP : 0);
    } catch (error) {
      this.dispatchEvent(new CustomEvent('trouble', { detail: error }));
    }
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** Asks anew for all from `time` on. */
  async refresh(time) {
    const now = status.now();
    const answer = await get(`${cameraPath(this.camera)}/timeline`, { from: instant(Math.max(0, time)), to: instant(now) });
    this.oldest = answer.oldest && Date.parse(answer.oldest);
    this.spans = splice(this.spans, answer.spans.map(parseSpan), time);
    this.#asked = now;
    this.loaded = true;
    this.dispatchEvent(new Event('change'));
  }

  at(time) {
    return spanAt(this.spans, time);
  }
}
