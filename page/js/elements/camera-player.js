// SPDX-License-Identifier: Apache-2.0
import { button, fill, h } from '../dom.js';
import { day, duration, hms, SECOND } from '../format.js';
import { LivePlayer } from '../media/live-player.js';
import { RecordedPlayer } from '../media/recorded-player.js';
import { hold } from '../media/still.js';
import { gapReason } from '../timeline/gap-reason.js';
import { clamp } from '../timeline/time-model.js';

/** A gap that playback runs into is shown for so long before it goes on, in ms. */
const SHOWN = 2500;
/** In step means: closer than this, in seconds. Further off than LEAP it is sought. */
const STEP = 0.012;
const LEAP = 0.6;

/**
 * One camera's picture at the model's time, live or recorded. `lead` says that its frames move the model's time; otherwise it
 * keeps in step with it.
 */
export class CameraPlayer extends HTMLElement {
  lead = true;
  #life = new AbortController();
  #model;
  #footage;
  #live;
  #recorded = null;
  #parts;
  #soughtAt = null;
  #onward = null;
  #gapTime = null;
  /** The gap before which the last picture is held. */
  #held = null;

  /**
   * @param {object} options
   * @param {string} options.camera
   * @param {TimeModel} options.model
   * @param {Footage} options.footage
   * @param {boolean} [options.lead]
   */
  attach({ camera, model, footage, lead = true }) {
    const { signal } = this.#life;
    Object.assign(this, { camera, lead });
    this.#model = model;
    this.#footage = footage;
    const video = () => h('video', { playsInline: true, muted: true, tabIndex: -1, 'aria-hidden': 'true' });
    this.#parts = {
      live: video(),
      recorded: video(),
      still: h('canvas', { role: 'img', 'aria-label': `Picture of ${camera}` }),
      gap: h('div', { class: 'player-note', hidden: true }),
      note: h('div', { class: 'player-wait', hidden: true, role: 'status' }),
    };
    fill(this, this.#parts.still, this.#parts.live, this.#parts.recorded, this.#parts.gap, this.#parts.note);
    this.#live = new LivePlayer(this.#parts.live, this.#parts.still, camera);
    this.#live.addEventListener('state', () => this.#followLive(), { signal });
    model.addEventListener('mode', () => this.#mode(), { signal });
    model.addEventListener('seek', () => this.#seek(), { signal });
    model.addEventListener('time', () => this.#keepStep(), { signal });
    footage.addEventListener('change', () => this.#nameGap(), { signal });
    document.addEventListener('visibilitychange', () => this.#rest(), { signal });
    this.#mode();
    this.#seek();
  }

  disconnectedCallback() {
    this.#life.abort();
    clearTimeout(this.#onward);
    this.#live?.close();
    this.#recorded?.close();
  }

  /** The time of the picture that is shown, in ms, or null. */
  get shown() {
    return this.#recorded?.shown == null ? null : this.#recorded.shown * SECOND;
  }

  step(direction) {
    if (this.#model.live) this.#model.pause();
    else {
      this.#model.play(false);
      this.#recorded?.step(direction);
    }
  }

  #show(which) {
    if (this.dataset.shows === which) return;
    const old = this.dataset.shows;
    if (old) hold(this.#parts[old], this.#parts.still);
    this.dataset.shows = which;
    delete this.dataset.ready;
  }

  #ready() {
    this.dataset.ready = '';
    this.classList.remove('dimmed');
    this.#parts.note.hidden = true;
  }

  #mode() {
    const { live, playing, speed } = this.#model;
    if (live) {
      if (this.dataset.shows !== 'live') this.#showLive();
      return;
    }
    if (!this.#recorded) return;
    this.#recorded.setSpeed(speed);
    this.#recorded.play(playing);
    if (playing && !this.#parts.gap.hidden) this.#goOn();
    if (!playing) clearTimeout(this.#onward);
  }

  /** Nobody sees a hidden tab: its footage stands until it is shown again. (Live video stops by itself.) */
  #rest() {
    if (document.hidden) this.#recorded?.play(false);
    else this.#mode();
  }

  #showLive() {
    this.#show('live');
    this.#hideGap();
    this.#recorded?.close();
    this.#recorded = null;
    this.#live.start();
    this.#followLive();
  }

  #followLive() {
    if (!this.#model.live) return;
    const { state, reason } = this.#live;
    if (state === 'live') this.#ready();
    else if (state === 'stills') {
      delete this.dataset.ready;
      this.classList.remove('dimmed');
      this.#say('Stills: others have the connections.');
    }
    else {
      delete this.dataset.ready;
      this.classList.add('dimmed');
      this.#say(state === 'lost' ? `No live picture. ${reason ?? ''} Trying again.` : 'Connecting…');
    }
  }

  #say(text) {
    fill(this.#parts.note, text);
    this.#parts.note.hidden = false;
  }

  #seek() {
    if (this.#model.live) return;
    const time = this.#model.time / SECOND;
    this.#show('recorded');
    this.#live.stop();
    this.#hideGap();
    if (!this.#recorded) this.#openRecorded();
    this.#recorded.seek(time);
    this.#recorded.play(this.#model.playing);
  }

  #openRecorded() {
    const player = (this.#recorded = new RecordedPlayer(this.#parts.recorded, this.camera));
    const mine = listener => event => player === this.#recorded && listener(event);
    player.setSpeed(this.#model.speed);
    player.addEventListener('frame', mine(({ detail }) => this.#frame(detail * SECOND)));
    player.addEventListener('gap', mine(({ detail }) => this.#showGap(detail.time * SECOND)));
    player.addEventListener('edge', mine(() => this.lead && this.#model.goLive({ keep: true })));
    player.addEventListener('stall', mine(({ detail }) => (detail ? this.#say('Loading…') : (this.#parts.note.hidden = true))));
    player.addEventListener('trouble', mine(({ detail }) => this.#trouble(detail)));
  }

  #trouble(error) {
    this.classList.add('dimmed');
    this.#say(`${error.message} Trying again.`);
    clearTimeout(this.#onward);
    this.#onward = setTimeout(() => this.#seek(), 2 * SECOND);
  }

  #frame(time) {
    this.#ready();
    this.dispatchEvent(new CustomEvent('frame', { detail: time }));
    if (!this.lead) return;
    this.#recorded.nudge(1);
    this.#model.present(time);
  }

  /** Rates a little off bring a camera in step with the others; far off it is sought. */
  #keepStep() {
    if (this.lead || this.#model.live || !this.#recorded) return;
    const span = this.#footage.at(this.#model.time);
    const hole = span?.kind === 'gap';
    if (hole !== !this.#parts.gap.hidden) {
      if (hole) this.#showGap(this.#model.time);
      else this.#seek();
      return;
    }
    if (hole || !this.#model.playing || this.shown == null || this.#parts.recorded.seeking) return;
    const behind = this.#model.time / SECOND - this.#parts.recorded.currentTime;
    if (Math.abs(behind) > LEAP * Math.max(1, this.#model.speed)) {
      const now = performance.now();
      if (now - (this.#soughtAt ?? 0) < 2 * SECOND) return;
      this.#soughtAt = now;
      this.#recorded.seek(this.#model.time / SECOND);
    } else this.#recorded.nudge(Math.abs(behind) < STEP ? 1 : 1 + clamp(behind / this.#model.speed, -0.15, 0.15));
  }

  #showGap(time) {
    this.#gapTime = time;
    this.dataset.ready = '';
    this.classList.add('dimmed');
    this.#parts.note.hidden = true;
    this.#parts.gap.hidden = false;
    this.#nameGap();
    if (this.#model.playing && this.lead) this.#goOn();
  }

  #nameGap() {
    if (this.#parts.gap.hidden) return;
    const span = this.#footage.at(this.#gapTime);
    const gap = span?.kind === 'gap' ? span : null;
    if (!gap) {
      fill(this.#parts.gap, h('b', {}, 'No footage'), h('p', {}, `${day(this.#gapTime)}, ${hms(this.#gapTime)}`));
      return;
    }
    if (this.#held !== gap.from) {
      this.#held = gap.from;
      this.#recorded.showBefore(gap.from / SECOND);
    }
    const { word, sentence } = gapReason(gap);
    const open = gap.to >= this.#model.now() - 3 * SECOND;
    fill(
      this.#parts.gap,
      h('b', {}, `${word}: ${open ? 'no footage now' : `${duration(gap.to - gap.from)} missing`}`),
      h('p', {}, `${hms(gap.from)} to ${open ? 'now' : hms(gap.to)}, ${day(gap.from)}. ${sentence}`),
      !open && this.lead && button({ class: 'btn sm', symbol: 'gap-forward', text: `Go to ${hms(gap.to)}, the next frame`, on: { click: () => this.#leaveGap() } }),
    );
  }

  /** Playback that ran into a gap says so for a moment, and goes on behind it. */
  #goOn() {
    clearTimeout(this.#onward);
    this.#onward = setTimeout(() => this.lead && this.#model.playing && this.#leaveGap(), SHOWN);
  }

  #leaveGap() {
    const gap = this.#footage.at(this.#gapTime);
    if (gap?.kind === 'gap') this.#model.seek(gap.to + 1, { keep: false });
  }

  #hideGap() {
    clearTimeout(this.#onward);
    this.#held = null;
    this.#parts.gap.hidden = true;
    this.classList.remove('dimmed');
  }
}

customElements.define('camera-player', CameraPlayer);
