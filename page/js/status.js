// SPDX-License-Identifier: Apache-2.0
import { address } from './api.js';
import { session } from './session.js';

/** How long a status may be silent before it is not known any more, in ms. The server speaks every 5 s at least. */
const SILENCE = 8000;
const RETRY = 3000;

/**
 * The recorder's own account of itself, pushed. Events: `status` with each document, `known` when it becomes, or stops being,
 * the present. A hidden tab does not listen.
 */
class Status extends EventTarget {
  document = null;
  known = false;
  /** When the last document came, by this browser's clock. */
  received = null;
  retryAt = null;
  #source = null;
  #silence = null;
  #retry = null;
  /** The recorder's clock less the browser's, in ms. */
  #ahead = 0;

  constructor() {
    super();
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#close() : this.open()));
  }

  get cameras() {
    return this.document?.cameras ?? [];
  }

  camera(name) {
    return this.cameras.find(camera => camera.name === name);
  }

  /** The recorder's time, in ms since 1970. */
  now() {
    return Date.now() + this.#ahead;
  }

  open() {
    this.#close();
    if (session.state !== 'logged-in' || document.hidden) return;
    this.retryAt = null;
    this.#source = new EventSource(address('/events'));
    this.#source.addEventListener('status', event => this.#take(JSON.parse(event.data)));
    this.#source.addEventListener('error', () => this.#fail());
    this.#expect();
  }

  forget() {
    this.#close();
    this.document = null;
    this.received = null;
    this.known = false;
  }

  #take(document) {
    this.document = document;
    this.received = Date.now();
    this.#ahead = Date.parse(document.time) - this.received;
    this.#expect();
    this.#know(true);
    this.dispatchEvent(new Event('status'));
  }

  #expect() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#fail(), SILENCE);
  }

  /** An EventSource does not say why it failed: the session does. */
  async #fail() {
    this.#close();
    this.retryAt = Date.now() + RETRY;
    this.#retry = setTimeout(() => this.open(), RETRY);
    try {
      await session.load();
    } catch {
      // Nobody answers, which is what is about to be said.
    }
    if (session.state === 'logged-in') this.#know(false);
  }

  #know(known) {
    if (known === this.known && known) return;
    this.known = known;
    this.dispatchEvent(new Event('known'));
  }

  #close() {
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }
}

export const status = new Status();
