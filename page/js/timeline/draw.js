// SPDX-License-Identifier: Apache-2.0
// Drawing on a canvas, in the tokens of the theme.
import { day, dayMonth, duration, hm, hms, DAY, MINUTE } from '../format.js';
import { chosen, gapReason } from './gap-reason.js';
import { layout } from './layout.js';
import { ticks } from './ticks.js';

const TOKENS = [
  'ink', 'ink-2', 'ink-3', 'line', 'line-strong', 'accent', 'accent-ink', 'surface', 'st-rec', 'st-fault', 'font', 'fo-rec', 'fo-rec-act', 'fo-rec-in', 'fo-stop', 'fo-stop-hatch',
  'fo-stop-ink', 'fo-gap', 'fo-gap-hatch', 'fo-gap-ink', 'fo-lock', 'fo-clock', 'fo-card', 'fo-gone', 'fo-gone-dot', 'fo-future', 'fo-sel',
];

/** The theme's tokens, read once for many frames. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(TOKENS.map(token => [token, style.getPropertyValue(`--${token}`).trim()]));
}

/** A canvas as sharp as the screen. @returns the context, and the size in CSS pixels; undefined while it has none. */
export function sharp(canvas) {
  const ratio = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return undefined;
  const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) [canvas.width, canvas.height] = pixels;
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height, ratio };
}

const patterns = new Map();

function pattern(context, kind, ink, ground, ratio) {
  const key = [kind, ink, ground, ratio].join();
  if (patterns.has(key)) return patterns.get(key);
  const size = kind === 'hatch' ? 8 : 6;
  const tile = document.createElement('canvas');
  tile.width = tile.height = Math.round(size * ratio);
  const pen = tile.getContext('2d');
  pen.scale(tile.width / size, tile.width / size);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 1.3;
  pen.beginPath();
  if (kind === 'hatch') {
    for (const offset of [-size, 0, size]) {
      pen.moveTo(offset - 1, size + 1);
      pen.lineTo(offset + size + 1, -1);
    }
    pen.stroke();
  } else {
    pen.arc(size / 2, size / 2, 0.8, 0, 7);
    pen.fill();
  }
  const result = context.createPattern(tile, 'repeat');
  result.setTransform(new DOMMatrix().scale(1 / ratio));
  patterns.set(key, result);
  return result;
}

const write = (context, font, text, x, y, colour) => {
  context.font = font;
  context.fillStyle = colour;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillText(text, x, y);
};

/**
 * The ruler above the rows. The day in which the left edge lies stays there; what is under `taken` gives way to the time that is
 * watched.
 * @param {[number, number]|null} taken
 */
export function drawRuler({ context, colours }, view, left, right, height, taken) {
  const x = time => left + ((time - view.from) / (view.to - view.from)) * (right - left);
  const { step, marks } = ticks(view, right - left);
  const bold = `600 11px ${colours.font}`;
  const plain = `400 11px ${colours.font}`;
  const free = (from, to) => !taken || from > taken[1] + 3 || to < taken[0] - 3;
  const firstDay = marks.find(mark => mark.kind === 'day');
  let busy = left + 4;
  context.lineWidth = 1;
  if (step < DAY) {
    context.font = bold;
    const width = context.measureText(day(view.from)).width;
    if (!firstDay || x(firstDay.time) > left + width + 18) {
      if (free(left + 6, left + 6 + width)) write(context, bold, day(view.from), left + 6, 11, colours.ink);
      busy = left + width + 14;
    }
  }
  const days = marks.filter(mark => mark.kind === 'day').map(mark => x(mark.time));
  for (const { time, kind } of marks) {
    const at = Math.round(x(time)) + 0.5;
    context.strokeStyle = kind === 'day' ? colours['line-strong'] : colours.line;
    context.beginPath();
    context.moveTo(at, kind === 'day' ? 4 : kind === 'time' ? 18 : 22);
    context.lineTo(at, kind === 'minor' ? 27 : height);
    context.stroke();
    if (kind === 'minor') continue;
    const text = kind === 'day' ? (view.to - view.from > 12 * DAY ? dayMonth(time) : day(time)) : step < MINUTE ? hms(time) : hm(time);
    context.font = kind === 'day' ? bold : plain;
    const width = context.measureText(text).width;
    const from = kind === 'day' ? at + 5 : at - width / 2;
    const next = kind === 'time' ? days.find(position => position > at) : undefined;
    if (from < busy + 4 || from + width > right - 2 || (next && from + width > next - 3) || !free(from, from + width)) continue;
    write(context, kind === 'day' ? bold : plain, text, from, 11, kind === 'day' ? colours.ink : colours['ink-2']);
    busy = from + width;
  }
}

/**
 * One camera's footage: what is there, what is missing and why, what is protected, where the clock was not right.
 * @param {{lanes: boolean, words: boolean, above?: number}} options lanes: marks have room above and below the row; above: what else
 *   stands between the row and the marks over it, in pixels
 */
export function drawRow({ context, colours, ratio }, footage, view, left, right, top, height, now, { lanes, words, above = 0 }) {
  const { spans, oldest } = footage;
  const x = time => left + ((time - view.from) / (view.to - view.from)) * (right - left);
  const begin = Math.min(right, Math.max(left, oldest === undefined ? left : x(oldest)));
  const end = Math.max(left, Math.min(right, x(now)));
  context.save();
  context.beginPath();
  context.rect(left, top - above - 14, right - left, height + above + 14 + (lanes ? 26 : 2));
  context.clip();
  if (begin > left) drawGone(context, colours, ratio, left, begin, top, height, words);
  if (end < right) {
    context.fillStyle = colours['fo-future'];
    context.fillRect(end, top, right - end, height);
  }
  const { footage: areas, gaps, slits, mixes, marks } = layout(spans, view, left, right, now);
  context.fillStyle = colours['fo-rec'];
  for (const area of areas) context.fillRect(area.left, top, area.right - area.left, height);
  // What the network lost, and is here all the same: a line at its foot.
  context.fillStyle = colours['fo-card'];
  for (const { left: from, right: to } of marks.replenished) context.fillRect(from, top + height - 3, Math.max(1, to - from), 2);
  for (const gap of gaps) drawGap(context, colours, ratio, gap, top, height, now, words);
  for (const mix of mixes) drawMix(context, colours, mix, top, height);
  for (const { left: from, span } of slits) {
    context.fillStyle = colours[chosen(span) ? 'fo-stop-ink' : 'fo-gap-ink'];
    context.fillRect(from, top - 2, 2, height + 4);
  }
  for (const mark of marks.protected) drawProtected(context, colours, mark, lanes ? top - above - 9 : top, lanes);
  for (const mark of marks.unsynchronised) drawUnsynchronised(context, colours, mark, top + height + (lanes ? 4 : -3), lanes && words);
  context.restore();
}

function drawGone(context, colours, ratio, left, right, top, height, words) {
  context.fillStyle = pattern(context, 'dots', colours['fo-gone-dot'], colours['fo-gone'], ratio);
  context.fillRect(left, top, right - left, height);
  const text = 'Before the oldest footage';
  const font = `500 11px ${colours.font}`;
  context.font = font;
  const width = context.measureText(text).width;
  if (!words || right - left < width + 20) return;
  context.fillStyle = colours['fo-gone'];
  context.fillRect(right - width - 16, top + 2, width + 12, height - 4);
  write(context, font, text, right - width - 10, top + height / 2 + 0.5, colours['ink-2']);
}

function drawGap(context, colours, ratio, { left, right, span }, top, height, now, words) {
  const kind = chosen(span) ? 'fo-stop' : 'fo-gap';
  context.fillStyle = pattern(context, 'hatch', colours[`${kind}-hatch`], colours[kind], ratio);
  context.fillRect(left, top, right - left, height);
  context.strokeStyle = colours[`${kind}-hatch`];
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, top + 0.5, right - left - 1, height - 1);
  if (!words || height < 16 || right - left < 30) return;
  const font = `600 11px ${colours.font}`;
  const { word } = gapReason(span);
  context.font = font;
  const long = `${word} · ${duration(Math.min(span.to, now) - span.from)}`;
  const text = context.measureText(long).width + 14 < right - left ? long : word;
  const width = context.measureText(text).width;
  if (width + 10 > right - left) return;
  const middle = (left + right) / 2;
  context.fillStyle = colours[kind];
  context.beginPath();
  context.roundRect(middle - width / 2 - 5, top + height / 2 - 8, width + 10, 16, 3);
  context.fill();
  write(context, font, text, middle - width / 2, top + height / 2 + 0.5, colours[`${kind}-ink`]);
}

/** A column of many short gaps: what part of it is missing hangs from its top. */
function drawMix(context, colours, { left, right, lost, stopped }, top, height) {
  let from = top;
  for (const [share, ink] of [[lost, 'fo-gap-ink'], [stopped, 'fo-stop-ink']]) {
    if (!share) continue;
    const tall = Math.max(2, Math.min(1, share) * height);
    context.fillStyle = colours[ink];
    context.fillRect(left, from, right - left, tall);
    from += tall;
  }
}

function drawProtected(context, colours, { left, right }, top, lanes) {
  context.fillStyle = colours['fo-lock'];
  context.fillRect(left, top, Math.max(3, right - left), 3);
  if (!lanes || right - left <= 6) return;
  context.fillRect(left, top, 2, 6);
  context.fillRect(right - 2, top, 2, 6);
  if (right - left < 78) return;
  const font = `500 10.5px ${colours.font}`;
  context.font = font;
  const width = context.measureText('Protected').width;
  context.fillStyle = colours.surface;
  context.fillRect(left + 8, top - 5, width + 10, 14);
  write(context, font, 'Protected', left + 13, top + 2.5, colours['fo-lock']);
}

function drawUnsynchronised(context, colours, { left, right }, middle, words) {
  context.strokeStyle = colours['fo-clock'];
  context.lineWidth = 1.5;
  context.beginPath();
  for (let x = left; x <= right + 0.5; x += 1) context.lineTo(x, middle + Math.sin((x - left) * 0.9) * 1.7);
  context.stroke();
  const font = `500 10.5px ${colours.font}`;
  context.font = font;
  if (words && right - left > context.measureText('Clock not synchronised').width + 6) write(context, font, 'Clock not synchronised', left, middle + 10, colours['fo-clock']);
}
