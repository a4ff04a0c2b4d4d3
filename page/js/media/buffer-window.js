// SPDX-License-Identifier: Apache-2.0
// Which part of which chunk to fetch next. Times in seconds since 1970, or from a chunk's start where said.

/** Segments end on a grid of this, in seconds from a chunk's start, so that a second visit finds them in the browser's cache. */
export const GRID = 4;
/** The first segment after a seek ends this soon behind its beginning: a picture first. */
const FIRST = 1;
const NOTHING = 0.001;

/**
 * A piece as the server says it, with its start in seconds to the microsecond, and where it begins in its chunk: of a chunk that
 * lost something on its way only parts are shown, and footage of the camera's card between them.
 */
export function parsePiece(piece) {
  const start = Number(BigInt(piece['start-ns']) / 1000n) / 1e6;
  return { ...piece, start, offset: piece.offset ?? 0, isPart: piece.offset !== undefined };
}

/** When the piece's chunk begins: what counts from there is shown at. */
export const originOf = piece => piece.start - piece.offset;

export const endOf = piece => piece.start + piece.duration;

/** The piece that has a picture for `time`, or undefined in a gap. A frame lasts until the next piece if that follows at once. */
export function pieceAt(pieces, time, tolerance = 0) {
  return pieces.findLast(piece => piece.start <= time + NOTHING && time < endOf(piece) + tolerance);
}

/** Where footage goes on after a gap at `time`. */
export const nextPiece = (pieces, time) => pieces.find(piece => piece.start > time);

/** Adds [from, to) to the parts of a chunk that have been fetched: in order, apart. */
export function cover(parts, from, to) {
  const result = [];
  for (const part of parts) {
    if (part.to < from - NOTHING || part.from > to + NOTHING) result.push(part);
    else {
      from = Math.min(from, part.from);
      to = Math.max(to, part.to);
    }
  }
  result.push({ from, to });
  return result.sort((a, b) => a.from - b.from);
}

/** What is left of the parts within [from, to). */
export const within = (parts, from, to) =>
  parts.map(part => ({ from: Math.max(part.from, from), to: Math.min(part.to, to) })).filter(part => part.to - part.from > NOTHING);

/**
 * The next segment to fetch so that playback from `time` does not starve.
 * @param {object} state
 * @param {number} state.time where playback is
 * @param {object[]} state.pieces in order
 * @param {Map<number, {from, to}[]>} state.covered by chunk, what has been fetched, in seconds from its start
 * @param {number} state.ahead how far, in seconds
 * @param {number} [state.grid]
 * @returns {{piece, from, to}|null} seconds from the chunk's start
 */
export function nextSegment({ time, pieces, covered, ahead, grid = GRID }) {
  for (const piece of pieces) {
    if (endOf(piece) <= time) continue;
    if (piece.start >= time + ahead) break;
    const parts = covered.get(piece.chunk) ?? [];
    const origin = originOf(piece);
    const end = piece.offset + piece.duration;
    const start = Math.max(piece.offset, time - origin);
    const from = uncovered(parts, start);
    if (from > end - NOTHING || origin + from >= time + ahead) continue;
    let to = (Math.floor(from / grid + NOTHING) + 1) * grid;
    if (from === start && start > piece.offset) to = Math.min(to, from + FIRST);
    const taken = parts.find(part => part.from > from && part.from < to);
    if (taken) to = taken.from;
    return { piece, from, to: piece.open || piece.isPart ? Math.min(to, end) : to };
  }
  return null;
}

function uncovered(parts, from) {
  for (const part of parts) if (part.from <= from + NOTHING && part.to > from) from = part.to;
  return from;
}

/** Whether the chunk has been fetched from `time` on for at least `length` seconds, or to its end. */
export function isCovered({ time, pieces, covered, length = 0.1 }) {
  const piece = pieceAt(pieces, time);
  if (!piece) return false;
  const from = time - originOf(piece);
  const end = piece.offset + piece.duration;
  return (covered.get(piece.chunk) ?? []).some(part => part.from <= from + NOTHING && part.to >= Math.min(from + length, end) - NOTHING);
}
