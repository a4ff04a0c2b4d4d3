// SPDX-License-Identifier: Apache-2.0
import { chosen } from './gap-reason.js';
import { indexAt } from './spans.js';
import { midnight } from './ticks.js';

/**
 * What there is of a day of the browser's zone: `none`, `whole`, or `broken` where something is missing that nobody chose to miss.
 * `first` is where its footage begins.
 */
export function dayState(spans, day, now) {
  const end = Math.min(midnight(day, 1), now);
  let first;
  let broken = false;
  for (let index = indexAt(spans, day); index < spans.length && spans[index].from < end; index += 1) {
    const span = spans[index];
    if (span.kind === 'gap') broken ||= !chosen(span);
    else first ??= Math.max(day, span.from);
    if (broken && first !== undefined) break;
  }
  return { state: first === undefined ? 'none' : broken ? 'broken' : 'whole', first };
}

/** The days of the month that `time` lies in, in weeks that begin on `firstDay` (1 is Monday, 7 Sunday); null is beside the month. */
export function weeks(time, firstDay) {
  const date = new Date(time);
  const [year, month] = [date.getFullYear(), date.getMonth()];
  const lead = (new Date(year, month, 1).getDay() - firstDay + 7) % 7;
  const length = new Date(year, month + 1, 0).getDate();
  const cells = Array.from({ length: Math.ceil((lead + length) / 7) * 7 }, (_, index) => {
    const number = index - lead + 1;
    return number >= 1 && number <= length ? new Date(year, month, number).getTime() : null;
  });
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7));
}
