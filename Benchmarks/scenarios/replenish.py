# SPDX-License-Identifier: Apache-2.0
"""How fast a new store fetches what is on a camera's card, and what that costs both.

A Martlet camera, which replays a film instead of having a sensor, has 60 MB of the film on its card, in chunks of a
minute: 2 minutes of 1080p30, 4 Mbit/s. A store that is new, with `replenish = "all"`, fetches all of it while the live
stream goes on. The rate is that from the first frame to the last one; CPU is user and system time, less what each takes
for the live stream. Beside it curl, which downloads the same chunks one after the other from the same camera.

What was fetched is compared with the film afterwards, frame by frame.
"""
import json
import resource
import struct
import subprocess
import time
import uuid

from bench import footage, martlet, processes, replay, source
from bench.context import Trouble
from bench.measurement import Measurement

NAME = "replenish"
CAMERA = "bench"
SECOND = 1_000_000_000
# The film lasts a third of it.
CHUNK = 60
# How long ago it was filmed.
AGE = 7200


def measure(context):
    chunks = 1 if context.quick else 2
    home = context.folder / "camera"
    camera = replay.Camera(context, home, CAMERA, web=True)
    size = fill_card(context, camera.service.footage, chunks)
    token = context.folder / "token"
    token.write_text(camera.service.martlet("token", "issue", CAMERA, "--rights", "read"))
    with camera as service:
        table = {"url": service.url(CAMERA), "web": service.address(), "token-file": token, "replenish": "all"}
        store = martlet.store(context.martlet, context.folder / "store", {CAMERA: table})
        with store:
            used = fetch(service, store, chunks * CHUNK * source.FRAMERATE)
            store.stop()
        yield from figures("martlet", *used)
        seconds, used = download(service, token.read_text().strip(), chunks)
        yield from figures("curl", size, seconds, used)
    found = footage.recorded(fetched(store))
    if found.lost or found.repeated or found.uneven or found.frames != chunks * CHUNK * source.FRAMERATE:
        raise Trouble(f"what was fetched is not what is on the card: {found}")


def fill_card(context, directory, chunks):
    """Chunks of the past hours on a card, as a camera would have left them; how many bytes."""
    film, folder = context.folder / "film.mp4", context.folder
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    processes.run([*command, "-f", "h264", "-framerate", source.FRAMERATE, "-i", source.film(), "-c", "copy", film])
    (folder / "list").write_text(f"file {film}\n" * (CHUNK // source.SECONDS))
    media = folder / "chunk.mp4"
    processes.run([*command, "-f", "concat", "-safe", "0", "-i", folder / "list", "-c", "copy", media])
    begin = time.time_ns() // SECOND * SECOND - AGE * SECOND
    said = {"martlet-chunk": 1, "store": uuid.uuid4(), "camera": CAMERA, "run": uuid.uuid4()}
    boot = uuid.uuid4()
    for number in range(chunks):
        start = begin + number * CHUNK * SECOND
        name = time.strftime("%Y-%m-%dT%H-%M-%S.000Z", time.gmtime(start // SECOND))
        file = directory / CAMERA / name[:10] / f"{CAMERA}_{name}.mp4"
        file.parent.mkdir(parents=True, exist_ok=True)
        items = {
            **said,
            "id": number + 1,
            "sequence": number,
            "start": start,
            "media-time": SECOND + number * CHUNK * SECOND,
            "clock": "synchronised",
            "boot": boot,
            "origin": "live",
        }
        # What each chunk says of itself: see docs/reference/files.md.
        text = b"martlet-chunk-v1" + "".join(f"{name}={value}\n" for name, value in items.items()).encode()
        file.write_bytes(media.read_bytes() + struct.pack(">I4s", 8 + len(text), b"uuid") + text)
    processes.run([context.martlet, "chunks", "reindex", "--directory", directory])
    return chunks * media.stat().st_size


def fetch(camera, store, frames):
    """Bytes and seconds in which a store fetches all frames but the very first, and the CPU that both take for that."""
    store.wait_for("receiver runs")
    first = last = meters = began = None

    def is_done():
        nonlocal first, last, meters, began
        store.must_run()
        last = store.status()["cameras"][0].get("replenish", {})
        if first is None and last.get("fetched-frames"):
            first, began = last, time.monotonic()
            meters = {"camera": processes.Meter([camera.pid]), "store": processes.Meter([store.pid])}
        # What the camera has recorded before the store was there comes as well.
        return last.get("fetched-frames", 0) >= frames and not last.get("lacking-frames")

    processes.until(is_done, "the whole card", 180, 0.1)
    if first is last:
        raise Trouble("everything was fetched before anybody could look")
    seconds, used = time.monotonic() - began, {who: meter.read() for who, meter in meters.items()}
    # What the live stream takes of each.
    time.sleep(1)
    live = {who: processes.Meter(meter.pids).after(4) for who, meter in meters.items()}
    cpu = {who: used[who].cpu - live[who].cpu / live[who].seconds * used[who].seconds for who in meters}
    return last["fetched-bytes"] - first["fetched-bytes"], seconds, cpu


def fetched(store):
    """The files of what was fetched and is older than this scenario, in order."""
    listed = json.loads(store.martlet("chunks", "list", CAMERA, "--json"))["chunks"]
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - AGE / 2))
    card = [each for each in listed if each["origin"] == "card" and each["start"] < before]
    return [each["file"] for each in sorted(card, key=lambda each: each["start"])]


def download(camera, token, chunks):
    """The same for curl, which downloads the chunks of the card."""
    idle = processes.Meter([camera.pid]).after(3)
    meter, began = processes.Meter([camera.pid]), resource.getrusage(resource.RUSAGE_CHILDREN)
    for number in range(1, chunks + 1):
        header = f"Authorization: Bearer {token}"
        url = camera.address(f"/api/v1/chunks/{number}/media")
        subprocess.run(["curl", "-sS", "--fail", "-o", "/dev/null", "-H", header, url], check=True)
    used, ended = meter.read(), resource.getrusage(resource.RUSAGE_CHILDREN)
    own = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    return used.seconds, {"camera": used.cpu - idle.cpu / idle.seconds * used.seconds, "store": own}


def figures(contender, size, seconds, used):
    yield Measurement(NAME, "rate", contender, size / seconds / 1e6, "MB/s")
    for who, cpu in used.items():
        whose = "CPU of the camera" if who == "camera" else "CPU of who fetches"
        yield Measurement(NAME, whose, contender, cpu / size * 1e9, "s / GB")
