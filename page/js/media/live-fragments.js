// SPDX-License-Identifier: Apache-2.0
import { address, cameraPath, request } from '../api.js';
import { Source } from './source.js';

/** How far behind the newest frame to stay, and from where to leap, in seconds. */
const TARGET = 0.35;
const LEAP = 3;
const KEPT = 8;

/** The speed that brings playback to TARGET: never so different that it is seen. */
export function rateFor(behind) {
  if (behind > 1) return 1.25;
  if (behind > TARGET + 0.15) return 1.08;
  if (behind < TARGET / 2) return 0.94;
  return 1;
}

/**
 * Live video as fragments in one endless response. Resolves when it ends; throws when it fails.
 * @param {{picture: () => void, ending: () => void}} tell of each picture, and before the last is gone
 */
export async function playFragments(video, camera, signal, tell) {
  const response = await request('GET', address(`${cameraPath(camera)}/live.mp4`), { signal });
  const type = response.headers.get('Martlet-Mime');
  if (!type || !Source.supports(type)) {
    await response.body.cancel();
    throw new Error(`This browser cannot play ${type ?? 'what the camera sends'}.`);
  }
  const source = await Source.open(video, type);
  const reader = response.body.getReader();
  let begun = false;
  const picture = () => {
    tell.picture();
    if (!signal.aborted) video.requestVideoFrameCallback(picture);
  };
  video.requestVideoFrameCallback(picture);
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      await source.append(value);
      const { buffered } = source;
      if (!buffered.length) continue;
      const end = buffered.end(buffered.length - 1);
      if (!begun) {
        begun = true;
        video.currentTime = buffered.start(0);
        video.play().catch(() => {});
      }
      const behind = end - video.currentTime;
      if (behind > LEAP) video.currentTime = end - TARGET;
      else video.playbackRate = rateFor(behind);
      if (video.currentTime - buffered.start(0) > 2 * KEPT) await source.remove(0, video.currentTime - KEPT);
    }
  } finally {
    tell.ending();
    reader.cancel().catch(() => {});
    source.close(video);
  }
}
