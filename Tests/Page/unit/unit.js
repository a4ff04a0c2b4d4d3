// SPDX-License-Identifier: Apache-2.0
// Checks of the modules that need no server. What they find is left in `window.results`, for test_units.py.
import { cover, isCovered, nextSegment, parsePiece, pieceAt, within } from '/js/media/buffer-window.js';
import { rateFor } from '/js/media/live-fragments.js';
import { cameraState } from '/js/camera-state.js';
import { bytes, duration, DAY, HOUR, MINUTE, SECOND } from '/js/format.js';
import { columnsThatFit } from '/js/pages/cameras.js';
import { link, parse } from '/js/router.js';
import { drawRow, drawRuler, palette } from '/js/timeline/draw.js';
import { height, quietLevel, stepFor } from '/js/timeline/movement-scale.js';
import { layout, THINNEST } from '/js/timeline/layout.js';
import { parseTime } from '/js/timeline/parse-time.js';
import { nextGap, spanAt, splice } from '/js/timeline/spans.js';
import { labelStep, midnight, ticks, times } from '/js/timeline/ticks.js';
import { TimeModel } from '/js/timeline/time-model.js';

const checks = {};
const equal = (actual, expected) => {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${one} is not ${other}`);
};
const truth = (value, words) => {
  if (!value) throw new Error(words);
};
const local = (...parts) => new Date(...parts).getTime();
const recorded = (from, to, more = {}) => ({ kind: 'recorded', state: 'complete', from, to, ...more });
const gap = (from, to, reason = 'network') => ({ kind: 'gap', from, to, reason });

checks['a length is told in the two units that matter'] = () =>
  equal([999, 59400, 450000, 1335000, 3600000, 59 * MINUTE + 59.6 * SECOND, 58 * HOUR].map(duration), ['1 s', '59 s', '7 min 30 s', '22 min 15 s', '1 h', '1 h', '2 d 10 h']);

checks['a size has three digits'] = () => equal([0, 999, 1000, 12345, 999_999, 41.2e9].map(bytes), ['0 B', '999 B', '1.00 kB', '12.3 kB', '1.00 MB', '41.2 GB']);

checks['an address leads there and back'] = () => {
  const { page, argument, parameters } = parse(link('camera', 'front door/2', { t: '2026-11-21T10:20:00.000Z', to: null }));
  equal([page, argument, parameters.get('t'), parameters.has('to')], ['camera', 'front door/2', '2026-11-21T10:20:00.000Z', false]);
  equal(parse('').page, 'cameras');
};

checks['times are read as people type them'] = () => {
  const now = local(2026, 10, 21, 14, 37);
  const table = {
    '4:36': local(2026, 10, 21, 4, 36),
    '15:00': local(2026, 10, 20, 15, 0),
    'tue 4:36': local(2026, 10, 17, 4, 36),
    '17 nov 04:36:12.500': local(2026, 10, 17, 4, 36, 12, 500),
    'nov 17 04:36': local(2026, 10, 17, 4, 36),
    '24 dec 18': local(2025, 11, 24, 18),
    '2026-11-17 04:36': local(2026, 10, 17, 4, 36),
    '2026-11-17T04:36:05': local(2026, 10, 17, 4, 36, 5),
    'yesterday 18': local(2026, 10, 20, 18),
    '90 min ago': now - 90 * MINUTE,
    '-2h': now - 2 * HOUR,
    '2026-11-17T04:36:00Z': Date.UTC(2026, 10, 17, 4, 36),
  };
  for (const [text, time] of Object.entries(table)) equal([text, parseTime(text, now)], [text, time]);
  for (const text of ['', 'bitrate', '25:00', '4:61', '12', 'tue xx']) equal([text, parseTime(text, now)], [text, null]);
};

checks['ticks are those of the clock on the wall, each day of the year'] = () => {
  for (let start = local(2026, 0, 1); start < local(2027, 0, 1); start = midnight(start, 1)) {
    const view = { from: start, to: midnight(start, 1) };
    const hours = times(view, 3 * HOUR).filter(time => time !== start).map(time => new Date(time).getHours());
    truth(hours.every(hour => hour % 3 === 0 || new Date(start).getTimezoneOffset() !== new Date(view.to).getTimezoneOffset()), `${new Date(start)}: ${hours}`);
    truth(times(view, HOUR).length >= 22, `${new Date(start)} has too few hours`);
    equal(times({ from: start - HOUR, to: start + HOUR }, DAY), [start]);
  }
};

checks['labels have room, and days win'] = () => {
  for (const span of [10 * SECOND, MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 36 * DAY, 400 * DAY]) {
    for (const width of [320, 1000, 2500]) {
      const step = labelStep(span, width);
      const view = { from: local(2026, 10, 17, 3, 7), to: local(2026, 10, 17, 3, 7) + span };
      const { marks } = ticks(view, width);
      truth(marks.filter(mark => mark.kind !== 'minor').length <= width / 50 + 2 + span / DAY, `${span} in ${width}: crowded`);
      truth(marks.every((mark, index) => !index || mark.time > marks[index - 1].time), 'not in order');
      if (step < DAY && span > DAY) truth(marks.some(mark => mark.kind === 'day'), 'no day');
    }
  }
};

checks['no gap is thinner than two pixels, and none is lost'] = () => {
  const spans = [];
  for (let index = 0; index < 1000; index += 1) spans.push(recorded(index * HOUR, index * HOUR + 59 * MINUTE), gap(index * HOUR + 59 * MINUTE, (index + 1) * HOUR));
  const { gaps, slits } = layout(spans, { from: 0, to: 1000 * HOUR }, 0, 1000, Infinity);
  truth([...gaps, ...slits].every(each => each.right - each.left >= THINNEST), 'a thin gap');
  const covered = x => [...gaps, ...slits].some(each => each.left - 1.5 <= x && x <= each.right + 1.5);
  for (const span of spans) if (span.kind === 'gap') truth(covered(span.from / HOUR), `the gap at ${span.from / HOUR} is lost`);
  truth(slits.length <= 500, 'more slits than there is room for');
};

checks['an accident is not hidden behind a gap that somebody chose'] = () => {
  const spans = [gap(0, 10, 'stopped'), recorded(10, 11), gap(11, 20, 'power')];
  equal(layout(spans, { from: 0, to: 100000 }, 0, 100, Infinity).slits.map(slit => slit.span.reason), ['power']);
};

checks['movement is what stands out of the quiet'] = () => {
  const quiet = quietLevel([...Array(80).fill(100), ...Array(20).fill(140), null]);
  equal([quiet, height(100, quiet), height(101, quiet), height(140, quiet)], [100, 0, 0, 1]);
  truth(height(112, quiet) > 0.3 && height(112, quiet) < 0.7, 'twice the size is about half of the height');
  equal(quietLevel([null, null]), undefined);
  equal([10 * SECOND, HOUR, DAY, 30 * DAY].map(span => stepFor(span, 1000)), [1, 20, 300, 14400]);
};

checks['footage ends now'] = () => equal(layout([recorded(0, 100)], { from: 0, to: 100 }, 0, 100, 60).footage, [{ left: 0, right: 60 }]);

checks['spans are found, replaced and joined'] = () => {
  const spans = [recorded(0, 10), gap(10, 20), recorded(20, 30)];
  equal([spanAt(spans, 0)?.from, spanAt(spans, 10)?.kind, spanAt(spans, 29.9)?.from, spanAt(spans, 30)], [0, 'gap', 20, undefined]);
  equal(splice(spans, [recorded(20, 40), gap(40, 50)], 25), [recorded(0, 10), gap(10, 20), recorded(20, 40), gap(40, 50)]);
  equal(splice(spans, [recorded(22, 40, { protected: true })], 25), [recorded(0, 10), gap(10, 20), recorded(20, 25), recorded(25, 40, { protected: true })]);
  equal(splice([], spans, 0), spans);
};

checks['gaps are found forwards and backwards'] = () => {
  const spans = [recorded(0, 100), gap(100, 120), recorded(120, 500), gap(500, 510), recorded(510, 900)];
  equal([nextGap(spans, 50, 1, 1)?.from, nextGap(spans, 130, 1, 1)?.from, nextGap(spans, 600, 1, 1), nextGap(spans, 600, -1, 1)?.from, nextGap(spans, 300, -1, 1)?.from], [100, 500, undefined, 500, 100]);
};

const piece = (chunk, start, length = 20, open = false) => ({ chunk, start, duration: length, open });

checks['a piece keeps its start to the microsecond'] = () => equal(parsePiece({ 'start-ns': '1795256400123456789', duration: 1 }).start, 1795256400.123456);

checks['after a seek a short segment, then those of the grid'] = () => {
  const state = { time: 1005.5, pieces: [piece(1, 1000), piece(2, 1020)], covered: new Map(), ahead: 30 };
  const asked = [];
  for (let segment; (segment = nextSegment(state)); ) {
    asked.push([segment.piece.chunk, segment.from, segment.to]);
    state.covered.set(segment.piece.chunk, cover(state.covered.get(segment.piece.chunk) ?? [], segment.from, segment.to));
    truth(asked.length < 50, 'it does not end');
  }
  equal(asked, [[1, 5.5, 6.5], [1, 6.5, 8], [1, 8, 12], [1, 12, 16], [1, 16, 20], [2, 0, 4], [2, 4, 8], [2, 8, 12], [2, 12, 16]]);
};

checks['what has been fetched is not fetched again'] = () => {
  const covered = new Map([[1, [{ from: 4, to: 12 }]]]);
  const { from, to } = nextSegment({ time: 1005, pieces: [piece(1, 1000)], covered, ahead: 30 });
  equal([from, to], [12, 16]);
  equal(nextSegment({ time: 1002, pieces: [piece(1, 1000)], covered, ahead: 30 }).to, 3);
};

checks['a growing chunk is asked for as far as it goes'] = () => {
  const state = { time: 1001, pieces: [piece(1, 1000, 5.5, true)], covered: new Map([[1, [{ from: 1, to: 4 }]]]), ahead: 30 };
  equal([nextSegment(state).from, nextSegment(state).to], [4, 5.5]);
  state.covered.set(1, [{ from: 1, to: 5.5 }]);
  equal(nextSegment(state), null);
};

checks['parts join, and are cut'] = () => {
  equal(cover(cover(cover([], 0, 4), 8, 12), 4, 8), [{ from: 0, to: 12 }]);
  equal(cover([{ from: 0, to: 1 }], 5, 6), [{ from: 0, to: 1 }, { from: 5, to: 6 }]);
  equal(within([{ from: 0, to: 10 }], 4, 6), [{ from: 4, to: 6 }]);
};

checks['a gap has no piece; the end of a chunk is covered to its end'] = () => {
  const pieces = [piece(1, 1000), piece(2, 1100)];
  equal([pieceAt(pieces, 1019.9)?.chunk, pieceAt(pieces, 1050), pieceAt(pieces, 1100)?.chunk], [1, undefined, 2]);
  const covered = new Map([[1, [{ from: 0, to: 20 }]]]);
  equal([isCovered({ time: 1019.95, pieces, covered }), isCovered({ time: 1100, pieces, covered })], [true, false]);
};

checks['live stays within a second'] = () => equal([2, 0.8, 0.35, 0.1].map(rateFor), [1.25, 1.08, 1, 0.94]);

checks['the window moves only within what there is'] = () => {
  const now = local(2026, 10, 21, 12);
  const model = new TimeModel({ now: () => now, oldest: () => now - 10 * DAY, time: now - DAY, span: HOUR });
  model.pan(1000 * DAY);
  truth(model.view.to <= now + HOUR, 'beyond now');
  model.pan(-1000 * DAY);
  truth(model.view.from >= now - 10 * DAY - HOUR, 'before the oldest');
  const at = model.view.from + 0.25 * HOUR;
  model.zoom(2, at);
  equal([Math.round(model.span / HOUR), Math.round((100 * (at - model.view.from)) / model.span) <= 100], [2, true]);
  model.seek(now - 2 * DAY, { keep: true });
  equal([model.live, model.time], [false, now - 2 * DAY]);
  model.seek(now);
  equal(model.live, true);
  model.stop();
};

checks['as many columns as make tiles large'] = () =>
  equal([1, 2, 4, 9, 16].map(count => columnsThatFit(count, 1400, 780).columns), [1, 2, 2, 3, 4]);

checks['a state is told in words'] = () => {
  const camera = { state: 'running', recording: { enabled: true } };
  equal(cameraState(camera, true).word, 'Recording');
  equal(cameraState(camera, false).word, 'Not known');
  equal(cameraState({ ...camera, recording: { enabled: false } }, true).word, 'Live only');
  equal(cameraState({ ...camera, recording: { enabled: true, trouble: 'no space left' } }, true).reason, 'No space left.');
  equal(cameraState({ state: 'backing-off', seconds: 13, cause: 'connection reset', 'next-attempt': 4 }, true), {
    state: 'retry', word: 'Reconnecting', title: 'No frames for 13 s', reason: 'Connection reset. Trying again in 4 s.',
  });
};

/** Draws a month with ten thousand gaps while it is panned. @returns ms a frame takes to draw */
function panning() {
  const from = local(2026, 9, 20);
  const step = (30 * DAY) / 10000;
  const spans = [];
  for (let index = 0; index < 10000; index += 1) spans.push(recorded(from + index * step, from + (index + 0.9) * step), gap(from + (index + 0.9) * step, from + (index + 1) * step));
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [1400, 120];
  const context = canvas.getContext('2d');
  const pen = { context, colours: palette(), ratio: 1 };
  const lengths = [];
  for (let frame = 0; frame < 120; frame += 1) {
    const view = { from: from - frame * 1000, to: from - frame * 1000 + 30 * DAY };
    const begin = performance.now();
    context.clearRect(0, 0, 1400, 120);
    drawRuler(pen, view, 0, 1400, 80, null);
    drawRow(pen, { spans, oldest: from }, view, 0, 1400, 50, 30, Infinity, { lanes: true, words: true });
    context.getImageData(0, 0, 1, 1);
    lengths.push(performance.now() - begin);
  }
  return lengths.sort((a, b) => a - b);
}

const results = {};
for (const [name, check] of Object.entries(checks)) {
  try {
    check();
    results[name] = null;
  } catch (error) {
    results[name] = String(error.message);
  }
}
const lengths = panning();
window.results = { checks: results, panning: { median: lengths[60], worst: lengths.at(-1) } };
