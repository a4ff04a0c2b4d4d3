#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How old a picture is when a client has it: from a camera, and from a store that receives that camera.

Glass to glass without a camera. The test picture is given a square (QR code) in which each frame carries the moment of its
capture by the machine's monotonic clock, in nanoseconds: GStreamer's `debugqroverlay` draws the timestamp of the frame, and in
Martlet's pipelines that is the clock itself. Two clients take the stream apart and decode it, one from the camera and one from
the store, at the same time, and note by the same clock when they have each picture. What they have is read afterwards, so that
reading costs nothing while it is measured. The same frame in both says what the store adds.

What is not in it: the sensor's exposure, and the display's. Needs Debian's python3-gi.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import Gst, GstApp  # noqa: E402  GstApp gives appsink its methods.

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
# Pixels of a code's module, and of the corner of the picture that the whole code is in.
MODULE, CORNER = 4, 240
# What a stream begins with may be old: the store sends a player all since the last keyframe.
SETTLING = 3


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", required=True, type=os.path.abspath, help="the release build's command")
    parser.add_argument("--frames", type=int, default=3000, help="how many are measured")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--framerate", type=int, default=30)
    return parser.parse_args()


def install(martlet, folder):
    """The command with Martlet's own pipelines beside it, where it looks for them, and with one that draws the time."""
    shutil.copytree(REPOSITORY / "pipelines", folder / "pipelines")
    test = (folder / "pipelines/capture/test.gst").read_text()
    encoder = "! x264enc name=encoder"
    if test.count(encoder) != 1:
        sys.exit("pipelines/capture/test.gst has no x264enc to draw the time in front of")
    # Half of the code may be lost, so that no loss of the encoder's makes it unreadable.
    code = f"! debugqroverlay x=100 y=100 pixel-size={MODULE} qrcode-error-correction=2\n"
    (folder / "pipelines/capture/latency.gst").write_text(test.replace(encoder, code + encoder))
    (folder / "bin").mkdir()
    return shutil.copy2(martlet, folder / "bin/martlet")


def configure(folder, options):
    (folder / "camera.toml").write_text(
        f'[camera]\nname = "bench"\nsource = "latency"\nwidth = {options.width}\nheight = {options.height}\n'
        f'framerate = {options.framerate}\n[camera.recording]\ndirectory = "{folder}/camera"\nmin-free = "1 MB"\n'
        f'[camera.rtsp]\nlisten = "127.0.0.1:19654"\ntls-listen = "none"\n[access]\ndirectory = "{folder}/camera-access"\n'
    )
    (folder / "store.toml").write_text(
        f'[store.recording]\ndirectory = "{folder}/store"\nmin-free = "1 MB"\n'
        f'[store.rtsp]\nlisten = "127.0.0.1:19655"\ntls-listen = "none"\n[access]\ndirectory = "{folder}/store-access"\n'
        '[cameras.bench]\nurl = "rtsp://127.0.0.1:19654/bench"\n'
    )


class Client:
    """Decodes a stream, and keeps of each picture when it was there, and the corner with the code."""

    def __init__(self, url, options):
        self.url, self.pictures = url, []
        self.pipeline = Gst.parse_launch(
            f"rtspsrc location={url} protocols=tcp latency=0 ! rtph264depay ! h264parse"
            # Threads of a decoder would each keep a picture back.
            " ! avdec_h264 max-threads=1"
            f" ! videocrop left={options.width - CORNER} top={options.height - CORNER}"
            f" ! video/x-raw,format=I420,width={CORNER},height={CORNER} ! appsink name=sink sync=false emit-signals=true"
        )
        self.pipeline.get_by_name("sink").connect("new-sample", self.take)
        self.pipeline.set_state(Gst.State.PLAYING)

    def take(self, sink):
        buffer = sink.pull_sample().get_buffer()
        now = time.monotonic_ns()
        self.pictures.append((now, buffer.extract_dup(0, CORNER * CORNER)))
        return Gst.FlowReturn.OK

    def trouble(self):
        message = self.pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR | Gst.MessageType.EOS)
        if message is None:
            return None
        return message.parse_error()[0].message if message.type == Gst.MessageType.ERROR else "the stream has ended"

    def stop(self):
        self.pipeline.set_state(Gst.State.NULL)


def read(pictures):
    """The age of each picture in milliseconds, by the moment of its capture; and how many could not be read."""
    pipeline = Gst.parse_launch(
        "appsrc name=source format=time block=true max-bytes=10000000"
        f" caps=video/x-raw,format=I420,width={CORNER},height={CORNER},framerate=0/1 ! zbar name=reader ! fakesink sync=false"
    )
    source, bus = pipeline.get_by_name("source"), pipeline.get_bus()
    pipeline.set_state(Gst.State.PLAYING)
    grey = bytes([128]) * (CORNER * CORNER // 2)
    for number, (_, corner) in enumerate(pictures):
        buffer = Gst.Buffer.new_wrapped(corner + grey)
        buffer.pts = number
        source.push_buffer(buffer)
    source.end_of_stream()
    captured = {}
    while (message := bus.timed_pop(60 * Gst.SECOND)).type != Gst.MessageType.EOS:
        if message.type == Gst.MessageType.ERROR:
            sys.exit(message.parse_error()[0].message)
        said = message.get_structure()
        if message.type != Gst.MessageType.ELEMENT or said.get_name() != "barcode":
            continue
        # In the snow of the test picture other codes are seen, too.
        if said.get_string("type") == "QR-Code" and "TIMESTAMP" in said.get_string("symbol"):
            number = said.get_uint64("timestamp").value
            code = dict(part.split(":", 1) for part in said.get_string("symbol").strip("{}").replace('"', "").split(","))
            captured[number] = int(code["TIMESTAMP"])
    pipeline.set_state(Gst.State.NULL)
    ages = {captured[number]: (seen - captured[number]) / 1e6 for number, (seen, _) in enumerate(pictures) if number in captured}
    return ages, len(pictures) - len(captured)


def play(options):
    """What the client of the camera saw, and what that of the store saw, for the same span of time."""
    clients = [Client(f"rtsp://127.0.0.1:{port}/bench", options) for port in (19654, 19655)]
    try:
        limit = time.monotonic() + 30 + 2 * options.frames / options.framerate
        while not all(client.pictures for client in clients):
            wait(clients, limit)
        begin = time.monotonic_ns() + SETTLING * 1_000_000_000
        end = begin + options.frames * 1_000_000_000 // options.framerate
        while time.monotonic_ns() < end:
            wait(clients, limit)
    finally:
        for client in clients:
            client.stop()
    return [[picture for picture in client.pictures if picture[0] >= begin] for client in clients]


def wait(clients, limit):
    for client in clients:
        if trouble := client.trouble():
            sys.exit(f"{client.url}: {trouble}")
    if time.monotonic() > limit:
        sys.exit("too few pictures came")
    time.sleep(0.1)


def until(process, log, text):
    deadline = time.monotonic() + 30
    while text not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(log.read_text())
        time.sleep(0.1)


def row(name, values):
    values = sorted(values)
    at = lambda part: values[min(len(values) - 1, int(len(values) * part))]
    print(f"| {name} | {len(values)} | {at(0.5):.1f} ms | {at(0.95):.1f} ms | {at(0.99):.1f} ms | {values[-1]:.1f} ms |")


def main():
    options = arguments()
    Gst.init(None)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-latency-"))
    processes = []
    try:
        martlet = install(options.martlet, folder)
        configure(folder, options)
        for role, text in (("camera", "capture runs"), ("store", "receiver runs")):
            log = folder / f"{role}.log"
            with log.open("w") as file:
                command = [martlet, role, "--config", folder / f"{role}.toml"]
                processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file))
            until(processes[-1], log, text)
        seen = play(options)
    finally:
        for process in processes:
            process.terminate()
            process.wait()
        shutil.rmtree(folder)
    (camera, unread), (store, also_unread) = (read(pictures) for pictures in seen)
    if not camera.keys() & store.keys():
        sys.exit("no frame was read from both")
    print(f"{options.width}×{options.height}, {options.framerate} frames/s, RTSP over TCP on one machine, {os.cpu_count()} cores\n")
    print("| | frames | p50 | p95 | p99 | longest |")
    print("|-|-|-|-|-|-|")
    row("camera → client", camera.values())
    row("camera → store → client", store.values())
    row("what the store adds", [store[moment] - camera[moment] for moment in camera.keys() & store.keys()])
    print(f"\ncodes that could not be read: {unread} from the camera, {also_unread} from the store")


if __name__ == "__main__":
    main()
