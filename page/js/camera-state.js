// SPDX-License-Identifier: Apache-2.0
import { duration, SECOND } from './format.js';

/**
 * What a camera's status means to a person.
 * @returns {{state: string, word: string, title?: string, reason?: string}} `state` is a hue and a shape (see state-chip);
 *   `title` and `reason` say what is wrong and what is being done.
 */
export function cameraState(camera, known) {
  if (!camera || !known) return { state: 'live', word: 'Not known' };
  const trouble = camera.recording?.trouble;
  const silent = `No frames for ${duration((camera.seconds ?? 0) * SECOND)}`;
  switch (camera.state) {
    case 'running':
      if (trouble) return { state: 'fault', word: 'Not recorded', title: 'Not recorded', reason: sentence(trouble) };
      if (!camera.recording?.enabled) return { state: 'live', word: 'Live only' };
      return { state: 'rec', word: 'Recording' };
    case 'starting':
      if (camera.source === 'push') return { state: 'retry', word: 'Awaited', title: silent, reason: join(camera.cause, 'It brings its video: waiting for it.') };
      return { state: 'retry', word: 'Starting', title: silent, reason: join(camera.cause, 'Trying now.') };
    case 'backing-off':
      return { state: 'retry', word: 'Reconnecting', title: silent, reason: join(camera.cause, again(camera['next-attempt'])) };
    case 'stuck':
      return { state: 'fault', word: 'Stuck', title: silent, reason: join(camera.cause, 'It hangs in its driver: restart the machine if it does not come back.') };
    default:
      return { state: 'stop', word: 'Stopped', title: 'Stopped' };
  }
}

const again = seconds => (seconds == null ? 'Trying again.' : `Trying again in ${duration(seconds * SECOND)}.`);
const join = (cause, action) => [sentence(cause), action].filter(Boolean).join(' ');

function sentence(text) {
  if (!text) return '';
  const begun = text[0].toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
