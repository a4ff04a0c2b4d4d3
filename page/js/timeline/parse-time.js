// SPDX-License-Identifier: Apache-2.0
import { SECOND, MINUTE, HOUR, DAY } from '../format.js';
import { midnight } from './ticks.js';

const UNITS = { s: SECOND, m: MINUTE, min: MINUTE, h: HOUR, d: DAY };
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * A time as a person types it, in the browser's zone: `tue 4:36`, `17 nov 04:36:12.500`, `2026-11-17 04:36`, `yesterday 18`,
 * `4:36` (the latest that has been), `90 min ago`, or an instant with a zone.
 * @returns {number|null} ms since 1970
 */
export function parseTime(text, now) {
  let rest = text.trim().toLowerCase();
  if (/^\d{4}-\d\d-\d\dt.*(z|[+-]\d\d:\d\d)$/.test(rest)) return Date.parse(text) || null;
  const ago = rest.match(/^-?\s*(\d+)\s*(s|m|min|h|d)[a-z]*(\s+ago)?$/);
  if (ago) return now - ago[1] * UNITS[ago[2]];
  let start = null;
  const cut = (expression, value) => {
    const match = start === null && rest.match(expression);
    if (!match) return;
    start = value(match);
    rest = rest.replace(match[0], ' ');
  };
  const year = new Date(now).getFullYear();
  const dated = (date, monthIndex) => {
    const time = new Date(year, monthIndex, date).getTime();
    return time > now ? new Date(year - 1, monthIndex, date).getTime() : time;
  };
  cut(/\b(\d{4})-(\d\d)-(\d\d)t?/, ([, y, m, d]) => new Date(y, m - 1, d).getTime());
  cut(new RegExp(`\\b(\\d{1,2})\\.?\\s*(${MONTHS.join('|')})[a-z]*`), ([, d, m]) => dated(d, MONTHS.indexOf(m)));
  cut(new RegExp(`\\b(${MONTHS.join('|')})[a-z]*\\s*(\\d{1,2})\\b(?!:)`), ([, m, d]) => dated(d, MONTHS.indexOf(m)));
  cut(/\byesterday/, () => midnight(now, -1));
  cut(/\btoday/, () => midnight(now));
  cut(new RegExp(`\\b(${DAYS.join('|')})[a-z]*`), ([, name]) => {
    let time = midnight(now);
    while (new Date(time).getDay() !== DAYS.indexOf(name)) time = midnight(time, -1);
    return time;
  });
  const clock = rest.trim().match(/^(\d{1,2})(?::(\d\d)(?::(\d\d)(\.\d{1,3})?)?)?$/);
  if (rest.trim() && !clock) return null;
  if (start === null && !clock?.[2]) return null;
  const [, hours = 0, minutes = 0, seconds = 0, fraction = 0] = clock ?? [];
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  const date = new Date(start ?? now);
  const at = days => new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, hours, minutes, seconds).getTime() + Math.round(fraction * 1000);
  const time = at(0);
  return start === null && time > now ? at(-1) : time;
}
