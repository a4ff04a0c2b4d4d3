// SPDX-License-Identifier: Apache-2.0
import { cameraState } from '../camera-state.js';
import { fill, h } from '../dom.js';
import { duration, hms, SECOND } from '../format.js';
import { LivePlayer } from '../media/live-player.js';
import { link } from '../router.js';
import { status } from '../status.js';
import { chip } from './state-chip.js';

/** A picture older than this is said to be, in ms. */
const OLD = 3000;

/** `<camera-tile camera="…">`: live picture, state, time of the last frame. Out of sight it takes nothing. */
customElements.define(
  'camera-tile',
  class extends HTMLElement {
    #life;
    #player;
    #parts;

    connectedCallback() {
      this.#life = new AbortController();
      const { signal } = this.#life;
      this.camera = this.getAttribute('camera');
      const video = h('video', { playsInline: true, muted: true, tabIndex: -1, 'aria-hidden': 'true' });
      const still = h('canvas', { 'aria-hidden': 'true' });
      const why = h('div', { class: 'tile-why' });
      const caption = h('div', { class: 'tile-caption' });
      const anchor = h('a', { href: link('camera', this.camera) }, h('div', { class: 'tile-picture' }, video, still, why), caption);
      this.#parts = { video, still, why, caption, anchor };
      fill(this, anchor);
      this.#player = new LivePlayer(video, still, this.camera);
      this.#player.addEventListener('state', () => this.#follow(), { signal });
      for (const type of ['status', 'known']) status.addEventListener(type, () => this.#draw(), { signal });
      const sight = new IntersectionObserver(([entry]) => (entry.isIntersecting ? this.#player.start() : this.#leave()), { rootMargin: '80px' });
      sight.observe(this);
      const timer = setInterval(() => this.#draw(), SECOND);
      signal.addEventListener('abort', () => {
        sight.disconnect();
        clearInterval(timer);
      });
      this.#follow();
    }

    disconnectedCallback() {
      this.#life.abort();
      this.#player.close();
    }

    #leave() {
      this.#player.stop();
      this.classList.remove('moving');
    }

    /** The last picture stays, whatever becomes of the video. */
    #follow() {
      this.classList.toggle('moving', this.#player.state === 'live');
      this.dataset.live = this.#player.state;
      this.#draw();
    }

    #draw() {
      const camera = status.camera(this.camera);
      const { state, word, title, reason } = cameraState(camera, status.known);
      const { why, caption, anchor } = this.#parts;
      const { lastPicture, state: live } = this.#player;
      const silent = live === 'lost' && status.known && state !== 'stop';
      const flowing = camera?.state === 'running' && status.known;
      this.dataset.state = flowing && silent ? 'retry' : state;
      this.classList.toggle('dimmed', !flowing || silent);
      anchor.setAttribute('aria-label', `${this.camera}: ${word}`);
      const waiting = flowing && !silent && !lastPicture;
      const heading = title ?? (waiting ? 'Connecting…' : flowing && silent ? 'No picture' : null);
      const explanation = title ? reason : this.#player.reason;
      fill(why, heading && [h('b', {}, heading), explanation && h('span', {}, explanation)]);
      fill(caption, chip(this.dataset.state, word, { glyph: true }), h('b', {}, this.camera), h('span', { class: 'tile-word' }, word), h('span', { class: 'tile-time' }, this.#age(camera, lastPicture, flowing)));
    }

    #age(camera, lastPicture, flowing) {
      const age = lastPicture && Date.now() - lastPicture;
      if (flowing && lastPicture && this.#player.state === 'stills') return `still, ${duration(Math.max(SECOND, age))} ago`;
      if (flowing && age != null && age < OLD) return hms(status.now());
      const last = camera?.['last-frame'] ?? null;
      return last && !flowing ? `last ${hms(Date.parse(last))}` : '';
    }
  },
);
