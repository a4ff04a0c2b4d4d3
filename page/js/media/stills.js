// SPDX-License-Identifier: Apache-2.0
import { address, cameraPath, request } from '../api.js';
import { SECOND } from '../format.js';
import { status } from '../status.js';
import { Preview } from './preview.js';

/** A still is followed by the next of the same camera no sooner than after this, in ms. */
const REFRESH = 2 * SECOND;
const WIDTH = 640;
/** Footage is read back so far behind now, where the recorder draws no stills itself, in ms. */
const BEHIND = 3 * SECOND;
/** A still that takes longer than this gives way to the next camera's, in ms. */
const PATIENCE = 8 * SECOND;
/** Statuses that say that the recorder has no stills, not that one failed. */
const MISSING = [404, 501, 503];

/** All tiles share one connection: a still at a time. */
let turn = Promise.resolve();
let snapshots = true;

/**
 * Shows pictures of a camera one by one until it is told to stop: the recorder's snapshots, or keyframes of its newest footage.
 * @param {HTMLCanvasElement} canvas
 * @param {() => void} tell of each picture
 */
export async function playStills(canvas, camera, signal, tell) {
  const preview = new Preview(camera);
  try {
    while (!signal.aborted) {
      const began = performance.now();
      const picture = await inTurn(() => (signal.aborted ? null : still(camera, preview, signal)));
      if (picture && !signal.aborted) {
        [canvas.width, canvas.height] = [picture.width, picture.height];
        canvas.getContext('2d').drawImage(picture, 0, 0);
        tell();
      }
      picture?.close();
      await pause(signal, REFRESH - (performance.now() - began));
    }
  } finally {
    preview.close();
  }
}

async function still(camera, preview, signal) {
  if (snapshots) {
    try {
      const response = await request('GET', address(`${cameraPath(camera)}/snapshot`, { width: WIDTH }), { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]) });
      return await createImageBitmap(await response.blob());
    } catch (error) {
      if (signal.aborted) return null;
      if (MISSING.includes(error.status)) snapshots = false;
      else return null;
    }
  }
  return preview.fresh(status.now() - BEHIND);
}

function inTurn(work) {
  const done = turn.then(work);
  turn = done.catch(() => {});
  return done;
}

const pause = (signal, length) =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, Math.max(0, length));
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
    if (signal.aborted) resolve();
  });
