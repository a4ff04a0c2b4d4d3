# SPDX-License-Identifier: Apache-2.0
"""What a camera's process costs without its encoder, by the number of viewers, and what recording adds.

A film of 1080p30 and 4 Mbit/s takes the place of sensor and encoder: another process gives the frames, each when it is
due, in shared memory, as a hardware encoder does. Viewers are one cheap process; they watch over RTSP/TCP, and each has
to get every frame. CPU is user and system time, memory the proportional set size; what is resident is that of a device
on which nobody else uses GStreamer.

Beside it GStreamer's own RTSP server with the same frames: one pipeline and one payloader for all viewers, and no
recorder.
"""
import time

from bench import footage, martlet, processes, replay, source
from bench.context import REPOSITORY
from bench.measurement import Measurement

NAME = "camera"
VIEWERS = (0, 1, 11)
SETTLING = 1


def measure(context):
    for recorder in ("on", "off"):
        folder = context.folder / f"recorder-{recorder}"
        with replay.Camera(context, folder, recording=recorder == "on") as camera:
            yield from with_viewers(context, "martlet", camera, camera.url("bench"), recorder)
            camera.stop()
        if recorder == "on":
            found = footage.recorded(camera.chunks())
            # The times are those at which frames came from another process: some are uneven while the machine is busy.
            yield Measurement(NAME, "frames lost by the recording", "martlet", found.lost + found.repeated, "")
    folder = context.folder / "gst-rtsp-server"
    folder.mkdir()
    port = martlet.free_port()
    relay = REPOSITORY / "Benchmarks" / "bench" / "relay.py"
    server = processes.Daemon(["/usr/bin/python3", relay, replay.elements(folder), port], folder / "log")
    with replay.frames(folder), server:
        server.wait_for("serves")
        url = f"rtsp://127.0.0.1:{port}/bench"
        # Without a viewer it does nothing.
        yield from with_viewers(context, "gst-rtsp-server", server, url, "off", VIEWERS[1:])


def with_viewers(context, contender, server, url, recorder, numbers=VIEWERS):
    """What a server takes with each number of viewers; those of before stay."""
    groups = []
    try:
        for number in numbers:
            if number:
                have = sum(group.count for group in groups)
                groups.append(source.Viewers(server.log.parent, url, number - have).start())
            yield from figures(context, contender, server, groups, number, recorder)
    finally:
        for group in groups:
            group.kill()


def figures(context, contender, server, groups, viewers, recorder):
    seconds = 3 if context.quick else 6
    time.sleep(SETTLING)
    before = [group.figures() for group in groups]
    used = processes.Meter([server.pid]).after(seconds)
    after = [group.figures() for group in groups]
    server.must_run()
    void = None
    if viewers:
        frames = sum(each["frames"] for each in after) - sum(each["frames"] for each in before)
        lost = sum(each["lost"] for each in after) - sum(each["lost"] for each in before)
        expected = used.seconds * source.FRAMERATE * viewers
        if lost or not 0.95 * expected < frames < 1.05 * expected:
            void = f"{viewers} viewers got {frames} frames of {expected:.0f}, and {lost} packets are missing"
    for what, value, unit in (
        ("CPU", used.cpu / used.seconds * 100, "% of a core"),
        ("memory", processes.memory([server.pid]), "MB"),
        ("resident memory", processes.memory([server.pid], "Rss"), "MB"),
        ("threads", processes.threads([server.pid]), ""),
        ("wake-ups", used.switches / used.seconds, "/s"),
    ):
        yield Measurement(NAME, what, contender, value, unit, void=void, viewers=viewers, recorder=recorder)
