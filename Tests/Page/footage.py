# SPDX-License-Identifier: Apache-2.0
"""Footage for the mock: real H.264 with a frame counter in its picture, laid out on the clock as if it had been recorded."""

import math
import os
import random
import statistics
import subprocess
import time
from datetime import datetime, timezone

from fragments import Movie

RATE = 15
LENGTH = 20
FILES = 12
FRAMES = RATE * LENGTH
WIDTH, HEIGHT = 640, 360
#: The counter: so many bits, least significant first, as cells along the top of the picture.
BITS = 20
CELL = WIDTH // 40


def encode(directory):
    """Chunks of 20 s, without a seam: the counter goes on from one to the next. @returns them twice: where little moves, and much"""
    return [_encode(os.path.join(directory, name), noise) for name, noise in (("quiet", ""), ("busy", "noise=alls=5:allf=t,"))]


def _encode(directory, noise):
    os.makedirs(directory, exist_ok=True)
    picture = f"testsrc2=s={WIDTH}x{HEIGHT}:r={RATE},{noise}drawbox=x=0:y=0:w={CELL * BITS}:h={CELL}:color=black:t=fill"
    for bit in range(BITS):
        picture += f",drawbox=x={bit * CELL}:y=0:w={CELL}:h={CELL}:color=white:t=fill:enable='mod(floor(n/{1 << bit}),2)'"
    pattern = os.path.join(directory, "%02d.mp4")
    if not os.path.exists(pattern % (FILES - 1)):
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, "-t", str(FILES * LENGTH), "-c:v", "libx264", "-preset", "ultrafast",
             "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-bf", "0", "-g", str(RATE), "-keyint_min", str(RATE), "-sc_threshold", "0",
             "-force_key_frames", f"expr:gte(t,n_forced*{LENGTH})", "-video_track_timescale", "90000",
             "-f", "segment", "-segment_time", str(LENGTH), "-reset_timestamps", "1", pattern],
            check=True)
    return [Movie(pattern % index) for index in range(FILES)]


def levels(movie):
    """12 × log2 of the mean size of the predicted frames, of each second of a file."""
    seconds = {}
    for sample in movie.samples:
        if not sample.key:
            seconds.setdefault(int(sample.time / movie.timescale), []).append(sample.size)
    return [round(12 * math.log2(statistics.mean(seconds[second]))) for second in sorted(seconds)]


def instant(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Camera:
    """A camera's chunks, one after another on a grid of 20 s since `begin`; those that lie in a gap are not there."""

    def __init__(self, number, name, movies, begin, gaps=(), protected=(), unsynchronised=(), recording=True):
        self.number = number
        self.name = name
        self.quiet, self.busy = movies
        self.levels = {False: [levels(movie) for movie in self.quiet], True: [levels(movie) for movie in self.busy]}
        self.moves = {}
        self.begin = begin
        self.gaps = list(gaps)
        self.unsynchronised = list(unsynchronised)
        self.recording = recording
        self.removed = set()
        self.protected = {k for a, b in protected for k in range(self.index(a), self.index(b))}

    def index(self, at):
        return int((at - self.begin) // LENGTH)

    def start(self, k):
        return self.begin + k * LENGTH

    def movie(self, k):
        return (self.busy if self.moving(k) else self.quiet)[k % FILES]

    def moving(self, k):
        """Whether somebody walks through a chunk's picture: now and then, more by day, the same at each look."""
        if k not in self.moves:
            chance = random.Random(self.number * 100_003 + k // 9)
            hour = self.start(k) % 86400 / 3600
            self.moves[k] = chance.random() < (0.22 if 7 <= hour < 19 else 0.05) and random.Random(k).random() < 0.75
        return self.moves[k]

    def has(self, k):
        start = self.start(k)
        return k >= 0 and k not in self.removed and not any(a <= start < b for a, b, *_ in self.gaps)

    def reach(self, k):
        """How much of a chunk there is, in seconds; the newest grows."""
        age = time.time() - self.start(k) - 0.5
        return max(0.0, min(float(LENGTH), int(age * RATE) / RATE))

    def is_open(self, k):
        return self.reach(k) < LENGTH

    def between(self, start, end):
        end = min(end, time.time())
        k = max(0, self.index(start))
        while self.start(k) < end:
            if self.has(k) and self.reach(k) > 0:
                yield k
            k += 1

    def identity(self, k):
        return self.number * 1_000_000 + k

    def chunk(self, k):
        reach = self.reach(k)
        moment = datetime.fromtimestamp(self.start(k), timezone.utc)
        return {
            "id": self.identity(k), "camera": self.name, "start": instant(self.start(k)), "length": reach,
            "size": int(len(self.movie(k).data) * reach / LENGTH), "frames": round(reach * RATE),
            "state": "open" if self.is_open(k) else "complete", "protected": k in self.protected,
            "file": f"{self.name}/{moment:%Y-%m-%d}/{moment:%H-%M-%S}.mp4",
        }

    def piece(self, k):
        start = self.start(k)
        return {
            "chunk": self.identity(k), "start": instant(start), "start-ns": str(int(start * 1000) * 1_000_000), "duration": self.reach(k),
            "open": self.is_open(k), "mime": f'video/mp4; codecs="{self.movie(k).codec}"', "width": WIDTH, "height": HEIGHT,
        }

    def level(self, second):
        """The movement of one second since 1970, or None where there is no footage."""
        k = self.index(second)
        if not self.has(k) or second + 1 > time.time():
            return None
        return self.levels[self.moving(k)][k % FILES][int(second - self.start(k))]

    def movement(self, start, end, step):
        step = max(step, math.ceil((end - start) / 20_000))
        start = start // step * step
        values = []
        while start + len(values) * step < end:
            at = start + len(values) * step
            # A long step is looked at in ten places: the levels are those of chunks.
            found = [level for i in range(min(step, 10)) if (level := self.level(at + i * step // min(step, 10))) is not None]
            values.append(max(found) if found else None)
        return {"from": instant(start), "step": float(step), "values": values}

    def next_movement(self, time, backwards):
        """Where a chunk in which something moves follows one in which nothing does."""
        k = self.index(time) + (0 if backwards else 1)
        step = -1 if backwards else 1
        for _ in range(7 * 86400 // LENGTH):
            if self.has(k) and self.has(k - 1) and self.moving(k) and not self.moving(k - 1) and self.reach(k) > 0:
                if (self.start(k) < time) if backwards else (self.start(k) > time):
                    return self.start(k)
            k += step
        return None

    def timeline(self, start, end):
        now = time.time()
        start, end = max(start, self.begin), min(end, now)
        marks = {start, end}
        for a, b, *_ in [*self.gaps, *self.unsynchronised]:
            marks |= {a, b}
        for k in self.protected | self.removed:
            marks |= {self.start(k), self.start(k) + LENGTH}
        if not self.recording:
            marks.add(self.gaps[-1][0])
        newest = self.index(now)
        marks.add(self.start(newest))
        ordered = sorted(mark for mark in marks if start <= mark <= end)
        spans = []
        gaps = sorted(self.gaps)
        position = 0
        for a, b in zip(ordered, ordered[1:]):
            while position < len(gaps) and gaps[position][1] <= a:
                position += 1
            k = self.index(a)
            gap = gaps[position] if position < len(gaps) and gaps[position][0] <= a else None
            if gap or k in self.removed:
                span = {"kind": "gap", "reason": gap[2] if gap else "unknown"}
                if gap and len(gap) > 3:
                    span["detail"] = gap[3]
            else:
                span = {"kind": "recorded", "state": "open" if k == newest else "complete", "run": f"run-{position}"}
                if k in self.protected:
                    span["protected"] = True
                if any(x <= a < y for x, y in self.unsynchronised):
                    span["unsynchronised"] = True
            last = spans[-1] if spans else None
            if last and {**last, "from": 0, "to": 0} == {**span, "from": 0, "to": 0}:
                last["to"] = b
            else:
                spans.append({**span, "from": a, "to": b})
        for span in spans:
            span["from"], span["to"] = instant(span["from"]), instant(span["to"])
        return {"camera": self.name, "from": instant(start), "to": instant(end), "oldest": instant(self.begin), "now": instant(now), "spans": spans}
