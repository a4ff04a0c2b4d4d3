// SPDX-License-Identifier: Apache-2.0

/**
 * Places for responses that do not end. Over HTTP/1.1 a browser opens six connections to a host: one is the status', and one is left
 * for everything else.
 */
const PLACES = 4;

const waiting = [];
let taken = 0;

const many = () => ['h2', 'h3'].includes(performance.getEntriesByType('navigation')[0]?.nextHopProtocol);

/** Waits for a place; what it gives gives it back. @returns {Promise<() => void>} */
export async function place(signal) {
  signal.throwIfAborted();
  if (!many() && taken >= PLACES) {
    await new Promise((resolve, reject) => {
      waiting.push(resolve);
      signal.addEventListener('abort', () => {
        const index = waiting.indexOf(resolve);
        if (index < 0) return;
        waiting.splice(index, 1);
        reject(signal.reason);
      });
    });
  } else taken += 1;
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    const next = waiting.shift();
    if (next) next();
    else taken -= 1;
  };
}
