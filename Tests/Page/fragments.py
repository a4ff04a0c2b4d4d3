# SPDX-License-Identifier: Apache-2.0
"""Initialisation and media segments out of plain MP4 files of one H.264 track (ISO/IEC 14496-12)."""

import struct
from dataclasses import dataclass


@dataclass
class Sample:
    offset: int
    size: int
    time: int
    duration: int
    key: bool


def children(data, start=0, end=None):
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, start, start + size
        start += size


def find(data, *path):
    start, end = 0, len(data)
    for name in path:
        start, end = next((a, b) for kind, a, b in children(data, start, end) if kind == name)
        start += 8
    return start, end


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


class Movie:
    """A finished MP4 file: its samples, and what can be cut out of it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = data = file.read()
        self.path = path
        table = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
        start, _ = find(data, b"moov", b"trak", b"mdia", b"mdhd")
        self.timescale = struct.unpack_from(">I", data, start + 12)[0]
        durations = []
        start, _ = find(data, *table, b"stts")
        for index in range(struct.unpack_from(">I", data, start + 4)[0]):
            count, length = struct.unpack_from(">II", data, start + 8 + 8 * index)
            durations += [length] * count
        start, _ = find(data, *table, b"stsz")
        fixed, count = struct.unpack_from(">II", data, start + 4)
        sizes = [fixed] * count if fixed else list(struct.unpack_from(f">{count}I", data, start + 12))
        start, _ = find(data, *table, b"stss")
        keys = set(struct.unpack_from(f">{struct.unpack_from('>I', data, start + 4)[0]}I", data, start + 8))
        start, _ = find(data, *table, b"stco")
        offsets = struct.unpack_from(f">{struct.unpack_from('>I', data, start + 4)[0]}I", data, start + 8)
        start, _ = find(data, *table, b"stsc")
        runs = [struct.unpack_from(">II", data, start + 8 + 12 * i) for i in range(struct.unpack_from(">I", data, start + 4)[0])]
        self.samples = []
        time = 0
        for index, offset in enumerate(offsets):
            for _ in range(next(count for first, count in reversed(runs) if first <= index + 1)):
                number = len(self.samples)
                self.samples.append(Sample(offset, sizes[number], time, durations[number], number + 1 in keys))
                offset += sizes[number]
                time += durations[number]
        self.duration = time / self.timescale
        start, end = find(data, *table, b"stsd")
        self.description = data[start - 8:end]
        configuration = data.index(b"avcC", start)
        self.codec = "avc1." + data[configuration + 5:configuration + 8].hex()

    def initialisation(self):
        data = self.data
        whole = lambda *path: data[find(data, *path)[0] - 8:find(data, *path)[1]]
        empty = box(b"stbl", self.description, box(b"stts", bytes(8)), box(b"stsc", bytes(8)), box(b"stsz", bytes(12)), box(b"stco", bytes(8)))
        media = (b"moov", b"trak", b"mdia")
        information = box(b"minf", whole(*media, b"minf", b"vmhd"), whole(*media, b"minf", b"dinf"), empty)
        track = box(b"trak", whole(b"moov", b"trak", b"tkhd"), box(b"mdia", whole(*media, b"mdhd"), whole(*media, b"hdlr"), information))
        extends = box(b"mvex", box(b"trex", struct.pack(">6I", 0, 1, 1, 0, 0, 0)))
        return box(b"ftyp", b"iso5", bytes(4), b"iso5iso6mp41") + box(b"moov", whole(b"moov", b"mvhd"), track, extends)

    def segment(self, start, end, limit=None, keyframes=False):
        """From the keyframe at or before `start` to the last frame before `end`, none later than `limit` seconds. A keyframe
        alone lasts until the next."""
        limit = self.duration if limit is None else limit
        there = [s for s in self.samples if (s.time + s.duration) / self.timescale <= limit + 1e-6]
        first = max((i for i, s in enumerate(there) if s.key and s.time / self.timescale <= start + 1e-6), default=0)
        chosen = [s for s in there[first:] if s.time / self.timescale < end - 1e-6]
        if keyframes:
            keys = [s for s in there[first:] if s.key]
            ends = [s.time for s in keys[1:]] + [there[-1].time + there[-1].duration] if there else []
            chosen = [Sample(s.offset, s.size, s.time, e - s.time, True) for s, e in zip(keys, ends) if s.time / self.timescale < max(end, start + 1e-6) - 1e-6 or s is keys[0]]
        if not chosen or (chosen[-1].time + chosen[-1].duration) / self.timescale <= start:
            return None
        return self._fragment(chosen)

    def _fragment(self, samples):
        entries = b"".join(struct.pack(">III", s.duration, s.size, 0x02000000 if s.key else 0x01010000) for s in samples)

        def head(offset):
            run = box(b"trun", struct.pack(">IIi", 0x000701, len(samples), offset), entries)
            track = box(b"traf", box(b"tfhd", struct.pack(">II", 0x020000, 1)), box(b"tfdt", struct.pack(">IQ", 1 << 24, samples[0].time)), run)
            return box(b"moof", box(b"mfhd", struct.pack(">II", 0, 1)), track)

        body = b"".join(self.data[s.offset:s.offset + s.size] for s in samples)
        return head(len(head(0)) + 8) + box(b"mdat", body)
