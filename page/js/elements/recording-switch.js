// SPDX-License-Identifier: Apache-2.0
import { cameraPath, get, patch } from '../api.js';
import { button, fill, toast } from '../dom.js';
import { SECOND } from '../format.js';
import { status } from '../status.js';

/** How long the recorder may take to do what it said it would, in ms. */
const PATIENCE = 15 * SECOND;

/** Starts and stops the recording of a camera; it says what the recorder says, not what was pressed. */
class RecordingSwitch extends HTMLElement {
  #life = new AbortController();
  #camera;
  /** What was asked for and has not come about yet. */
  #wanted = null;
  #given = null;

  /** Shows itself only where the recorder knows how. */
  async attach({ camera }) {
    this.#camera = camera;
    const { signal } = this.#life;
    this.hidden = true;
    try {
      await get(cameraPath(camera), {}, signal);
    } catch {
      // An older recorder, or one that is silent: there is nothing to switch.
      return;
    }
    this.hidden = false;
    for (const type of ['status', 'known']) status.addEventListener(type, () => this.#draw(), { signal });
    this.#draw();
  }

  disconnectedCallback() {
    this.#life.abort();
    clearTimeout(this.#given);
  }

  #draw() {
    const on = status.camera(this.#camera)?.recording?.enabled;
    if (on === this.#wanted) this.#settle();
    const waiting = this.#wanted != null;
    const text = waiting ? (this.#wanted ? 'Starting…' : 'Stopping…') : on ? 'Stop recording' : 'Start recording';
    const known = status.known && on != null;
    const old = this.firstChild;
    if (old?.textContent === text && old.disabled === (waiting || !known)) return;
    const focused = old === document.activeElement;
    fill(this, button({ class: 'btn sm', symbol: on ? 'stop' : 'record', text, disabled: waiting || !known, on: { click: () => this.#switch(!on) } }));
    if (focused) this.firstChild.focus();
  }

  async #switch(on) {
    this.#wanted = on;
    this.#draw();
    try {
      await patch(cameraPath(this.#camera), { recording: on });
      this.#given = setTimeout(() => {
        toast(`The recorder took the wish, and ${this.#camera} is ${on ? 'still not' : 'still'} recorded.`);
        this.#settle();
        this.#draw();
      }, PATIENCE);
    } catch (error) {
      toast(error.message);
      this.#settle();
    }
    this.#draw();
  }

  #settle() {
    clearTimeout(this.#given);
    this.#wanted = null;
  }
}

customElements.define('recording-switch', RecordingSwitch);
