# SPDX-License-Identifier: Apache-2.0
"""How long one camera's day takes to be found among ten million chunks.

`martlet chunks list` of a day of one of 64 cameras, 144 chunks of 1,085 days, and of a day on which there is nothing:
the difference is the query and what is printed of it, the rest the command's own start. Beside it the `sqlite3`
command, which prints the same rows of the same index and knows nothing of chunks. CPU is that of the whole command.
"""
import resource
import statistics
import subprocess
import time

from bench import index
from bench.context import Trouble
from bench.measurement import Measurement

NAME = "query"
CAMERAS, CHUNKS = 64, 10_000_000
CAMERA = "camera-031"


def measure(context):
    days = CHUNKS // CAMERAS // 144 // (10 if context.quick else 1)
    full = context.shared / "footage"
    if not full.exists():
        count = index.fill(context.martlet, full, CAMERAS, days, with_files=False)
        context.note(f"The index has {count:,} chunks.")
    day = index.EPOCH + days // 2 * index.DAY
    for what, begin, chunks in (("a day", day, 144), ("an empty day", index.SECOND, 0)):
        end = begin + index.DAY
        ours = [context.martlet, "chunks", "list", CAMERA, "--directory", full]
        ours += ["--from", index.moment(begin), "--to", index.moment(end)]
        query = f"SELECT * FROM chunks WHERE camera = '{CAMERA}' AND start >= {begin} AND start < {end} ORDER BY start"
        theirs = ["sqlite3", "-readonly", full / "martlet.sqlite", query]
        found = {"martlet": [], "sqlite3": []}
        for _ in range(5 if context.quick else 15):
            # Of Martlet's lines the first is a head.
            found["martlet"].append(timed(ours, chunks + 1))
            found["sqlite3"].append(timed(theirs, chunks))
        for who, times in found.items():
            yield Measurement(NAME, "time", who, statistics.median(wall for wall, _ in times) * 1000, "ms", span=what)
            yield Measurement(NAME, "CPU", who, statistics.median(cpu for _, cpu in times) * 1000, "ms", span=what)


def timed(command, lines):
    """Wall and CPU seconds of a command that prints so many lines."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([str(part) for part in command], capture_output=True)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0 or done.stdout.count(b"\n") != lines:
        raise Trouble(f"{command}: {done.returncode}, {done.stdout.count(chr(10).encode())} lines instead of {lines}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
