// SPDX-License-Identifier: Apache-2.0
import { chosen } from './gap-reason.js';
import { indexAt } from './spans.js';

/** No gap is ever thinner than this, at any zoom, in pixels. */
export const THINNEST = 2;
/** Thinner gaps that fall into one column of this width are drawn as what part of it they are: footage is seen beside them. */
export const COLUMN = 4;

/**
 * Where footage and gaps of a window lie on a row of pixels. A row of ten thousand gaps costs no more to draw than one of as many as
 * there are columns.
 *
 * @param {object[]} spans in order
 * @param {{from: number, to: number}} view
 * @param {number} left the window's first pixel
 * @param {number} right its last
 * @param {number} now where footage ends
 * @returns {{footage: {left, right}[], gaps: {left, right, span}[], slits: {left, right, span}[], mixes: {left, right, lost, stopped}[],
 *   marks: {protected: [], replenished: [], unsynchronised: []}}} slits are thin gaps alone in their column; mixes are columns of several, with what part
 *   of them is missing by accident and by choice
 */
export function layout(spans, view, left, right, now) {
  const scale = (right - left) / (view.to - view.from);
  const x = time => left + (time - view.from) * scale;
  const footage = [];
  const gaps = [];
  const columns = [];
  const marks = { protected: [], replenished: [], unsynchronised: [] };
  for (let index = indexAt(spans, view.from); index < spans.length && spans[index].from < view.to; index += 1) {
    const span = spans[index];
    const from = Math.max(left, x(span.from));
    const to = Math.min(right, x(Math.min(span.to, now)));
    if (to < from) continue;
    if (span.kind !== 'gap') {
      extend(footage, from, to);
      for (const mark of ['protected', 'replenished', 'unsynchronised']) if (span[mark]) extend(marks[mark], from, to);
    } else if (to - from >= THINNEST) gaps.push({ left: from, right: to, span });
    else gather(columns, span, (from + to) / 2, Math.floor(((span.from + span.to) * scale) / 2 / COLUMN));
  }
  return { footage, gaps, ...columnsApart(columns, x, COLUMN / scale, left, right), marks };
}

/** Neighbours within half a pixel are one. */
function extend(areas, from, to) {
  const last = areas.at(-1);
  if (last && from - last.right < 0.5) last.right = Math.max(last.right, to);
  else areas.push({ left: from, right: to });
}

/** Columns stand on the clock, not on the window: they do not flicker while it moves. */
function gather(columns, span, middle, number) {
  let column = columns.at(-1);
  if (column?.number !== number) columns.push((column = { number, middle, span, count: 0, lost: 0, stopped: 0 }));
  column.count += 1;
  column[chosen(span) ? 'stopped' : 'lost'] += span.to - span.from;
}

function columnsApart(columns, x, length, left, right) {
  const slits = [];
  const mixes = [];
  for (const { number, middle, span, count, lost, stopped } of columns) {
    if (count === 1) {
      const from = Math.min(Math.round(middle - THINNEST / 2), right - THINNEST);
      slits.push({ left: from, right: from + THINNEST, span });
    } else mixes.push({ left: Math.max(left, x(number * length)), right: Math.min(right, x((number + 1) * length)), lost: lost / length, stopped: stopped / length });
  }
  return { slits, mixes };
}
