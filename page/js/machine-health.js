// SPDX-License-Identifier: Apache-2.0
import { bytes, decimal, duration, integer, SECOND } from './format.js';

/** Above this a Raspberry Pi slows itself down, in °C; below this much signal Wi-Fi loses frames, in dBm. */
const HOT = 80;
const WEAK = -75;
/** Of a card's life, so much spent is a reason to replace it. */
const WORN = 0.8;

const since = (now, before, word, calm) => (now ? ['fault', `${word} now`] : before ? ['retry', `${word} since it was started, not now`] : ['ok', calm]);

/**
 * How the machine is.
 * @returns {[string, string|null, string|null][]} a name, a state (see state-chip) where it is judged, and words; null words are not known
 */
export function machineHealth({ uptime, load, memory, temperature, throttled, 'under-voltage': voltage, cma, wifi, card }) {
  const known = (value, say) => (value == null ? [null, null] : say(value));
  return [
    ['Machine up for', ...known(uptime, value => [null, duration(value * SECOND)])],
    ['Load', ...known(load, value => [null, decimal(value, 2)])],
    ['Memory', ...known(memory, ({ total, available }) => [available < total * 0.05 ? 'retry' : null, `${bytes(available)} of ${bytes(total)} available`])],
    ['Temperature', ...known(temperature, value => [value >= HOT ? 'retry' : 'ok', `${decimal(value)} °C`])],
    ['Slowed down', ...known(throttled, value => since(value.now, value['since-boot'], 'slowed down', 'no'))],
    ['Supply', ...known(voltage, value => since(value.now, value['since-boot'], 'too little voltage', 'enough voltage'))],
    ['Camera memory', ...known(cma, ({ total, free }) => [free < total * 0.05 ? 'retry' : null, `${bytes(free)} of ${bytes(total)} free`])],
    ['Wi-Fi', ...known(wifi, value => [value.signal < WEAK ? 'retry' : 'ok', `${value.interface}, ${integer(value.signal)} dBm`])],
    ['Card', ...known(card, value => [value['life-used'] >= WORN ? 'retry' : 'ok', `${integer(100 * value['life-used'])} % of the life of ${value.device} used`])],
  ];
}
