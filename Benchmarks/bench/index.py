# SPDX-License-Identifier: Apache-2.0
"""Indices of years of footage, without the footage."""
import sqlite3
import time

from . import processes

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
CHUNK = 600 * SECOND
EPOCH = 1_790_000_000 // 86_400 * 86_400 * SECOND

ROWS = """
INSERT INTO chunks (id, run, camera, sequence, state, origin, protected, start, duration, media_time, frames, bytes,
    allocated, sha256, path, has_movement, turn)
WITH RECURSIVE
    cameras (run) AS (SELECT 0 UNION ALL SELECT run + 1 FROM cameras LIMIT :cameras),
    starts (sequence) AS (SELECT 0 UNION ALL SELECT sequence + 1 FROM starts LIMIT :chunks)
SELECT sequence * :cameras + run + 1, run + 1, printf('camera-%03d', run), sequence, 'complete', 'live', 0,
    :epoch + sequence * :length, :length, sequence * :length, 18000, 1000, 0, zeroblob(32),
    printf('camera-%03d/', run) || strftime('%Y-%m-%d/', :epoch / 1000000000 + sequence * 600, 'unixepoch')
        || printf('camera-%03d_', run)
        || strftime('%Y-%m-%dT%H-%M-%S.000Z.mp4', :epoch / 1000000000 + sequence * 600, 'unixepoch'),
    1, sequence * :cameras + run + 1
FROM starts CROSS JOIN cameras
"""


def fill(martlet, directory, cameras, days, with_files):
    """Makes a directory whose index has a chunk for each ten minutes of each camera, in the order of recording.

    With files there is one for each, of 1,000 bytes that are nowhere on the disk. Returns how many chunks there are.
    """
    directory.mkdir(parents=True, exist_ok=True)
    processes.run([martlet, "chunks", "repair", "--directory", directory])
    database = sqlite3.connect(directory / "martlet.sqlite")
    for setting in ("synchronous = OFF", "journal_mode = OFF", "cache_size = -500000"):
        database.execute(f"PRAGMA {setting}")
    database.executemany(
        "INSERT INTO runs (id, identity, camera, boot, clock, offset) VALUES (?, ?, ?, 'boot', 'synchronised', ?)",
        [(number + 1, f"run-{number}", f"camera-{number:03}", EPOCH) for number in range(cameras)],
    )
    # Indices and triggers are put back in one go: of millions of rows that is a minute less.
    others = database.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = 'chunks' AND type != 'table' AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _ in others:
        database.execute(f"DROP {kind} {name}")
    database.execute(ROWS, {"cameras": cameras, "chunks": days * (DAY // CHUNK), "epoch": EPOCH, "length": CHUNK})
    for _, _, text in others:
        database.execute(text)
    database.commit()
    count = database.execute("SELECT count(*) FROM chunks").fetchone()[0]
    if with_files:
        for (path,) in database.execute("SELECT path FROM chunks"):
            file = directory / path
            if file.name[-17:] == "00-00-00.000Z.mp4":
                file.parent.mkdir(parents=True)
            with open(file, "wb") as empty:
                empty.truncate(1000)
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    return count


def moment(nanoseconds):
    """A time as the command takes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(nanoseconds // SECOND))
