// SPDX-License-Identifier: Apache-2.0
import { playFragments } from './live-fragments.js';
import { place } from './live-places.js';
import { NoWebRTC, playWebRTC } from './live-webrtc.js';
import { hold } from './still.js';
import { playStills } from './stills.js';

/** Without a picture for this long it is not live any more, in ms. */
const SILENCE = 3000;
const RETRY = [500, 1000, 2000, 4000];

/**
 * Live video of a camera on a video element, whichever way it comes, again and again. It stops by itself in a hidden tab.
 *
 * Events: `state` (`connecting`, `live`, `stills` — others have the connections, and there is a picture now and then —, `lost`, with
 * `reason`).
 */
export class LivePlayer extends EventTarget {
  state = 'connecting';
  reason = null;
  /** How it comes: `webrtc`, `fragments` or `stills`. */
  way = null;
  /** When the picture that is shown came, by this browser's clock. */
  lastPicture = null;
  #abort = null;
  #video;
  #still;
  #camera;
  #life = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLCanvasElement} still keeps the last picture
   * @param {string} camera
   */
  constructor(video, still, camera) {
    super();
    this.#video = video;
    this.#still = still;
    this.#camera = camera;
    video.muted = true;
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#pause() : this.#resume()), { signal: this.#life.signal });
  }

  start() {
    this.wanted = true;
    this.#resume();
  }

  stop() {
    this.wanted = false;
    this.#pause();
  }

  close() {
    this.stop();
    this.#life.abort();
  }

  #pause() {
    this.#abort?.abort();
    this.#abort = null;
  }

  #resume() {
    if (!this.wanted || document.hidden || this.#abort) return;
    this.#abort = new AbortController();
    this.#keepOn(this.#abort.signal);
  }

  async #keepOn(signal) {
    for (let failures = 0; !signal.aborted; ) {
      this.#tell('connecting');
      try {
        const before = this.lastPicture;
        await this.#once(signal);
        if (this.lastPicture !== before) failures = 0;
        this.#tell('lost', 'The video ended.');
      } catch (error) {
        if (signal.aborted) return;
        this.#tell('lost', error.message);
      }
      await sleep(RETRY[Math.min(failures, RETRY.length - 1)] * (0.75 + Math.random() / 2), signal);
      failures += 1;
    }
  }

  async #once(signal) {
    const attempt = new AbortController();
    const both = AbortSignal.any([signal, attempt.signal]);
    let leave = null;
    const tell = {
      picture: () => {
        this.lastPicture = Date.now();
        this.#tell('live');
      },
      ending: () => hold(this.#video, this.#still),
    };
    const watch = setInterval(() => {
      const age = Date.now() - (this.lastPicture ?? 0);
      if (this.state === 'live' && age > SILENCE) attempt.abort(new Error('No frames come.'));
    }, 500);
    try {
      try {
        this.way = 'webrtc';
        await playWebRTC(this.#video, this.#camera, both, tell);
      } catch (error) {
        if (!(error instanceof NoWebRTC)) throw error;
        leave = await this.#place(both);
        this.way = 'fragments';
        await playFragments(this.#video, this.#camera, both, tell);
      }
    } catch (error) {
      throw attempt.signal.aborted ? attempt.signal.reason : error;
    } finally {
      clearInterval(watch);
      leave?.();
    }
  }

  /** Waits for a connection that does not end; meanwhile there are stills. */
  async #place(signal) {
    const granted = new AbortController();
    const leave = place(signal).finally(() => granted.abort());
    // Who has a place at once needs no still.
    await Promise.race([leave, sleep(0, signal)]);
    this.way = 'stills';
    await playStills(this.#still, this.#camera, AbortSignal.any([signal, granted.signal]), () => {
      this.lastPicture = Date.now();
      this.#tell('stills');
    });
    return leave;
  }

  #tell(state, reason = null) {
    if (state === this.state && reason === this.reason) return;
    this.state = state;
    this.reason = reason;
    this.dispatchEvent(new Event('state'));
  }
}

const sleep = (length, signal) =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, length);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
