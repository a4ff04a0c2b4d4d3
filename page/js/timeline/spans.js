// SPDX-License-Identifier: Apache-2.0
// What is recorded and what is missing, in order of time. Times in ms since 1970.

/** A span as the server says it, with times as numbers. */
export const parseSpan = span => ({ ...span, from: Date.parse(span.from), to: Date.parse(span.to) });

/** The index of the first span that ends after `time`; spans are in order and do not overlap. */
export function indexAt(spans, time) {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].to > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The span that `time` lies in. */
export function spanAt(spans, time) {
  const span = spans[indexAt(spans, time)];
  return span && span.from <= time ? span : undefined;
}

/** Older spans, with all from `time` on replaced by what was asked for anew. */
export function splice(spans, fresh, time) {
  const kept = spans.slice(0, indexAt(spans, time));
  const crossing = spans[kept.length];
  if (crossing && crossing.from < time) kept.push({ ...crossing, to: time });
  for (const span of fresh) {
    if (span.to <= time) continue;
    const next = { ...span, from: Math.max(span.from, time) };
    const last = kept.at(-1);
    if (last && last.to === next.from && alike(last, next)) kept[kept.length - 1] = { ...next, from: last.from };
    else kept.push(next);
  }
  return kept;
}

const TRAITS = ['kind', 'state', 'protected', 'replenished', 'unsynchronised', 'run', 'reason', 'detail'];
const alike = (one, other) => TRAITS.every(trait => one[trait] === other[trait]);

/** The nearest later (`direction` 1) or earlier (-1) gap's beginning, as seen from `time`, at least `margin` ms away. */
export function nextGap(spans, time, direction, margin) {
  const step = direction > 0 ? 1 : -1;
  let index = indexAt(spans, time);
  if (direction < 0 && index === spans.length) index -= 1;
  for (; index >= 0 && index < spans.length; index += step) {
    const span = spans[index];
    if (span.kind === 'gap' && (span.from - time) * step > margin) return span;
  }
  return undefined;
}
