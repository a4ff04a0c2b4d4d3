// SPDX-License-Identifier: Apache-2.0
// Checks of the modules that need no server. What they find is left in `window.results`, for test_units.py.
import { cover, isCovered, nextSegment, originOf, parsePiece, pieceAt, within } from '/js/media/buffer-window.js';
import { rateFor } from '/js/media/live-fragments.js';
import { cameraState } from '/js/camera-state.js';
import { bytes, day, dayMonth, duration, DAY, HOUR, MINUTE, SECOND } from '/js/format.js';
import { coded, h } from '/js/dom.js';
import { results } from '/js/finder/results.js';
import { machineHealth } from '/js/machine-health.js';
import { effect } from '/js/settings/effect.js';
import { fits, rate, seconds, size } from '/js/settings/quantity.js';
import { choices, group, isOf, label } from '/js/settings/settings.js';
import { forecast, room, usedAt } from '/js/storage/forecast.js';
import { missing, protectedSpans } from '/js/storage/kept.js';
import { dayState, weeks } from '/js/timeline/days.js';
import { userAgent } from '/js/user-agent.js';
import { columnsThatFit } from '/js/pages/cameras.js';
import { link, parse } from '/js/router.js';
import { gapReason } from '/js/timeline/gap-reason.js';
import { drawRow, drawRuler, palette } from '/js/timeline/draw.js';
import { height, quietLevel, stepFor } from '/js/timeline/movement-scale.js';
import { layout, COLUMN, THINNEST } from '/js/timeline/layout.js';
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
  equal([parse('#/camera/%E0%A4').page, parse('#/camera/%E0%A4').argument], ['cameras', undefined]);
  equal(parse('#/camera').page, 'cameras');
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
  for (const span of [1000, 300, 40]) {
    const { gaps, slits, mixes } = layout(spans, { from: 0, to: span * HOUR }, 0, 1000, Infinity);
    const all = [...gaps, ...slits, ...mixes];
    truth(all.every(each => each.right - each.left >= THINNEST), 'a thin gap');
    const covered = x => all.some(each => each.left - 1.5 <= x && x <= each.right + 1.5);
    for (const { kind, from } of spans) if (kind === 'gap' && from < (span - 1) * HOUR) truth(covered((from / HOUR) * (1000 / span)), `the gap at ${from / HOUR} is lost`);
  }
};

checks['an accident is not hidden behind a gap that somebody chose'] = () => {
  const spans = [gap(0, 10, 'stopped'), recorded(10, 11), gap(11, 20, 'power')];
  const [mix] = layout(spans, { from: 0, to: 1000 }, 0, 100, Infinity).mixes;
  equal([mix.left, mix.right, mix.lost, mix.stopped], [0, 4, 9 / 40, 10 / 40]);
};

checks['a gap alone is a slit, several in a column are what part of it they are'] = () => {
  const month = 30 * DAY;
  const many = [];
  const step = month / 10000;
  for (let index = 0; index < 10000; index += 1) many.push(recorded(index * step, (index + 0.9) * step), gap((index + 0.9) * step, (index + 1) * step));
  const { slits, mixes, footage } = layout(many, { from: 0, to: month }, 0, 1000, Infinity);
  equal([slits.length, mixes.length, footage.length], [0, 1000 / COLUMN, 1]);
  truth(mixes.every(({ lost }) => lost > 0.05 && lost < 0.15), 'a tenth is missing');
  const alone = layout([recorded(0, 1000), gap(1000, 1001), recorded(1001, 100000)], { from: 0, to: 100000 }, 0, 1000, Infinity);
  equal([alone.slits.length, alone.mixes.length, alone.slits[0].right - alone.slits[0].left], [1, 0, THINNEST]);
};

checks['columns stand on the clock while the window moves'] = () => {
  const spans = [];
  for (let index = 0; index < 400; index += 1) spans.push(recorded(index * 100, index * 100 + 90), gap(index * 100 + 90, (index + 1) * 100));
  const shares = from => layout(spans, { from, to: from + 20000 }, 0, 100, Infinity).mixes.filter(each => each.left > 1 && each.right < 99).map(({ lost }) => lost.toFixed(4));
  equal(new Set([1000, 1130, 1370, 1999].flatMap(shares)).size <= 2, true);
};

checks['movement is what stands out of the quiet'] = () => {
  const quiet = quietLevel([...Array(80).fill(100), ...Array(20).fill(140), null]);
  equal([quiet, height(100, quiet), height(101, quiet), height(140, quiet)], [100, 0, 0, 1]);
  truth(height(112, quiet) > 0.3 && height(112, quiet) < 0.7, 'twice the size is about half of the height');
  equal(quietLevel([null, null]), undefined);
  equal([10 * SECOND, HOUR, DAY, 30 * DAY].map(span => stepFor(span, 1000)), [1, 20, 300, 14400]);
};

checks['a calendar has each day once, beginning at its own midnight'] = () => {
  for (let month = 0; month < 12; month += 1) {
    for (const firstDay of [1, 6, 7]) {
      const rows = weeks(local(2026, month, 15), firstDay);
      const days = rows.flat().filter(day => day !== null);
      equal(days.map(day => new Date(day).getDate()), Array.from({ length: new Date(2026, month + 1, 0).getDate() }, (_, index) => index + 1));
      truth(days.every(day => day === midnight(day)), 'not a midnight');
      truth(rows.every(row => row.length === 7 && row.every((day, index) => day === null || new Date(day).getDay() === (firstDay + index) % 7)), 'in another column');
    }
  }
};

checks['a day is whole, broken or empty by its own length'] = () => {
  for (let day = local(2026, 0, 1); day < local(2027, 0, 1); day = midnight(day, 1)) {
    const end = midnight(day, 1);
    const spans = [gap(day - HOUR, day, 'power'), recorded(day, end), gap(end, end + HOUR, 'power')];
    equal([dayState(spans, day, Infinity).state, dayState(spans, midnight(day, -1), Infinity).state, dayState(spans, end, Infinity).state], ['whole', 'none', 'none']);
    equal(dayState([recorded(day - HOUR, end - HOUR), gap(end - HOUR, end)], day, Infinity), { state: 'broken', first: day });
    equal(dayState([recorded(day, end - HOUR), gap(end - HOUR, end, 'stopped')], day, Infinity).state, 'whole');
    equal(dayState([recorded(day, end - HOUR), gap(end - HOUR, end)], day, end - 2 * HOUR).state, 'whole');
  }
};

checks['where the clock is changed, hours are told as the clock on the wall has them'] = () => {
  const length = day => (midnight(day, 1) - day) / HOUR;
  const hours = day => times({ from: day, to: midnight(day, 1) }, HOUR).map(time => new Date(time).getHours());
  const halves = day => times({ from: day, to: midnight(day, 1) }, 30 * MINUTE).map(time => new Date(time).getHours());
  let changes = 0;
  for (let day = local(2026, 0, 1); day < local(2027, 0, 1); day = midnight(day, 1)) {
    if (length(day) === 24) continue;
    changes += 1;
    truth(hours(day).every((hour, index, all) => !index || hour > all[index - 1]), `${new Date(day)}: ${hours(day)}`);
    equal(halves(day).length, length(day) * 2);
    const { marks } = ticks({ from: day - 2 * HOUR, to: midnight(day, 1) + 2 * HOUR }, 1400);
    equal(marks.filter(({ kind }) => kind === 'day').map(({ time }) => time), [day, midnight(day, 1)]);
  }
  window.changes = changes;
};

checks['footage that goes on is forecast'] = () => {
  const plan = { used: 50e9, limit: 100e9, rate: 1e6, now: 0 };
  equal([forecast(plan).kept, forecast(plan).fullAt], [1e8, 5e7]);
  equal([usedAt(plan, 1e7), usedAt(plan, 1e9)], [60e9, 100e9]);
  equal(forecast({ ...plan, used: 120e9 }).fullAt, 0);
  equal(forecast({ ...plan, rate: 0 }).kept, Infinity);
  equal([room({ used: 5, free: 10 }), room({ used: 5, free: 10, 'max-space': 12 }), room({ used: 5, free: 10, 'max-space': 100 })], [15, 12, 15]);
};

checks['what somebody chose is not missing'] = () => {
  const spans = [recorded(0, 100, { protected: true }), recorded(100, 150, { protected: true, run: 'b' }), gap(150, 160, 'stopped'), gap(160, 165, 'power'), recorded(165, 9000), recorded(9000, 9100, { protected: true })];
  equal(missing(spans), { missing: 5, stopped: 10 });
  equal(protectedSpans(spans), [{ from: 0, to: 150 }, { from: 9000, to: 9100 }]);
};

checks['quantities are read as config.toml has them'] = () => {
  equal([seconds('10 min'), seconds('500ms'), seconds('30 days'), seconds('10'), seconds('ten min')], [600, 0.5, 2592000, undefined, undefined]);
  equal([size('1.5 GB'), size('1 GiB'), size('none'), rate('4 Mbit/s')], [1.5e9, 2 ** 30, undefined, 4e6]);
};

checks['a value of another type or beyond its limits fits not'] = () => {
  const space = { type: 'size', limits: '10 MB … 1000 TB' };
  equal(['40 GB', '200 kB', '2000 TB', '5', '5 min', ''].map(value => fits(space, value)), [true, false, false, false, false, false]);
  const frames = { type: 'whole number', limits: '1 … 120' };
  equal([25, '2.5', 0, 121].map(value => fits(frames, value)), [true, false, false, false]);
  equal(['none', '1 GB', '1 MB', 'nothing'].map(value => fits({ ...space, type: 'size or `"none"`' }, value)), [true, true, false, false]);
  equal([fits({ type: 'boolean' }, true), fits({ type: 'duration' }, '1 GB'), fits({ type: 'duration' }, '1 min')], [true, false, true]);
};

checks['what stands between backticks is code, and no markup'] = () =>
  equal(h('p', {}, coded('As `<b>` has it, or `x`.')).innerHTML, 'As <code>&lt;b&gt;</code> has it, or <code>x</code>.');

checks['what a setting does is told where that can be said'] = () => {
  equal(effect('store.recording.chunk-duration', '5 min'), '12 files an hour.');
  equal(effect('cameras.till.max-space', '130 GB', 130e9 / (10 * 86400)), 'Keeps about 10 days of what is recorded now; the oldest goes first, protected footage stays.');
  equal([effect('cameras.till.max-space', '130 GB'), effect('store.recording.chunk-duration', 'soon'), effect('store.web.listen', 'x')], [undefined, undefined, undefined]);
  equal(effect('camera.bitrate', '4 Mbit/s'), 'About 1.80 GB an hour, 43.2 GB a day.');
  equal(['store.rtsp.tls-listen', 'cameras.a.url', 'store.recording.max-space'].map(label), ['TLS listen', 'URL', 'Max space']);
  equal(['store.rtsp.listen', 'cameras.a.url', 'camera.width', 'camera.recording.enabled'].map(group), ['RTSP', 'Camera', 'Camera', 'Recording']);
  equal([isOf('cameras.a.url', 'a', 'store'), isOf('cameras.ab.url', 'a', 'store'), isOf('camera.width', 'a', 'camera'), isOf('camera.width', 'a', 'store')], [true, false, true, false]);
};

checks['what can be counted is chosen, not typed'] = () => {
  const of = (type, value) => choices({ type, value });
  equal([of('`0` or `180`', 0), of('`true` or `false`', true), of('`"tcp"` or `"udp"`', 'tcp'), of('size or `"none"`', 'none'), of('text', '')], [[0, 180], [true, false], ['tcp', 'udp'], null, null]);
};

checks['health says what is judged, and what is not known'] = () => {
  const rows = Object.fromEntries(machineHealth({ temperature: 84, throttled: { now: true, 'since-boot': true }, wifi: { interface: 'wlan0', signal: -79 } }).map(([name, ...rest]) => [name, rest]));
  equal([rows.Temperature, rows['Slowed down'], rows['Wi-Fi'][0], rows.Card], [['retry', '84.0 °C'], ['fault', 'slowed down now'], 'retry', [null, null]]);
};

checks['what is typed finds times, cameras, settings and pages'] = () => {
  const now = local(2026, 10, 21, 14, 37);
  const known = { cameras: [{ name: 'till' }, { name: 'front-door' }], settings: [{ key: 'cameras.till.max-space', summary: 'Hard limit.', value: '40 GB' }, { key: 'store.recording.enabled', summary: 'Whether to record.', value: true }], pages: ['cameras', 'timeline', 'storage'], current: null, now, fresh: true };
  const found = text => results(text, known).map(({ title, value, href }) => [title, value, href]);
  equal(found('front'), [['front-door', 'Not known', '#/camera/front-door']].map(([title, , href]) => [title, 'Stopped', href]));
  equal(found('max till'), [['Max space of till', '40 GB', '#/camera/till?set=cameras.till.max-space']]);
  equal(found('whether'), [['Enabled', 'on', '#/system?set=store.recording.enabled']]);
  const at = new Date(local(2026, 10, 17, 4, 36)).toISOString();
  equal(found('tue 4:36 front-door').map(([, , href]) => href), [`#/camera/front-door?t=${at}`, `#/timeline?t=${at}`]);
  equal(found('people'), []);
};

checks['a browser is told in words'] = () =>
  equal(['Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/128.0 Safari/537.36 Edg/128.0', 'Wget/1.21', undefined].map(userAgent), ['Firefox, Linux', 'Edge, Windows', 'Wget', 'not known']);

checks['why footage is missing is told'] = () => {
  const told = (reason, detail) => Object.values(gapReason({ reason, detail }));
  equal(told('removed'), ['Removed', 'Somebody deleted it.']);
  equal(told('lost')[0], 'Lost');
  equal(told('stopped'), ['Stopped', 'The service was not running.']);
  equal(told('stopped', ''), told('stopped'));
  equal(told('stopped', 'the configuration changed'), ['Settings', 'The settings were changed.']);
  equal(told('stopped', 'recording was turned off'), ['Stopped', 'Recording was turned off, by hand or in the settings.']);
  equal([told('network', '')[1], told('network', 'No route.')[1], told('unknown')[0]], ['The camera could not be reached.', 'No route.', 'Not known']);
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

const piece = (chunk, start, length = 20, open = false) => ({ chunk, start, duration: length, open, offset: 0, isPart: false });

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

checks['of a chunk that lost something the parts are played, and what stands between them'] = () => {
  const parse = (chunk, start, duration, offset) => parsePiece({ chunk, 'start-ns': `${start}000000000`, duration, offset });
  const pieces = [parse(1, 1000, 5, 0), parse(2, 1005, 2), parse(1, 1007, 13, 7)];
  const covered = new Map();
  const asked = [];
  for (let segment; (segment = nextSegment({ time: 1000, pieces, covered, ahead: 30 })); ) {
    asked.push([segment.piece.chunk, originOf(segment.piece), segment.from, segment.to]);
    covered.set(segment.piece.chunk, cover(covered.get(segment.piece.chunk) ?? [], segment.from, segment.to));
    truth(asked.length < 50, 'it does not end');
  }
  equal(asked, [[1, 1000, 0, 4], [1, 1000, 4, 5], [2, 1005, 0, 4], [1, 1000, 7, 8], [1, 1000, 8, 12], [1, 1000, 12, 16], [1, 1000, 16, 20]]);
  equal(isCovered({ time: 1004.95, pieces, covered }), true);
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

checks['a time that cannot be leads to one that can'] = () => {
  const now = local(2026, 10, 21, 12);
  const begin = (time, oldest) => {
    const model = new TimeModel({ now: () => now, oldest: () => oldest, time, span: HOUR });
    model.settle(false);
    model.settle(true);
    model.stop();
    return [model.live, model.time];
  };
  const oldest = now - 10 * DAY;
  equal(begin(now + DAY, oldest), [true, now]);
  equal(begin(Date.UTC(1900, 0, 1), oldest), [false, oldest]);
  equal(begin(Date.UTC(1900, 0, 1), undefined), [true, now]);
  equal(begin(now - DAY, oldest), [false, now - DAY]);
  equal(begin(now - 20 * DAY, oldest), [false, now - 20 * DAY]);
};

checks['a date of another year has its year'] = () => {
  const year = new Date().getFullYear();
  for (const tell of [day, dayMonth]) equal([tell(local(year, 5, 15)).includes(year), tell(local(year - 1, 5, 15)).includes(year - 1)], [false, true]);
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

const found = {};
for (const [name, check] of Object.entries(checks)) {
  try {
    check();
    found[name] = null;
  } catch (error) {
    found[name] = String(error.message);
  }
}
const lengths = panning();
window.results = { checks: found, changes: window.changes, panning: { median: lengths[60], worst: lengths.at(-1) } };
