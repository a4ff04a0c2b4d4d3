// SPDX-License-Identifier: Apache-2.0
import { DAY, HOUR, MINUTE, SECOND } from '../format.js';

const NARROWEST = 10 * SECOND;
const WIDEST = 400 * DAY;
/** How much of the window lies after now while it follows live. */
const AHEAD = 0.06;
/** Closer to now than this is live, in ms. */
const LIVE = 2 * SECOND;
/** No footage is older: an earlier time is a mistake. */
const EARLIEST = Date.UTC(2000, 0, 1);

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** What is shown at first: all there is of a young recording, hours of an old one. */
export const firstSpan = (now, oldest, most = 6 * HOUR) => clamp((now - (oldest ?? now)) * 1.2, 10 * MINUTE, most);

/**
 * One axis for live and recorded, shared by players and timelines. Times in ms since 1970.
 *
 * Events: `time` (the shown time moved), `seek` (somebody chose a time), `mode` (live, playing, speed), `view`, `selection`.
 * Only a person or playback moves the window.
 */
export class TimeModel extends EventTarget {
  live = true;
  playing = true;
  speed = 1;
  /** @type {{from: number, to: number}|null} */
  selection = null;
  #frame = null;
  #drawn = 0;

  /**
   * @param {object} options
   * @param {() => number} options.now the recorder's time
   * @param {() => number|undefined} options.oldest where footage begins
   * @param {number|null} options.time where to begin; null is live
   * @param {number} options.span how much the window shows, in ms
   */
  constructor({ now, oldest, time = null, span }) {
    super();
    this.now = now;
    this.oldest = oldest;
    this.live = time == null;
    this.time = time == null ? now() : Math.max(time, EARLIEST);
    const to = this.live ? this.time + span * AHEAD : this.time + span / 2;
    this.view = { from: to - span, to };
    this.#follow();
  }

  get span() {
    return this.view.to - this.view.from;
  }

  stop() {
    cancelAnimationFrame(this.#frame);
  }

  /** While live, the time is now, and the window keeps its place beside it. */
  #follow() {
    this.#frame = requestAnimationFrame(() => this.#follow());
    if (!this.live) return;
    const now = this.now();
    if (now - this.#drawn < Math.min(250, this.span / 2000)) return;
    this.#drawn = now;
    const moved = now - this.time;
    this.time = now;
    this.view = { from: this.view.from + moved, to: this.view.to + moved };
    this.#tell('time', 'view');
  }

  /** Playback showed the picture of `time`. */
  present(time) {
    if (this.live || time === this.time) return;
    const moved = time - this.time;
    const within = this.time >= this.view.from && this.time <= this.view.to;
    this.time = time;
    if (this.playing && within && moved > 0 && time > this.view.from + this.span * 0.9) {
      this.view = { from: this.view.from + moved, to: this.view.to + moved };
      this.#tell('view');
    }
    this.#tell('time');
  }

  /** Goes to a time; `keep` leaves the window where a person put it. */
  seek(time, { keep = false } = {}) {
    const now = this.now();
    if (time >= now - LIVE) return this.goLive({ keep });
    this.live = false;
    this.time = Math.max(time, this.oldest() ?? time);
    if (!keep && (this.time < this.view.from || this.time > this.view.to)) this.centre();
    this.#tell('mode', 'seek', 'time');
  }

  /**
   * Leads a time that cannot be, as an address may have it, to the nearest that can: to be called when the recorder's time is
   * known, and when it is known where footage begins.
   * @param {boolean} begun whether `oldest` is known, if there is any
   */
  settle(begun) {
    if (this.live) return;
    if (this.time > this.now()) this.goLive();
    else if (begun && this.time <= EARLIEST) {
      const oldest = this.oldest();
      if (oldest == null) this.goLive();
      else this.seek(oldest);
    }
  }

  goLive({ keep = false } = {}) {
    this.live = true;
    this.playing = true;
    this.speed = 1;
    this.time = this.now();
    const { span } = this;
    const outside = this.time < this.view.from || this.time > this.view.to;
    if (!keep || outside) this.view = { from: this.time - span * (1 - AHEAD), to: this.time + span * AHEAD };
    this.#tell('mode', 'seek', 'view', 'time');
  }

  /** Pausing live holds the picture of a moment ago. */
  pause() {
    if (this.live) {
      this.playing = false;
      this.seek(this.now() - LIVE - 500, { keep: true });
    } else this.play(false);
  }

  play(playing = true) {
    this.playing = playing;
    this.#tell('mode');
  }

  setSpeed(speed) {
    this.speed = speed;
    if (this.live && speed !== 1) this.seek(this.now() - 10 * SECOND, { keep: true });
    this.play();
  }

  centre() {
    const { span } = this;
    this.show(this.time - span / 2, this.time + span / 2);
  }

  /** Moves the window, within what there is and a little beside it. */
  show(from, to) {
    const span = clamp(to - from, NARROWEST, WIDEST);
    const now = this.now();
    const low = Math.min(this.oldest() ?? now - DAY, now - NARROWEST) - span * 0.12;
    const high = now + span * 0.12;
    const start = clamp(from, low, Math.max(low, high - span));
    this.view = { from: start, to: start + span };
    this.#tell('view');
  }

  /** Shows a span of time around what is watched. */
  showSpan(span) {
    if (this.live) this.show(this.time - span * (1 - AHEAD), this.time + span * AHEAD);
    else this.show(this.time - span / 2, this.time + span / 2);
  }

  /** Shows all there is. */
  showAll() {
    const now = this.now();
    const length = now - (this.oldest() ?? now - DAY);
    this.show(now - length * 1.06, now + length * 0.03);
  }

  zoom(factor, at) {
    const span = clamp(this.span * factor, NARROWEST, WIDEST);
    const part = (at - this.view.from) / this.span;
    this.show(at - span * part, at - span * part + span);
  }

  pan(length) {
    this.show(this.view.from + length, this.view.to + length);
  }

  select(from, to) {
    this.selection = from == null ? null : { from: Math.min(from, to), to: Math.max(from, to) };
    this.#tell('selection');
  }

  #tell(...types) {
    for (const type of types) this.dispatchEvent(new Event(type));
  }
}
