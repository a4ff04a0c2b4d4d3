# SPDX-License-Identifier: Apache-2.0
"""The film that is sent, the server that sends it as many cameras' streams, and viewers that throw it away."""
import json
import pathlib
import shutil
import signal

from . import processes
from .context import BUILD, REPOSITORY, Trouble
from .martlet import free_port

WIDTH, HEIGHT, FRAMERATE, BITRATE = 1920, 1080, 30, 4_000_000
SECONDS = 20


def compiled(name):
    """The program made of source/NAME.c, anew where that has changed."""
    text, program = REPOSITORY / "Benchmarks" / "source" / f"{name}.c", BUILD / name
    if not program.exists() or program.stat().st_mtime < text.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        made = program.with_suffix(".new")
        processes.run(["cc", "-O2", "-Wall", "-Wextra", "-o", made, text])
        made.rename(program)
    return program


def film():
    """H.264 as a camera sends it, as an Annex B byte stream: 1080p30 of 4 Mbit/s, a keyframe each second with the
    parameter sets before it, no B-frames. A moving picture with noise, so that the bit rate is reached. Made once.
    """
    file = BUILD / "film-1.h264"
    if not file.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        made = file.with_suffix(".new.h264")
        size = f"size={WIDTH}x{HEIGHT}:rate={FRAMERATE}:duration={SECONDS}"
        picture = ["-f", "lavfi", "-i", f"testsrc2={size},noise=alls=12:allf=t,format=yuv420p"]
        rate = ["-b:v", BITRATE, "-maxrate", BITRATE, "-bufsize", BITRATE // 2]
        keyframes = f"keyint={FRAMERATE}:min-keyint={FRAMERATE}:scenecut=0:bframes=0:sliced-threads=0:slices=1"
        encoder = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", *rate, "-x264-params", keyframes]
        processes.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *picture, *encoder, "-f", "h264", made])
        found = made.stat().st_size * 8 / SECONDS
        if not 0.9 < found / BITRATE < 1.1:
            raise Trouble(f"the film has {found / 1e6:.1f} Mbit/s instead of {BITRATE / 1e6:.1f}")
        made.rename(file)
    return file


class Stream(processes.Daemon):
    """Sends the film to each client as a camera's stream of its own: see source/rtsp-source.c."""

    def __init__(self, folder, begins_with_keyframe=False):
        self.port = free_port()
        command = [compiled("rtsp-source"), self.port, film(), FRAMERATE]
        command += ["keyframe"] if begins_with_keyframe else []
        super().__init__(command, pathlib.Path(folder) / "source.log")

    def start(self):
        super().start()
        self.wait_for("listening on")
        return self

    def url(self, name="camera"):
        return f"rtsp://127.0.0.1:{self.port}/{name}"

    def figures(self):
        """What was sent until now: `clients`, and `sent`, `dropped` and `late` frames, `bytes` of H.264."""
        before = self.said().count("\n")
        self.process.send_signal(signal.SIGUSR1)
        processes.until(lambda: self.said().count("\n") > before or self.must_run(), "the source's figures", 10, 0.002)
        return json.loads(self.said().splitlines()[-1])


class Viewers(processes.Daemon):
    """So many viewers over RTSP/TCP in one process, which throw away what they are sent: see source/rtsp-drain.c."""

    def __init__(self, folder, url, count):
        self.count = count
        super().__init__([compiled("rtsp-drain"), url, count], pathlib.Path(folder) / "viewers.log")

    def start(self):
        super().start()
        self.wait_for("all play")
        return self

    def figures(self):
        """What came until now: `frames` of all viewers together, `lost` packets, `bytes`."""
        before = self.said().count("\n")
        self.process.send_signal(signal.SIGUSR1)
        processes.until(lambda: self.said().count("\n") > before or self.must_run(), "the viewers' figures", 10, 0.002)
        return json.loads(self.said().splitlines()[-1])


def is_installed(program):
    return shutil.which(program) is not None
