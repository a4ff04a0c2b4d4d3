// SPDX-License-Identifier: Apache-2.0
import { height } from './movement-scale.js';

/** Between two bars, in pixels. */
const APART = 0.6;

/**
 * Draws how much moves as bars that stand on `bottom`: nothing is a thin line where there is `tall` room of its own, and is left out
 * within a row.
 */
export function drawMovement({ context, colours }, { parts, quiet }, view, left, right, bottom, tall, { within }) {
  if (quiet === undefined) return;
  const scale = (right - left) / (view.to - view.from);
  const x = time => left + (time - view.from) * scale;
  context.save();
  context.beginPath();
  context.rect(left, bottom - tall, right - left, tall);
  context.clip();
  context.fillStyle = colours[within ? 'fo-rec-in' : 'fo-rec-act'];
  for (const { from, to, start, step, values } of parts) {
    const first = Math.max(0, Math.floor((from - start) / step));
    const last = Math.min(values.length, Math.ceil((to - start) / step));
    for (let index = first; index < last; index += 1) {
      if (values[index] == null) continue;
      const rise = height(values[index], quiet) * tall;
      if (within && rise < 1) continue;
      const begin = Math.max(x(from), x(start + index * step));
      const end = Math.min(x(to), x(start + (index + 1) * step));
      context.fillRect(begin, bottom - Math.max(1, rise), Math.max(0.5, end - begin - APART), Math.max(1, rise));
    }
  }
  context.restore();
}
