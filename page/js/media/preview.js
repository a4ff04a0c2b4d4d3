// SPDX-License-Identifier: Apache-2.0
import { address, cameraPath, get, request } from '../api.js';
import { instant } from '../format.js';
import { originOf, parsePiece, pieceAt } from './buffer-window.js';
import { Source } from './source.js';

const END_OF_TIME = 4e9;
const KEPT = 200;
const WIDTH = 320;

/** Small pictures of recorded times: the keyframe at or before each, decoded by a video element that is not shown. */
export class Preview {
  #camera;
  #video = document.createElement('video');
  #source = null;
  #pictures = new Map();
  #busy = false;
  #next = null;

  constructor(camera) {
    this.#camera = camera;
    this.#video.muted = true;
  }

  /**
   * Asks for the picture of a time; of several questions at once the last is answered.
   * @param {number} time ms since 1970
   * @param {number} coarseness how many ms may share a picture
   * @returns {Promise<ImageBitmap|null>}
   */
  async at(time, coarseness) {
    const step = Math.max(1000, 2 ** Math.round(Math.log2(coarseness)));
    const slot = Math.floor(time / step) * step + step / 2;
    const key = `${step}/${slot}`;
    if (this.#pictures.has(key)) return this.#pictures.get(key);
    const turn = (this.#next = {});
    while (this.#busy) {
      await this.#busy;
      if (this.#next !== turn) return null;
    }
    let done;
    this.#busy = new Promise(resolve => (done = resolve));
    try {
      const picture = await this.#decode(time / 1000);
      this.#pictures.set(key, picture);
      if (this.#pictures.size > KEPT) this.#pictures.delete(this.#pictures.keys().next().value);
      return picture;
    } catch {
      // A preview is a courtesy: the tip has its words without it.
      return null;
    } finally {
      this.#busy = false;
      done();
    }
  }

  /** The picture of a time that may only now have been written: not kept. */
  async fresh(time) {
    try {
      return await this.#decode(time / 1000);
    } catch {
      // What is not written yet is asked for again.
      return null;
    }
  }

  close() {
    this.#source?.close(this.#video);
  }

  async #decode(time) {
    const answer = await get(`${cameraPath(this.#camera)}/media`, { from: instant(time * 1000 - 1), to: instant(time * 1000 + 1) });
    const piece = pieceAt(answer.pieces.map(parsePiece), time);
    if (!piece || !Source.supports(piece.mime)) return null;
    const from = time - originOf(piece);
    const [initialisation, segment] = await Promise.all([
      request('GET', address(`/chunks/${piece.chunk}/init.mp4`)),
      request('GET', address(`/chunks/${piece.chunk}/segment.mp4`, { from: from.toFixed(3), to: (from + 0.001).toFixed(3), keyframes: true })),
    ]);
    if (segment.status === 204) return null;
    this.#source ??= await Source.open(this.#video, piece.mime, END_OF_TIME);
    await this.#source.remove(0, END_OF_TIME);
    await this.#source.begin(piece.mime, await initialisation.arrayBuffer(), originOf(piece));
    await this.#source.append(await segment.arrayBuffer());
    await this.#source.finish();
    const { buffered } = this.#source;
    if (!buffered.length) return null;
    await new Promise((resolve, reject) => {
      this.#video.addEventListener('seeked', resolve, { once: true });
      this.#video.addEventListener('error', reject, { once: true });
      this.#video.currentTime = buffered.start(0) + 0.0005;
    });
    return createImageBitmap(this.#video, { resizeWidth: WIDTH, resizeHeight: Math.round((WIDTH * this.#video.videoHeight) / this.#video.videoWidth) });
  }
}
