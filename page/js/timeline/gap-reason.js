// SPDX-License-Identifier: Apache-2.0
const REASONS = {
  network: ['Network', 'The camera could not be reached.'],
  camera: ['Camera', 'The camera sent no frames.'],
  disk: ['Disk', 'The disk took no frames.'],
  power: ['Power', 'The machine was off.'],
  clock: ['Clock', 'The clock was set forward: this time has never been.'],
  quota: ['Quota', 'Deleted to make room, or for its age.'],
  removed: ['Removed', 'Somebody deleted it.'],
  lost: ['Lost', 'The file was no longer there, and Martlet had not deleted it.'],
};
/** `stopped` has three causes, which only its detail tells apart. */
const STOPS = {
  'the configuration changed': ['Settings', 'The settings were changed.'],
  'recording was turned off': ['Stopped', 'Recording was turned off, by hand or in the settings.'],
};
const NOT_RUNNING = ['Stopped', 'The service was not running.'];
const UNKNOWN = ['Not known', 'Why is not known.'];

/** Why a gap is there: a word for the axis and a sentence. */
export function gapReason(span) {
  if (span.reason === 'stopped') {
    const [word, sentence] = STOPS[span.detail] ?? [NOT_RUNNING[0], span.detail || NOT_RUNNING[1]];
    return { word, sentence };
  }
  const [word, sentence] = REASONS[span.reason] ?? UNKNOWN;
  return { word, sentence: span.detail || sentence };
}

/** A gap that somebody brought about by stopping is no accident, and does not look like one. */
export const chosen = span => span.reason === 'stopped';
