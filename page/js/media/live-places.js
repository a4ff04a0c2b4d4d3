// SPDX-License-Identifier: Apache-2.0

/**
 * Places for responses that do not end. Over HTTP/1.1 a browser opens six connections to a host, and status and everything else
 * need theirs, so tiles take turns: each has a place for a while, and keeps its last picture until its next turn.
 */
const PLACES = 3;
/** A turn's length once others wait, in ms. */
const TURN = 3000;

const waiting = [];
let taken = 0;

const many = () => ['h2', 'h3'].includes(performance.getEntriesByType('navigation')[0]?.nextHopProtocol);

/** Whether somebody waits for a place. */
export const wanted = () => waiting.length > 0;

/** Waits for a place; `release` gives it back. @returns {Promise<{release: () => void, turn: number}>} */
export async function place(signal) {
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
  return {
    turn: TURN,
    release() {
      if (!held) return;
      held = false;
      const next = waiting.shift();
      if (next) next();
      else taken -= 1;
    },
  };
}
