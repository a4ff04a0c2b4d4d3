// SPDX-License-Identifier: Apache-2.0
import { indexAt } from './spans.js';

/** No gap is ever thinner than this, at any zoom, in pixels. */
export const THINNEST = 2;

/**
 * Where footage and gaps of a window lie on a row of pixels. Gaps that fall on the same pixels are one slit, so that a row of ten
 * thousand costs no more than a row of as many as there are pixels.
 *
 * @param {object[]} spans in order
 * @param {{from: number, to: number}} view
 * @param {number} left the window's first pixel
 * @param {number} right its last
 * @param {number} now where footage ends
 * @returns {{footage: {left, right}[], gaps: {left, right, span}[], slits: {left, right, span}[], marks: {protected: [], unsynchronised: []}}}
 */
export function layout(spans, view, left, right, now) {
  const scale = (right - left) / (view.to - view.from);
  const x = time => left + (time - view.from) * scale;
  const footage = [];
  const gaps = [];
  const slits = [];
  const marks = { protected: [], unsynchronised: [] };
  for (let index = indexAt(spans, view.from); index < spans.length && spans[index].from < view.to; index += 1) {
    const span = spans[index];
    const from = Math.max(left, x(span.from));
    const to = Math.min(right, x(Math.min(span.to, now)));
    if (to < from) continue;
    if (span.kind !== 'gap') {
      extend(footage, from, to);
      for (const mark of ['protected', 'unsynchronised']) if (span[mark]) extend(marks[mark], from, to);
    } else if (to - from >= THINNEST) gaps.push({ left: from, right: to, span });
    else slit(slits, (from + to) / 2, span, right);
  }
  return { footage, gaps, slits, marks };
}

/** Neighbours within half a pixel are one. */
function extend(areas, from, to) {
  const last = areas.at(-1);
  if (last && from - last.right < 0.5) last.right = Math.max(last.right, to);
  else areas.push({ left: from, right: to });
}

function slit(slits, middle, span, edge) {
  const from = Math.min(Math.round(middle - THINNEST / 2), edge - THINNEST);
  const last = slits.at(-1);
  // An accident is not hidden behind a gap that somebody chose.
  if (last && from < last.right) {
    if (last.span.reason === 'stopped') last.span = span;
  } else slits.push({ left: from, right: from + THINNEST, span });
}
