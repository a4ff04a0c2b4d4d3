# SPDX-License-Identifier: Apache-2.0
"""A Martlet camera that replays the film instead of a sensor: all that a camera does, but for encoding.

The frames come from a process of their own, each when it is due, in shared memory, as they come from a hardware
encoder.
"""
from . import martlet, processes, source
from .context import REPOSITORY

# The times are those of arrival, as a sensor's driver gives them.
SOURCE = (
    'shmsrc socket-path="{socket}" is-live=true do-timestamp=true'
    f" ! video/x-h264,stream-format=byte-stream,alignment=au,framerate={source.FRAMERATE}/1"
)
DESCRIPTION = SOURCE + " ! h264parse ! video/x-h264,stream-format=avc,alignment=au ! appsink name=feed sync=false\n"


def elements(home):
    """GStreamer's elements that take the frames of `frames(home)`."""
    return SOURCE.replace("{socket}", str(home / "frames"))


def frames(home):
    """The process that gives frames to who asks for them in a folder."""
    command = ["/usr/bin/python3", REPOSITORY / "Benchmarks" / "source" / "replay.py"]
    return Frames([*command, source.film(), home / "frames", source.FRAMERATE], home / "frames.log")


class Frames(processes.Daemon):
    def start(self):
        super().start()
        self.wait_for("plays")
        return self


class Camera:
    """As a context: a camera, and the process that gives it frames."""

    def __init__(self, context, home, name="bench", **options):
        home.mkdir(parents=True)
        self.frames = frames(home)
        text = DESCRIPTION.replace("{socket}", str(home / "frames"))
        program = martlet.install(context.martlet, home, {"capture/replay": text})
        self.service = martlet.camera(program, home, name, "replay", **options)

    def __enter__(self):
        self.frames.start()
        self.service.start()
        self.service.wait_for("capture runs")
        return self.service

    def __exit__(self, *error):
        try:
            self.service.__exit__(*error)
        finally:
            self.frames.kill()
