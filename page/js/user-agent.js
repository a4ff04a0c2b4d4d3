// SPDX-License-Identifier: Apache-2.0

const BROWSERS = [['Edg', 'Edge'], ['OPR', 'Opera'], ['Firefox', 'Firefox'], ['FxiOS', 'Firefox'], ['CriOS', 'Chrome'], ['Chrome', 'Chrome'], ['Safari', 'Safari'], ['curl', 'curl']];
const SYSTEMS = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'], ['Mac OS', 'Mac'], ['Linux', 'Linux']];

const called = (agent, names) => names.find(([sign]) => agent.includes(sign))?.[1];

/** `Firefox, Linux`: what a User-Agent header says to a person; where it says nothing known, its first word. */
export function userAgent(agent = '') {
  const words = [called(agent, BROWSERS), called(agent, SYSTEMS)].filter(Boolean);
  return words.join(', ') || agent.split(/[\s/]/)[0] || 'not known';
}
