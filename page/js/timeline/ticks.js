// SPDX-License-Identifier: Apache-2.0
import { SECOND, MINUTE, HOUR, DAY } from '../format.js';

const STEPS = [
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY,
];
/** The unlabelled marks between two labels. */
const BETWEEN = new Map([
  [5 * SECOND, SECOND], [10 * SECOND, 2 * SECOND], [30 * SECOND, 10 * SECOND], [MINUTE, 15 * SECOND], [2 * MINUTE, 30 * SECOND],
  [5 * MINUTE, MINUTE], [10 * MINUTE, 2 * MINUTE], [15 * MINUTE, 5 * MINUTE], [30 * MINUTE, 10 * MINUTE], [HOUR, 15 * MINUTE],
  [2 * HOUR, 30 * MINUTE], [3 * HOUR, HOUR], [6 * HOUR, HOUR], [12 * HOUR, 3 * HOUR], [DAY, 6 * HOUR], [2 * DAY, DAY], [7 * DAY, DAY],
]);

/** Midnight of a day beside that of `time`, in the browser's zone, whatever the length of the days between. */
export function midnight(time, days = 0) {
  const date = new Date(time);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}

/** So long after midnight by the clock on the wall: on a day of 23 or 25 hours, noon is not 12 hours after midnight. */
function onTheWall(start, length) {
  const date = new Date(start);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate(), 0, 0, 0, length).getTime();
}

/** How far apart labels are: the closest that leaves each as many pixels as its words need. */
export function labelStep(span, width) {
  const pixels = width / span;
  return STEPS.find(step => step * pixels >= (step >= DAY ? 76 : step < MINUTE ? 78 : 62)) ?? STEPS.at(-1);
}

/** Every `step` of the clock on the wall within a window; steps of days are counted from a Monday. */
export function times({ from, to }, step) {
  const result = [];
  if (step >= DAY) {
    const days = step / DAY;
    let time = midnight(from, days > 1 && days % 7 === 0 ? -((new Date(from).getDay() + 6) % 7) : 0);
    if (days === 2 && new Date(time).getDate() % 2 === 0) time = midnight(time, -1);
    for (; time < to; time = midnight(time, days)) if (time >= from) result.push(time);
    return result;
  }
  for (let start = midnight(from); start < to; start = midnight(start, 1)) {
    const end = Math.min(to, midnight(start, 1));
    const first = Math.max(0, Math.floor((from - start) / step) - 2 * HOUR / step);
    for (let count = Math.floor(first); ; count += 1) {
      const time = step < HOUR ? start + count * step : onTheWall(start, count * step);
      if (time >= end) break;
      if (time >= from && time !== result.at(-1)) result.push(time);
    }
  }
  return result;
}

/** @returns {{time: number, kind: 'day'|'time'|'minor'}[]} days win over hours. */
export function ticks(view, width) {
  const step = labelStep(view.to - view.from, width);
  const marks = new Map();
  if (BETWEEN.has(step)) for (const time of times(view, BETWEEN.get(step))) marks.set(time, 'minor');
  for (const time of times(view, step)) marks.set(time, step >= DAY ? 'day' : 'time');
  if (step < DAY) for (const time of times(view, DAY)) marks.set(time, 'day');
  return { step, marks: [...marks].map(([time, kind]) => ({ time, kind })).sort((a, b) => a.time - b.time) };
}
