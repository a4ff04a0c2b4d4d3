// SPDX-License-Identifier: Apache-2.0
import { bytes, counted, duration, integer, keeping, SECOND } from '../format.js';
import { rate, seconds, size } from './quantity.js';

const RECORDED = ['Everything is kept, all the time.', 'Nothing is kept; the timeline will show “Stopped”.'];

/** By a key's last part: what a value does, in a sentence. `flow` is what is recorded now, in bytes a second. */
const EFFECTS = {
  enabled: value => RECORDED[value ? 0 : 1],
  record: value => RECORDED[value ? 0 : 1],
  'chunk-duration': value => with_(seconds(value), length => `${counted(3600 / length, 'file')} an hour.`),
  'max-space': (value, flow) => with_(flow && size(value) / flow, length => `Keeps about ${keeping(length * SECOND)} of what is recorded now; the oldest goes first, protected footage stays.`),
  'max-age': value => with_(seconds(value), length => `Footage older than ${duration(length * SECOND)} is removed, protected footage stays.`),
  'sync-interval': value => with_(seconds(value), length => `A power cut may cost ${duration(length * SECOND)} of footage.`),
  bitrate: value => with_(rate(value), bits => `About ${bytes((bits / 8) * 3600)} an hour, ${bytes((bits / 8) * 86400)} a day.`),
  framerate: value => with_(Number(value), frames => `One frame each ${integer(1000 / frames)} ms.`),
  'keyframe-interval': value => with_(seconds(value), length => `A span that is exported begins up to ${duration(length * SECOND)} early.`),
};

const with_ = (amount, say) => (amount > 0 && Number.isFinite(amount) ? say(amount) : undefined);

/** What a value of a setting would do, where that can be said. */
export const effect = (key, value, flow) => EFFECTS[key.split('.').at(-1)]?.(value, flow);
