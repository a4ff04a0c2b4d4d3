#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The chunk index at the size of years: how long a start takes, and a day's overview.

start: a directory of 32 cameras, 60 days, ten minutes a chunk (276,480 files) is opened, once after a stop in good order and
once after a crash, when the index is checked through. query: one camera's day out of ten million rows, beside a span in
which there is nothing: the difference is the query and what is printed of it.
"""
import argparse
import os
import pathlib
import resource
import sqlite3
import statistics
import subprocess
import tempfile
import time

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
CHUNK = 600 * SECOND
EPOCH = 1_790_000_000 // 86_400 * 86_400 * SECOND


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", required=True, type=os.path.abspath, help="the release build's command")
    parser.add_argument("--cameras", type=int, default=32)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--rows", type=int, default=10_000_000, help="for the query")
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


def measure(command):
    """Wall and CPU seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def name(camera, start):
    stamp = time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime(start // SECOND))
    return f"{camera}/{stamp[:10]}/{camera}_{stamp}.000Z.mp4"


def fill(directory, cameras, days, with_files):
    """Rows for every chunk, in the order in which a store would have written them, and a file for each if asked for."""
    database = sqlite3.connect(f"{directory}/martlet.sqlite")
    database.execute("PRAGMA synchronous = OFF")
    names = [f"camera-{number:03}" for number in range(cameras)]
    database.executemany(
        "INSERT INTO runs (id, identity, camera, boot, clock, offset) VALUES (?, ?, ?, 'boot', 'synchronised', 0)",
        [(number + 1, f"run-{number}", camera) for number, camera in enumerate(names)],
    )

    def rows():
        number = 0
        for start in range(EPOCH, EPOCH + days * DAY, CHUNK):
            for index, camera in enumerate(names):
                number += 1
                path = name(camera, start)
                if with_files:
                    file = pathlib.Path(directory, path)
                    if start % DAY == 0:
                        file.parent.mkdir(parents=True, exist_ok=True)
                    file.touch()
                    os.truncate(file, 1000)
                yield number, index + 1, camera, start // CHUNK, start, CHUNK, start, 18_000, 1000, 0, b"0" * 32, path

    database.executemany(
        """INSERT INTO chunks (id, run, camera, sequence, state, origin, protected, start, duration, media_time, frames,
        bytes, allocated, sha256, path) VALUES (?, ?, ?, ?, 'complete', 'live', 0, ?, ?, ?, ?, ?, ?, ?, ?)""",
        rows(),
    )
    database.commit()
    count = database.execute("SELECT count(*) FROM chunks").fetchone()[0]
    database.close()
    return count


def show(what, samples):
    wall = [sample[0] * 1000 for sample in samples]
    cpu = [sample[1] * 1000 for sample in samples]
    print(
        f"| {what} | {statistics.median(wall):.1f} | {min(wall):.1f}–{max(wall):.1f} | {statistics.median(cpu):.1f} |",
        flush=True,
    )


def main():
    given = arguments()
    with tempfile.TemporaryDirectory() as directory:
        opening = [given.martlet, "chunks", "repair", "--directory", directory]
        measure(opening)
        count = fill(directory, given.cameras, given.days, with_files=True)
        print(f"{count} chunks of {given.cameras} cameras\n")
        print("| what | wall ms, median | wall ms, range | CPU ms, median |\n|-|-|-|-|")
        show("start after a stop in good order", [measure(opening) for _ in range(given.runs)])
        crashed = []
        for _ in range(given.runs):
            with sqlite3.connect(f"{directory}/martlet.sqlite") as database:
                database.execute("UPDATE store SET is_clean = 0")
            database.close()
            crashed.append(measure(opening))
        show("start after a crash", crashed)
    with tempfile.TemporaryDirectory() as directory:
        measure([given.martlet, "chunks", "repair", "--directory", directory])
        cameras = 64
        days = -(-given.rows // (cameras * 144))
        count = fill(directory, cameras, days, with_files=False)
        listing = [given.martlet, "chunks", "list", "camera-031", "--directory", directory]
        middle = EPOCH // SECOND + days // 2 * 86_400

        def span(start, end):
            stamps = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)) for moment in (start, end)]
            return ["--from", stamps[0], "--to", stamps[1]]

        print(f"\n{count} rows of {cameras} cameras\n")
        print("| what | wall ms, median | wall ms, range | CPU ms, median |\n|-|-|-|-|")
        day = [measure(listing + span(middle, middle + 86_400)) for _ in range(given.runs * 4)]
        none = [measure(listing + span(1, 86_401)) for _ in range(given.runs * 4)]
        show("one camera's day, 144 chunks", day)
        show("an empty span: the command itself", none)
        difference = statistics.median(sample[0] for sample in day) - statistics.median(sample[0] for sample in none)
        print(f"\nthe day's query and its printing: {difference * 1000:.1f} ms")


main()
