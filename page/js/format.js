// SPDX-License-Identifier: Apache-2.0
// Times, lengths and sizes for people: in the browser's zone and language, with a 24 hour clock.

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const date = options => new Intl.DateTimeFormat(undefined, options);
const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const FORMATS = {
  hm: date(clock),
  hms: date({ ...clock, second: '2-digit' }),
  day: date({ weekday: 'short', day: 'numeric', month: 'short' }),
  dayYear: date({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }),
  dayMonth: date({ day: 'numeric', month: 'short' }),
  dayMonthYear: date({ day: 'numeric', month: 'short', year: 'numeric' }),
};
const thisYear = time => new Date(time).getFullYear() === new Date().getFullYear();

export const hm = time => FORMATS.hm.format(time);
export const hms = time => FORMATS.hms.format(time);
/** `Sat 21 Nov`, and the year where it is not this one. */
export const day = time => (thisYear(time) ? FORMATS.day : FORMATS.dayYear).format(time);
/** `21 Nov`, and the year where it is not this one. */
export const dayMonth = time => (thisYear(time) ? FORMATS.dayMonth : FORMATS.dayMonthYear).format(time);
/** `.042`: the milliseconds of a time. */
export const milliseconds = time => `.${String(Math.floor(((time % SECOND) + SECOND) % SECOND)).padStart(3, '0')}`;
export const instant = time => new Date(time).toISOString();
/** `2026-11-21 10:20:05` in the browser's zone, as a person may type it. */
export function typed(time) {
  const value = new Date(time);
  const pad = number => String(number).padStart(2, '0');
  return `${value.getFullYear()}-${pad(value.getMonth() + 1)}-${pad(value.getDate())} ${pad(value.getHours())}:${pad(value.getMinutes())}:${pad(value.getSeconds())}`;
}

/** `7 min 30 s`, `2 d 10 h`: a length in ms, to the two units that matter. */
export function duration(length) {
  if (length < 950) return `${Math.round(length)} ms`;
  const seconds = Math.round(length / SECOND);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** `31 days`: how long footage is kept, in whole days where that is more than two. */
export const keeping = length => (length > 2 * DAY ? `${integer(Math.floor(length / DAY))} days` : duration(length));

const pair = (major, unit, minor, small) => `${major} ${unit}${minor ? ` ${minor} ${small}` : ''}`;

export function bytes(count) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let step = 0;
  while (count >= 999.5 && step < units.length - 1) {
    count /= 1000;
    step += 1;
  }
  const digits = count >= 100 || step === 0 ? 0 : count >= 10 ? 1 : 2;
  return `${count.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${units[step]}`;
}

export const integer = count => Math.round(count).toLocaleString();
export const decimal = (value, digits = 1) => value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const counted = (count, one, many = `${one}s`) => `${integer(count)} ${count === 1 ? one : many}`;
