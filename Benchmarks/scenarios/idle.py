# SPDX-License-Identifier: Apache-2.0
"""How often processes wake up when nobody asks anything of them, and what that takes.

Wake-ups are how often threads are put on a core, of the whole process tree, in a second. A store without cameras has
nothing to do at all; a camera and a store of ten cameras record, and nobody watches. Beside them ten ffmpegs that
record the same ten streams, 1080p30 of 4 Mbit/s. The camera replays a film instead of a sensor: an encoder's own
wake-ups are not Martlet's.
"""
import time

from bench import martlet, processes, replay, source
from bench.measurement import Measurement

NAME = "idle"
CAMERAS = 10
SETTLING = 2.5


def measure(context):
    seconds = 4 if context.quick else 8
    folder = context.folder
    with martlet.store(context.martlet, folder / "alone") as store:
        yield from figures(store, [store.pid], "store without cameras", "martlet", seconds)
    with replay.Camera(context, folder / "camera") as camera:
        yield from figures(camera, [camera.pid], "camera that records", "martlet", seconds)
    with source.Stream(folder) as stream:
        urls = [stream.url(f"camera-{number}") for number in range(CAMERAS)]
        cameras = {f"camera-{number}": url for number, url in enumerate(urls)}
        what = f"store of {CAMERAS} cameras"
        with martlet.store(context.martlet, folder / "store", cameras) as store:
            store.wait_for("receiver runs", times=CAMERAS)
            yield from figures(store, [store.pid], what, "martlet", seconds)
        recorders = []
        for number, url in enumerate(urls):
            command = ["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-c", "copy"]
            recorders.append(processes.Daemon([*command, f"{number}.mp4"], folder / f"{number}.log", folder))
        with processes.Group(recorders) as group:
            yield from figures(group, group.pids, what, "ffmpeg", seconds)


def figures(running, pids, process, contender, seconds):
    """What processes do that have been running for a while."""
    time.sleep(SETTLING)
    running.must_run()
    used = processes.Meter(pids).after(seconds)
    yield Measurement(NAME, "wake-ups", contender, used.switches / used.seconds, "/s", process=process)
    yield Measurement(NAME, "CPU", contender, used.cpu / used.seconds * 100, "% of a core", process=process)
    yield Measurement(NAME, "memory", contender, processes.memory(pids), "MB", process=process)
