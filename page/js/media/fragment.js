// SPDX-License-Identifier: Apache-2.0
// The frames of a media segment, read from its boxes (ISO/IEC 14496-12): what is shown when, to the frame.

function* boxes(view, from = 0, to = view.byteLength) {
  for (let at = from; at + 8 <= to; ) {
    let size = view.getUint32(at);
    let head = 8;
    if (size === 1) {
      size = Number(view.getBigUint64(at + 8));
      head = 16;
    } else if (size === 0) size = to - at;
    if (size < head || at + size > to) return;
    const type = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5), view.getUint8(at + 6), view.getUint8(at + 7));
    yield { type, from: at + head, to: at + size };
    at += size;
  }
}

function* find(view, path, from, to) {
  for (const box of boxes(view, from, to)) {
    if (box.type !== path[0]) continue;
    if (path.length === 1) yield box;
    else yield* find(view, path.slice(1), box.from, box.to);
  }
}

const first = (view, path, from, to) => find(view, path, from, to).next().value;

/** The video track of an initialisation segment. @returns {{id: number, timescale: number}} */
export function videoTrack(buffer) {
  const view = new DataView(buffer);
  for (const track of find(view, ['moov', 'trak'])) {
    const handler = first(view, ['mdia', 'hdlr'], track.from, track.to);
    if (!handler || view.getUint32(handler.from + 8) !== 0x76696465) continue;
    const header = first(view, ['tkhd'], track.from, track.to).from;
    const media = first(view, ['mdia', 'mdhd'], track.from, track.to).from;
    return {
      id: view.getUint32(header + (view.getUint8(header) ? 20 : 12)),
      timescale: view.getUint32(media + (view.getUint8(media) ? 20 : 12)),
    };
  }
  throw new Error('The initialisation segment has no video track.');
}

/**
 * When each frame of the track is shown, in order.
 * @returns {{time: number, duration: number}[]} seconds from the chunk's start
 */
export function frames(buffer, track) {
  const view = new DataView(buffer);
  const result = [];
  for (const fragment of find(view, ['moof', 'traf'])) {
    const header = first(view, ['tfhd'], fragment.from, fragment.to).from;
    if (view.getUint32(header + 4) !== track.id) continue;
    let at = header + 8;
    const has = view.getUint32(header) & 0xffffff;
    if (has & 0x1) at += 8;
    if (has & 0x2) at += 4;
    const usual = has & 0x8 ? view.getUint32(at) : 0;
    const begin = first(view, ['tfdt'], fragment.from, fragment.to).from;
    let decoded = view.getUint8(begin) ? Number(view.getBigUint64(begin + 4)) : view.getUint32(begin + 4);
    for (const run of find(view, ['trun'], fragment.from, fragment.to)) {
      const fields = view.getUint32(run.from) & 0xffffff;
      const count = view.getUint32(run.from + 4);
      let entry = run.from + 8 + (fields & 0x1 ? 4 : 0) + (fields & 0x4 ? 4 : 0);
      for (let index = 0; index < count; index += 1) {
        let length = usual;
        let offset = 0;
        if (fields & 0x100) (length = view.getUint32(entry)), (entry += 4);
        if (fields & 0x200) entry += 4;
        if (fields & 0x400) entry += 4;
        if (fields & 0x800) (offset = view.getInt32(entry)), (entry += 4);
        result.push({ time: (decoded + offset) / track.timescale, duration: length / track.timescale });
        decoded += length;
      }
    }
  }
  return result.sort((a, b) => a.time - b.time);
}
