# SPDX-License-Identifier: Apache-2.0
"""How long it takes from the start of a process until its first frame is in a file.

A camera with the test picture of 640x360: with its encoder and all. A store that receives one stream of 1080p30, whose
source begins with a keyframe at once: with nothing in its directory, and with 32 cameras of 60 days in chunks of ten
minutes (276,480 files) there, after a stop in good order and after a crash. Beside it ffmpeg, which records the same.

A frame is in a file once the file is larger than a keyframe, and in one of Martlet's once it has a whole fragment. CPU
is what the process has taken by then.
"""
import statistics
import time

from bench import index, martlet, processes, source
from bench.context import Trouble
from bench.measurement import Measurement

NAME = "start"
PICTURE = {"width": 640, "height": 360, "bitrate": "1 Mbit/s"}
# Bytes that are more than a file's head, or than a keyframe.
HEAD, KEYFRAME = 5_000, 130_000
# By reading the folder again and again: what is measured is not known to less than this.
PATIENCE, LOOK = 60, 0.002


def measure(context):
    repeats = 1 if context.quick else 3
    camera = martlet.camera(context.martlet, context.folder / "camera", camera=PICTURE)
    found = []
    for _ in range(repeats):
        found.append(first_frame(camera, camera.footage / "bench", HEAD))
        camera.stop()
    yield from figures("camera with a test picture", "martlet", found)

    full = context.shared / "footage"
    if not full.exists():
        count = index.fill(context.martlet, full, 32, 60, with_files=True)
        context.note(f"The full directory has {count:,} chunks.")
    with source.Stream(context.folder, begins_with_keyframe=True) as stream:
        cameras = {"bench": stream.url()}
        empty = martlet.store(context.martlet, context.folder / "empty", cameras)
        filled = martlet.store(context.martlet, context.folder / "full", cameras, recording={"directory": full})
        found = {"store": [], "store, 276,480 chunks": [], "store, 276,480 chunks, after a crash": []}
        recorder = ffmpeg(context.folder / "ffmpeg", stream.url())
        others = []
        for _ in range(repeats):
            found["store"].append(first_frame(empty, empty.footage / "bench", KEYFRAME))
            empty.stop()
            others.append(first_frame(recorder, recorder.folder, KEYFRAME))
            recorder.kill()
            for file in recorder.folder.glob("*.mp4"):
                file.unlink()
            for what in list(found)[1:]:
                found[what].append(first_frame(filled, full / "bench", KEYFRAME))
                if what.endswith("276,480 chunks"):
                    filled.kill()
                else:
                    filled.stop()
        for what, moments in found.items():
            yield from figures(what, "martlet", moments)
        yield from figures("store", "ffmpeg", others)


def ffmpeg(folder, url):
    folder.mkdir()
    command = ["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-c", "copy"]
    command += ["-f", "segment", "-segment_time", "600", "%d.mp4", "-y"]
    return processes.Daemon(command, folder / "log", folder)


def first_frame(daemon, folder, size):
    """Seconds from a daemon's start until a file that it writes has so many bytes, and its CPU time until then."""
    # What a crash left is repaired, and has another name then.
    before = {file.stat().st_ino for file in folder.rglob("*.mp4")}
    begin = time.monotonic()
    daemon.start()
    while time.monotonic() - begin < PATIENCE:
        try:
            files = [file.stat() for file in folder.rglob("*.mp4")]
            if any(file.st_size > size for file in files if file.st_ino not in before):
                return time.monotonic() - begin, processes.cpu([daemon.pid])
        except FileNotFoundError:
            # A file has got its final name meanwhile, or is not there yet.
            pass
        daemon.must_run()
        time.sleep(LOOK)
    raise Trouble(f"{daemon.name}: no frame within {PATIENCE} s\n{daemon.tail()}")


def figures(what, contender, found):
    waited, cpu = (statistics.median(column) for column in zip(*found))
    yield Measurement(NAME, "first frame recorded after", contender, waited, "s", process=what)
    yield Measurement(NAME, "CPU until then", contender, cpu, "s", process=what)
