# SPDX-License-Identifier: Apache-2.0
"""What is in recordings of the film that is sent: whether every frame is there, once and at its time.

Read by ffprobe, which knows nothing of who wrote them. A frame is recognised by its size and those of its neighbours.
"""
import concurrent.futures
import dataclasses
import functools
import threading

from . import processes, source
from .context import Trouble

# So many frames in a row are sure to be nowhere else in the film.
SURE = 6


@dataclasses.dataclass(frozen=True)
class Recorded:
    """What is in files that were recorded from one stream, one after the other."""

    frames: int
    lost: int
    """Frames of the film that should be between the first and the last one, and are not."""
    repeated: int
    """Frames that were there already."""
    uneven: int
    """Frames that within their file are not a thirtieth of a second, or nearly, after the one before."""
    seconds: float
    """What the frames take when they are shown."""


@functools.cache
def _film():
    """The size of each of the film's frames; `None` for keyframes: not everybody keeps the parameter sets with them."""
    return tuple(size for size, _ in _packets(source.film()))


def _packets(file):
    """The size of each frame, `None` for keyframes, and its time, if it has one."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time,size,flags"]
    found = []
    for line in processes.run([*command, "-of", "csv=p=0", file]).split():
        time, size, flags = line.split(",")[:3]
        found.append((None if "K" in flags else int(size), None if time == "N/A" else float(time)))
    return found


def recorded(files):
    """What is in the files, which go on where the one before ends."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        contents = list(pool.map(_packets, files))
    sizes, uneven = [], 0
    for packets in contents:
        sizes += [size for size, _ in packets]
        times = [time for _, time in packets if time is not None]
        steps = [(later - earlier) * source.FRAMERATE for earlier, later in zip(times, times[1:])]
        uneven += sum(not 0.5 < step < 1.5 for step in steps)
    lost, repeated = _compare(sizes)
    return Recorded(len(sizes), lost, repeated, uneven, len(sizes) / source.FRAMERATE)


def _compare(sizes):
    """How many frames of the film are missing within a recording, and how many are there again."""
    film = _film()
    length = len(film)

    def place(at, begin):
        """How much further in the film than `begin` the recording goes on."""
        wanted = sizes[at : at + SURE]
        for step in range(length):
            if all(film[(begin + step + number) % length] == size for number, size in enumerate(wanted)):
                return step
        return None

    position, lost, repeated, strange = None, 0, 0, 0
    for at, size in enumerate(sizes):
        if position is not None and film[position % length] == size:
            position += 1
            continue
        step = place(at, position or 0)
        if step is None:
            # Frames that come after a loss may be whole, and the next loss near: the one after is looked for.
            strange += 1
            continue
        if position is not None:
            if step > length // 2:
                repeated += length - step
            else:
                # What was not recognised was there, whatever it was.
                lost += max(0, step - strange)
        position, strange = (position or 0) + step + 1, 0
    if position is None and sizes:
        raise Trouble("what was recorded is not the film")
    return lost, repeated


class Room(threading.Thread):
    """As a context: looks again and again how much a directory takes on the disk; `most` are the most bytes of it."""

    def __init__(self, folder, every=0.1):
        super().__init__(daemon=True)
        self.folder, self.every, self.most, self.ends = folder, every, 0, threading.Event()

    def run(self):
        while not self.ends.wait(self.every):
            self.most = max(self.most, sum(self._blocks(path) for path in self.folder.rglob("*")) * 512)

    @staticmethod
    def _blocks(path):
        try:
            return path.lstat().st_blocks
        except FileNotFoundError:
            return 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.join()
