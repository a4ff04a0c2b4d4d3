// SPDX-License-Identifier: Apache-2.0
import { chosen } from '../timeline/gap-reason.js';

/** A hole this short between two protected spans is the seam of two chunks, in ms. */
const SEAM = 2000;

/** How much of a camera's footage is missing by accident, and for how long it was stopped by choice, in ms. */
export function missing(spans) {
  const total = { missing: 0, stopped: 0 };
  for (const span of spans) if (span.kind === 'gap') total[chosen(span) ? 'stopped' : 'missing'] += span.to - span.from;
  return total;
}

/** The spans that are protected, as wholes. */
export function protectedSpans(spans) {
  const result = [];
  for (const span of spans) {
    if (!span.protected) continue;
    const last = result.at(-1);
    if (last && span.from - last.to <= SEAM) last.to = span.to;
    else result.push({ from: span.from, to: span.to });
  }
  return result;
}
