// SPDX-License-Identifier: Apache-2.0
// Quantities as config.toml has them: "10 min", "1.5 GB", "4 Mbit/s".

const DURATIONS = { ms: 0.001, s: 1, min: 60, h: 3600, day: 86400, days: 86400 };
const SIZES = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const RATES = { 'bit/s': 1, 'kbit/s': 1e3, 'Mbit/s': 1e6, 'Gbit/s': 1e9 };

const read = units => text => {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*(\S+)\s*$/.exec(text) ?? [];
  return Object.hasOwn(units, unit) ? Number(number) * units[unit] : undefined;
};

/** Seconds, or undefined. */
export const seconds = read(DURATIONS);
/** Bytes, or undefined. */
export const size = read(SIZES);
/** Bits a second, or undefined. */
export const rate = read(RATES);

const whole = text => (/^\s*-?\d+\s*$/.test(text) ? Number(text) : undefined);
const number = text => (String(text).trim() && Number.isFinite(Number(text)) ? Number(text) : undefined);
const KINDS = { duration: seconds, size, rate, 'whole number': whole, number };

/**
 * Whether a setting's value is one of its type and within its limits, as far as that is known here. The server has the last word.
 * @param {{type: string, limits?: string}} row `limits` as in `10 s … 60 min`
 */
export function fits({ type, limits }, value) {
  // Beside its kind a type may name values, as in: size or `"none"`.
  const [kind] = type.split(' or ');
  if ([...type.matchAll(/`"?([^`"]*)"?`/g)].some(([, named]) => named === String(value))) return true;
  const read = KINDS[kind];
  if (!read) return true;
  const amount = read(value);
  if (amount === undefined) return false;
  const [low, high] = (limits ?? '').split(' … ').map(read);
  return !(amount < low || amount > high);
}
