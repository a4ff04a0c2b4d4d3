// SPDX-License-Identifier: Apache-2.0
import { DAY, SECOND } from '../format.js';

/** What footage may take at most: its limit, or what the disk has for it. */
export const room = ({ used, free, 'max-space': limit = Infinity, 'min-free': kept = 0 }) => Math.min(limit, used + Math.max(0, free - kept));

/**
 * What comes of recording `rate` bytes a second in at most `limit` bytes.
 * @returns {{kept: number, fullAt: number}} ms of footage that there is room for; when the oldest begins to go. Infinity: never
 */
export function forecast({ used, limit, rate, now }) {
  if (!(rate > 0)) return { kept: Infinity, fullAt: Infinity };
  return { kept: (limit / rate) * SECOND, fullAt: now + (Math.max(0, limit - used) / rate) * SECOND };
}

/** What footage takes at a later time. */
export const usedAt = ({ used, limit, rate, now }, time) => Math.min(limit, used + (rate * (time - now)) / SECOND);

/** How far a plot looks ahead: a while beyond the last that happens in it, in whole days. */
export function horizon(now, times) {
  const last = Math.max(7 * DAY, ...times.filter(Number.isFinite).map(time => (time - now) * 1.4));
  return now + Math.min(400, Math.ceil(last / DAY)) * DAY;
}
