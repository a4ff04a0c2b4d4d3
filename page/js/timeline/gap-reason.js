// SPDX-License-Identifier: Apache-2.0
const REASONS = {
  network: ['Network', 'The camera could not be reached.'],
  camera: ['Camera', 'The camera sent no frames.'],
  disk: ['Disk', 'The disk took no frames.'],
  stopped: ['Stopped', 'Recording was switched off.'],
  power: ['Power', 'The machine was off.'],
  clock: ['Clock', 'The clock was set forward: this time has never been.'],
  quota: ['Quota', 'There was no room that could be made.'],
};
const UNKNOWN = ['Not known', 'Why is not known.'];

/** Why a gap is there: a word for the axis and a sentence. */
export function gapReason(span) {
  const [word, sentence] = REASONS[span.reason] ?? UNKNOWN;
  return { word, sentence: span.detail ?? sentence };
}

/** A gap that somebody chose is no accident, and does not look like one. */
export const chosen = span => span.reason === 'stopped';
