#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a store loses a frame, or grows, while all that it can do goes on at once for half an hour.

It records 32 streams of 1080p30, 4 Mbit/s, in chunks of 20 s, into a directory whose `max-space` is full after a
minute. Viewers come and go. One Martlet camera with a card is behind a network of its own, which is cut now and then,
so that the store fetches from the card what it lacks.

Fails if a camera lost a frame: by the log, in which the frames of each chunk are to be as many as fit between its
beginning and that of the next one, and by what is in the chunks that are left, compared with the film that was sent; if
the directory took more than its limit; if a viewer was refused, or got no picture; if after a cut the store has not
everything in the end; if memory (anonymous pages), threads or descriptors of the last quarter of the time are more than
those of the second. They are counted while nobody looks.

Needs root, iproute2 and nftables for the network; without, the camera is frozen (SIGSTOP) instead, and has nothing on
its card that could be fetched.
"""
import argparse
import collections
import datetime
import json
import pathlib
import random
import re
import signal
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from bench import footage, martlet, network, processes, replay, source  # noqa: E402
from bench.context import Context, Trouble  # noqa: E402

OWN = "door"
# Seconds with viewers, seconds without, of which the last ones are counted.
BUSY, CALM, COUNTED = 18, 14, 4
# A camera's lines in the log are held to one in 10 s for ever; its chunks' must be fewer, with its viewers' among them.
CHUNK = 20
COMPLETE = re.compile(r"(\S+): chunk \S+_(\S+)Z\.mp4 is complete: (\d+) frames")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", required=True, type=pathlib.Path, help="the release build's command")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--seed", type=int, default=None, help="the same viewers and cuts again")
    options = parser.parse_args()
    options.martlet = options.martlet.resolve()
    return options


class Failures(list):
    """What was wrong, said as soon as it is known."""

    def say(self, text):
        if text not in self:
            self.append(text)
            print(f"FAILED: {text}", flush=True)


class Site:
    """A source, a camera behind a network, and a store of all."""

    def __init__(self, options, folder, net):
        self.stream = source.Stream(folder)
        context = Context(options.martlet, folder, folder)
        address = network.THERE if net else "127.0.0.1"
        self.camera = replay.Camera(context, folder / "camera", OWN, web=True)
        service = self.camera.service
        for name, port in (("camera.rtsp", service.rtsp), ("camera.web", service.web)):
            service.tables[name]["listen"] = f"{address}:{port}"
        service.tables["camera.recording"]["chunk-duration"] = f"{CHUNK} s"
        service.configure()
        service.command = (net.inside if net else []) + service.command
        token, issue = folder / "token", ["token", "issue", OWN, "--rights", "read"]
        token.write_text(processes.run([options.martlet, *issue, "--config", service.file]))
        self.names = [f"camera-{number:02}" for number in range(options.streams)]
        cameras = {name: self.stream.url(name) for name in self.names}
        cameras[OWN] = {
            "url": f"rtsp://{address}:{service.rtsp}/{OWN}",
            "web": f"http://{address}:{service.web}",
            "token-file": token,
        }
        # Three chunks and a half of each camera.
        self.limit = int(len(cameras) * source.BITRATE / 8 * CHUNK * 3.5)
        recording = {"chunk-duration": f"{CHUNK} s", "max-space": f"{self.limit} B"}
        self.store = martlet.store(options.martlet, folder / "store", cameras, recording=recording)


def main():
    options = arguments()
    chance = random.Random(options.seed)
    failures = Failures()
    with tempfile.TemporaryDirectory(prefix="martlet-endurance-", dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        if network.is_possible():
            with network.Network("martlet-end") as net:
                go(options, folder, net, chance, failures)
        else:
            print("Without root, iproute2 and nftables the camera is frozen instead of cut off.")
            go(options, folder, None, chance, failures)
    print(f"\n{len(failures)} failures" if failures else "\nAll was as it has to be.")
    sys.exit(1 if failures else 0)


def go(options, folder, net, chance, failures):
    site = Site(options, folder, net)
    samples, counts = [], collections.Counter()
    with site.stream, site.camera as camera, site.store as store, footage.Room(store.footage, 0.5) as room:
        store.wait_for("receiver runs", times=options.streams + 1)
        begin = time.monotonic()
        while time.monotonic() - begin < options.minutes * 60:
            if (cut := chance.random() < 0.5) and net:
                net.cut()
            elif cut:
                camera.process.send_signal(signal.SIGSTOP)
            watched(site, folder, chance, counts, failures)
            if cut and net:
                net.mend()
            elif cut:
                camera.process.send_signal(signal.SIGCONT)
            counts["cuts"] += cut
            samples += calm(store)
            camera.must_run()
            store.must_run()
        replenished(store, counts, net, failures)
        gaps = json.loads(store.martlet("chunks", "list", "--json"))["gaps"]
        sent = site.stream.figures()
        store.stop(seconds=60)
    report(site, options, counts, samples, sent, room.most, gaps, failures)


def watched(site, folder, chance, counts, failures):
    """Viewers come and go for a while."""
    end = time.monotonic() + BUSY
    while (rest := end - time.monotonic()) > 1:
        name, number = chance.choice(site.names), chance.randint(1, 4)
        viewers = source.Viewers(folder, site.store.url(name), number)
        try:
            with viewers:
                time.sleep(min(rest, chance.uniform(0.5, 6)))
                seen = viewers.figures()
                counts["viewers"] += number
                if seen["lost"] or not seen["frames"]:
                    failures.say(f"{number} viewers of {name} got {seen['frames']} frames, {seen['lost']} packets lost")
        except Trouble as trouble:
            failures.say(f"a viewer of {name}: {trouble}")


def calm(store):
    """What the store holds while nobody looks: memory in MB, threads, descriptors."""
    time.sleep(CALM - COUNTED)
    found = []
    for _ in range(COUNTED):
        time.sleep(1)
        pids = [store.pid]
        found.append((processes.status(pids, "RssAnon"), processes.threads(pids), processes.descriptors(pids)))
    return found


def replenished(store, counts, net, failures):
    """Waits until the store has what it lacked."""
    deadline = time.monotonic() + 120
    while True:
        told = next(each for each in store.status()["cameras"] if each["name"] == OWN).get("replenish", {})
        counts["fetched"] = told.get("fetched-frames", 0)
        if not told.get("lacking-frames") or time.monotonic() > deadline:
            break
        time.sleep(1)
    if told.get("lacking-frames"):
        failures.say(f"the store still lacks {told['lacking-frames']} frames of the card: {told}")
    if net and counts["cuts"] and not counts["fetched"]:
        failures.say("nothing was fetched from the card")


def report(site, options, counts, samples, sent, most, gaps, failures):
    print(f"{options.minutes:g} min, {len(site.names)} streams, {counts['viewers']} viewers, {counts['cuts']} cuts")
    print(f"{sent['sent']} frames sent, {counts['fetched']} fetched from the card")
    if sent["dropped"]:
        failures.say(f"the store was too slow: the source dropped {sent['dropped']} frames")
    recorded, left = whole_by_log(site.store.said(), site.names, failures), 0
    # Recording begins with a keyframe, a second after the first frame at most.
    if recorded < sent["sent"] - 2 * source.FRAMERATE * len(site.names):
        failures.say(f"of {sent['sent']} frames that were sent {recorded} are in chunks")
    for name in site.names:
        files = sorted((site.store.footage / name).rglob("*.mp4"))
        try:
            found = footage.recorded(files)
        except Trouble as trouble:
            failures.say(f"{name}: {trouble}")
            continue
        left += found.frames
        if found.lost or found.repeated or found.uneven or not found.frames:
            failures.say(f"{name}: {found}")
    print(f"{recorded} frames in chunks by the log, {left} in those that are left")
    for gap in gaps:
        if gap["camera"] != OWN and gap["reason"] != "quota":
            failures.say(f"a gap: {gap}")
    print(f"the directory took {most / 1e6:.0f} MB at most of {site.limit / 1e6:.0f} MB")
    if most > site.limit:
        failures.say(f"the directory took {most} bytes, its limit is {site.limit}")
    grows(samples, len(site.names), failures)


def whole_by_log(log, names, failures):
    """Compares the frames of each chunk with the time until the next one of its camera; how many there are."""
    chunks = collections.defaultdict(list)
    for name, stamp, frames in COMPLETE.findall(log):
        begin = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H-%M-%S.%f").timestamp()
        chunks[name].append((begin, int(frames)))
    total = 0
    for name in names:
        if len(chunks[name]) < 2:
            failures.say(f"{name}: {len(chunks[name])} chunks by the log")
        chunks[name].sort()
        total += sum(frames for _, frames in chunks[name])
        for (begin, frames), (following, _) in zip(chunks[name], chunks[name][1:]):
            expected = (following - begin) * source.FRAMERATE
            if abs(expected - frames) > 0.5:
                failures.say(f"{name}: a chunk of {frames} frames, and the next one begins {expected:.1f} frames later")
    return total


def grows(samples, cameras, failures):
    """Compares the second quarter of the samples with the last one."""
    quarter = len(samples) // 4
    if not quarter:
        failures.say("there were too few samples to see whether anything grows")
        return
    print("| | memory | threads | descriptors |\n|-|-|-|-|")
    medians = []
    for name, part in (("second quarter", samples[quarter : 2 * quarter]), ("last quarter", samples[-quarter:])):
        medians.append([statistics.median(column) for column in zip(*part)])
        print("| {} | {:.1f} MB | {:g} | {:g} |".format(name, *medians[-1]))
    # Memory comes and goes with the frames that wait, threads with the chunks that are closed at the same time.
    allowed = (max(5, medians[0][0] * 0.1), cameras, 3)
    for what, before, after, more in zip(("memory", "threads", "descriptors"), *medians, allowed):
        if after > before + more:
            failures.say(f"{what} grew from {before:g} to {after:g}")


if __name__ == "__main__":
    main()
