# SPDX-License-Identifier: Apache-2.0
"""What it costs a store to delete while it records, and whether its limit holds.

A store records 16 streams of 1080p30, 4 Mbit/s, in chunks of 10 s: once with all the room it wants, and once with a
`max-space` that is full, so that for each chunk an older one goes. CPU is user and system time once deleting has begun.

Ten times a second it is looked how much the directory takes on the disk: never more than `max-space`. Afterwards the
chunks that are left are compared with the film that was sent: figures of a store that lost a frame are void.
"""
import time

from bench import footage, martlet, processes, source
from bench.measurement import Measurement

NAME = "quota"
STREAMS = 16
# About two chunks of each camera: a finished one and the open one.
LIMIT = 160_000_000
SETTLING = 3
# Chunks of all cameras end at the same times of the clock, so many seconds apart: what is counted has each of it once.
PERIOD = 10


def measure(context):
    for limit in (None, LIMIT):
        folder = context.folder / ("limited" if limit else "unlimited")
        folder.mkdir()
        with source.Stream(folder) as stream:
            yield from cell(context, folder, stream, limit)


def cell(context, folder, stream, limit):
    cameras = {f"camera-{number:02}": stream.url(f"camera-{number:02}") for number in range(STREAMS)}
    recording = {"chunk-duration": f"{PERIOD} s", "max-space": f"{limit} B" if limit else "none"}
    seen = set()
    store = martlet.store(context.martlet, folder, cameras, recording=recording)
    with store, footage.Room(store.footage) as room:

        def has_deleted():
            store.must_run()
            finished = {path for path in store.chunks() if not path.name.endswith(".open.mp4")}
            gone = seen - finished
            seen.update(finished)
            return gone

        store.wait_for("receiver runs", times=STREAMS)
        time.sleep(SETTLING)
        if limit:
            processes.until(has_deleted, "a full directory", 90, 0.2)
        used = processes.Meter([store.pid]).after(PERIOD)
        sent = stream.figures()
        store.stop()
    found = [footage.recorded(sorted((store.footage / name).rglob("*.mp4"))) for name in cameras]
    lost, uneven = sum(each.lost + each.repeated for each in found), sum(each.uneven for each in found)
    void = None
    if lost or uneven:
        void = f"{lost} frames lost or twice, {uneven} not at their time"
    if min(each.frames for each in found) < SETTLING * source.FRAMERATE:
        void = "of a camera nothing is left"
    if sent["dropped"]:
        void = f"the source dropped {sent['dropped']} frames"
    if limit and room.most > limit:
        void = f"the directory took {room.most:,} bytes of {limit:,}"
    given = {"limit": f"{limit // 1_000_000} MB" if limit else "none"}
    cpu = used.cpu / STREAMS / used.seconds * 60
    yield Measurement(NAME, "CPU", "martlet", cpu, "s / stream-minute", void=void, **given)
    yield Measurement(NAME, "the directory at most", "martlet", room.most / 1e6, "MB", void=void, **given)
    if limit:
        yield Measurement(NAME, "of its limit at most", "martlet", room.most / limit * 100, "%", void=void, **given)
    frames = sum(each.frames for each in found)
    yield Measurement(NAME, "frames left, none lost", "martlet", frames, "", void=void, **given)
