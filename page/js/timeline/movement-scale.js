// SPDX-License-Identifier: Apache-2.0
// What stands out of the quiet. A value is 12 × log2 of the mean size of a second's predicted frames: 12 more is twice the size.

/** The steps that values are asked for in, in seconds, so that windows of nearly the same zoom share them. */
const STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
/** How wide a bar is at least, in pixels. */
const BAR = 3;
/** How many of a hundred values are quiet. */
const QUIET = 0.2;
/** So much above the quiet is nothing yet, and so much fills the height. */
const NOISE = 2;
const FULL = 24;

/** How many seconds a bar stands for, in a window of `span` ms on `width` pixels. */
export const stepFor = (span, width) => STEPS.find(step => (step * 1000 * width) / span >= BAR) ?? STEPS.at(-1);

export const coarser = step => STEPS.filter(each => each > step);

/** The level that the quiet seconds of what is seen have. */
export function quietLevel(values) {
  const known = values.filter(value => value != null).sort((a, b) => a - b);
  return known[Math.floor(known.length * QUIET)];
}

/** How much of the height a value fills, from 0 (nothing moves) to 1. */
export const height = (value, quiet) => Math.min(1, Math.max(0, (value - quiet - NOISE) / (FULL - NOISE)));
