// SPDX-License-Identifier: Apache-2.0
import { address, cameraPath, get, request } from '../api.js';
import { instant } from '../format.js';
import { status } from '../status.js';
import { cover, endOf, GRID, isCovered, nextPiece, nextSegment, originOf, parsePiece, pieceAt, within } from './buffer-window.js';
import { frames, videoTrack } from './fragment.js';
import { Source } from './source.js';

/** The media's axis is the clock on the wall, in seconds since 1970; it ends in the year 2096. */
const END_OF_TIME = 4e9;
/** What is kept in the buffer, in seconds of footage. */
const AHEAD = 30;
const AHEAD_FAST = 60;
const BEHIND = 30;
/** From this speed on, only keyframes. */
const FAST = 4;
const GRID_FAST = 32;
/** Pieces are asked for so far around what is played, and as often while there are new ones, in seconds. */
const LIST = 120;
const GROWTH = 1;
/** What was captured so lately may not have been written yet, in seconds: it is no gap. */
const UNWRITTEN = 6;
/** A hole this short is passed over, in seconds: a frame or two that were lost. */
const HOLE = 1.5;

/**
 * Plays one camera's chunks on one axis. Times in seconds since 1970.
 *
 * Events: `frame` (detail: the time of the picture that is shown), `gap` (detail: `{from, to}`; `to` undefined where nothing
 * follows), `edge` (the newest frame has been shown), `stall` (detail: whether it waits for data), `trouble` (detail: an error).
 */
export class RecordedPlayer extends EventTarget {
  #camera;
  #video;
  #source = null;
  #pieces = [];
  #listed = { from: 0, to: 0, at: 0 };
  #covered = new Map();
  #frames = [];
  #begun = null;
  #initialisations = new Map();
  #abort = new AbortController();
  #closed = false;
  #fast = false;
  #playing = false;
  #speed = 1;
  #shown = null;
  #wanted = null;
  #watch = null;
  #gap = null;
  #fetching = null;

  constructor(video, camera) {
    super();
    this.#video = video;
    this.#camera = camera;
    video.muted = true;
    video.addEventListener('waiting', () => this.#check(), { signal: this.#abort.signal });
    video.addEventListener('error', () => this.#tell('trouble', new Error(video.error?.message ?? 'The video cannot be played.')), {
      signal: this.#abort.signal,
    });
    this.#watch = setInterval(() => this.#check(), 100);
    this.#expectFrame();
  }

  /** The time of the picture that is shown, or null before the first. */
  get shown() {
    return this.#shown;
  }

  get pieces() {
    return this.#pieces;
  }

  /** Goes to a time; the first picture is told by `frame`, a gap by `gap`. */
  async seek(time) {
    this.#wanted = time;
    this.#gap = null;
    if (this.#source && isCovered({ time, pieces: this.#pieces, covered: this.#covered })) {
      this.#video.currentTime = time;
      this.#run();
      return;
    }
    this.#fetching?.abort();
    const fetching = (this.#fetching = new AbortController());
    try {
      await this.#list(time, fetching.signal);
      if (fetching.signal.aborted) return;
      const piece = pieceAt(this.#pieces, time);
      if (!piece) {
        const newest = this.#pieces.at(-1);
        const unwritten = newest && time >= endOf(newest) && status.now() / 1000 - endOf(newest) < UNWRITTEN;
        return unwritten ? await this.seek(endOf(newest) - 0.2) : this.#enterGap(time);
      }
      await this.#clear(piece);
      if (fetching.signal.aborted) return;
      this.#video.currentTime = time;
      this.#run();
      await this.#pump(fetching.signal);
    } catch (error) {
      if (error.name !== 'AbortError' && !this.#closed) this.#tell('trouble', error);
    }
  }

  /** Shows the last picture before `time`, where a gap begins, without telling of it as a frame. */
  async showBefore(time) {
    if (this.#shown != null && Math.abs(this.#shown - time) < 1) return;
    const signal = this.#fetching?.signal ?? this.#abort.signal;
    try {
      this.#listed = { from: 0, to: 0, at: 0 };
      await this.#list(time, signal);
      const piece = this.#pieces.findLast(each => each.start < time);
      if (!piece || endOf(piece) < time - 5 || signal.aborted) return;
      await this.#clear(piece);
      const from = Math.max(0, piece.duration - 0.5);
      await this.#fetch({ piece, from, to: piece.duration }, signal);
      await this.#source.finish();
      const last = this.#frames.at(-1);
      if (last) this.#video.currentTime = last.time + last.duration / 2;
    } catch (error) {
      if (error.name !== 'AbortError' && !this.#closed) this.#tell('trouble', error);
    }
  }

  play(playing = true) {
    this.#playing = playing;
    this.#run();
  }

  /** 0.5 to 16; above 4 only keyframes are fetched and shown. */
  setSpeed(speed) {
    this.#speed = speed;
    this.#run();
    if (speed > FAST === this.#fast) return;
    this.#fast = speed > FAST;
    this.#covered.clear();
    if (this.#wanted != null) this.seek(this.#shown ?? this.#wanted);
  }

  /** A nudge to be in step with others, as a factor of the speed. */
  nudge(factor) {
    const rate = this.#speed * factor;
    if (Math.abs(this.#video.playbackRate - rate) > 0.004) this.#video.playbackRate = Math.min(16, rate);
  }

  /** Shows the next frame (1) or the one before (-1). */
  async step(direction) {
    if (this.#shown == null) return;
    const index = this.#frames.findIndex(frame => frame.time > this.#shown + 1e-4);
    const next = direction > 0 ? this.#frames[index] : this.#frames[(index < 0 ? this.#frames.length : index) - 2];
    if (next) {
      this.#wanted = next.time;
      this.#video.currentTime = next.time + Math.min(next.duration, 0.04) / 2;
    } else {
      const end = this.#frames.at(-1);
      await this.seek(direction > 0 ? this.#shown + (end?.duration ?? 0.04) * 1.5 : this.#shown - 0.01);
    }
  }

  close() {
    this.#closed = true;
    clearInterval(this.#watch);
    this.#abort.abort();
    this.#fetching?.abort();
    this.#source?.close(this.#video);
    this.#source = null;
  }

  #run() {
    this.#video.playbackRate = this.#speed;
    if (this.#playing && !this.#gap && this.#source) this.#video.play().catch(() => {});
    else this.#video.pause();
  }

  /** Learns which chunks there are around `time`. What comes after now is not known yet, and is asked for again. */
  async #list(time, signal) {
    const { from, to, at } = this.#listed;
    const fresh = performance.now() - at < GROWTH * 1000;
    if (time >= from + 5 && (time + AHEAD_FAST <= to || (fresh && time <= to))) return;
    const span = { from: time - LIST / 2, to: time + LIST };
    const now = status.now() / 1000;
    const answer = await get(`${cameraPath(this.#camera)}/media`, { from: instant(span.from * 1000), to: instant(span.to * 1000) }, signal);
    this.#pieces = answer.pieces.map(parsePiece);
    this.#listed = { from: span.from, to: Math.min(span.to, now), at: performance.now() };
  }

  async #clear(piece) {
    this.#covered.clear();
    this.#frames = [];
    if (this.#source) {
      await this.#source.remove(0, END_OF_TIME);
      return;
    }
    if (!Source.supports(piece.mime)) throw new Error(`This browser cannot play ${piece.mime}. Download the chunk instead.`);
    this.#source = await Source.open(this.#video, piece.mime, END_OF_TIME);
    this.#begun = null;
  }

  /** Keeps the buffer filled until it is told otherwise. */
  async #pump(signal) {
    while (!signal.aborted) {
      const time = this.#position();
      const ahead = this.#fast ? AHEAD_FAST : AHEAD;
      const segment = nextSegment({ time, pieces: this.#pieces, covered: this.#covered, ahead, grid: this.#fast ? GRID_FAST : GRID });
      const fetched = segment && (await this.#fetch(segment, signal));
      await this.#forget(time);
      await this.#list(time, signal);
      if (!fetched) await pause(signal, 100);
    }
  }

  #position() {
    return this.#video.seeking || this.#gap ? this.#wanted : this.#video.currentTime;
  }

  /** @returns {Promise<boolean>} whether there was anything */
  async #fetch({ piece, from, to }, signal) {
    const initialisation = await this.#initialisation(piece, signal);
    const url = address(`/chunks/${piece.chunk}/segment.mp4`, { from: round(from), to: round(to), keyframes: this.#fast ? true : undefined });
    const response = await request('GET', url, { signal });
    const covered = this.#covered.get(piece.chunk) ?? [];
    if (response.status === 204) {
      if (!piece.open) this.#covered.set(piece.chunk, cover(covered, from, to));
      return false;
    }
    const bytes = await response.arrayBuffer();
    signal.throwIfAborted();
    if (this.#begun !== piece.chunk) {
      await this.#source.begin(piece.mime, initialisation.bytes, originOf(piece));
      this.#begun = piece.chunk;
    }
    // Whoever sought meanwhile has emptied the buffer: this must not be in it, nor be taken to be.
    signal.throwIfAborted();
    await this.#source.append(bytes);
    signal.throwIfAborted();
    const got = frames(bytes, initialisation.track);
    const last = got.at(-1);
    const end = piece.open ? last.time + last.duration : to;
    this.#covered.set(piece.chunk, cover(covered, Math.min(from, got[0].time), Math.max(from, end)));
    this.#remember(got.map(frame => ({ ...frame, time: frame.time + originOf(piece) })));
    return true;
  }

  async #initialisation(piece, signal) {
    const known = this.#initialisations.get(piece.chunk);
    if (known) return known;
    const response = await request('GET', address(`/chunks/${piece.chunk}/init.mp4`), { signal });
    const bytes = await response.arrayBuffer();
    const result = { bytes, track: videoTrack(bytes) };
    this.#initialisations.set(piece.chunk, result);
    if (this.#initialisations.size > 50) this.#initialisations.delete(this.#initialisations.keys().next().value);
    return result;
  }

  #remember(got) {
    const from = got[0].time - 1e-4;
    const to = got.at(-1).time + 1e-4;
    this.#frames = [...this.#frames.filter(frame => frame.time < from || frame.time > to), ...got].sort((a, b) => a.time - b.time);
  }

  /** Lets go of what is far behind or, after a step back, far ahead. */
  async #forget(time) {
    const { buffered } = this.#source;
    if (!buffered.length) return;
    const low = time - BEHIND;
    const high = time + 2 * AHEAD_FAST;
    if (buffered.start(0) < low - GRID) await this.#drop(0, low);
    if (buffered.length && buffered.end(buffered.length - 1) > high) await this.#drop(high - GRID, END_OF_TIME);
  }

  async #drop(from, to) {
    await this.#source.remove(from, to);
    for (const [chunk, parts] of this.#covered) {
      const piece = this.#pieces.find(each => each.chunk === chunk);
      // A keyframe's followers go with it: what is cut is fetched again from a second before.
      const origin = piece && originOf(piece);
      const left = piece ? [...within(parts, 0, from - origin), ...within(parts, to - origin + GRID, Infinity)] : [];
      if (left.length) this.#covered.set(chunk, left);
      else this.#covered.delete(chunk);
    }
    this.#frames = this.#frames.filter(frame => frame.time < from || frame.time >= to);
  }

  #expectFrame() {
    this.#video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (this.#closed) return;
      this.#expectFrame();
      if (!this.#source || this.#gap) return;
      this.#shown = mediaTime;
      this.#tell('frame', mediaTime);
    });
  }

  /** Looks whether playback has come to the end of what there is, and why. */
  #check() {
    if (!this.#source || this.#gap || this.#wanted == null || this.#video.seeking || !this.#playing) return;
    const time = this.#video.currentTime;
    const starved = this.#video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    this.#tell('stall', starved);
    if (!starved) return;
    const piece = pieceAt(this.#pieces, time, -0.15);
    if (piece) return;
    const ending = this.#pieces.findLast(each => each.start <= time);
    const next = nextPiece(this.#pieces, Math.max(time, ending ? ending.start : 0));
    if (next && next.start - time <= HOLE) {
      const ready = isCovered({ time: next.start + 0.001, pieces: this.#pieces, covered: this.#covered });
      if (ready) this.#video.currentTime = next.start + 0.001;
    } else if (ending?.open) this.#tell('edge');
    else if (ending && time >= endOf(ending) - 0.15 && this.#listed.to > time + HOLE) this.#enterGap(endOf(ending));
  }

  #enterGap(time) {
    const before = this.#pieces.findLast(piece => piece.start <= time);
    const next = nextPiece(this.#pieces, time);
    this.#gap = { from: before ? endOf(before) : undefined, to: next?.start };
    this.#video.pause();
    this.#tell('gap', { time, ...this.#gap });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const round = seconds => Math.round(seconds * 1e6) / 1e6;

const pause = (signal, length) =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, length);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
