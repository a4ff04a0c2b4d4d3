# SPDX-License-Identifier: Apache-2.0
"""A test picture in which each frame carries the moment of its capture, and how that is read again.

GStreamer's `debugqroverlay` draws a square (QR code) with the frame's timestamp into a corner, and in Martlet's
pipelines that is the machine's monotonic clock, in nanoseconds. Needs Debian's python3-gi.
"""
import contextlib
import os
import pathlib
import shutil

from . import martlet
from .context import REPOSITORY, Trouble

# Pixels of a code's module, and of the corner, to the right and below, that the whole code is in.
MODULE, CORNER = 4, 240
# Half of the code may be lost, so that no loss of the encoder's makes it unreadable.
ELEMENT = f"debugqroverlay x=100 y=100 pixel-size={MODULE} qrcode-error-correction=2"
SOURCE = "barcodes"
FOLDER = pathlib.Path(__file__).resolve().parent


def gstreamer():
    """GStreamer for Python, initialised."""
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstApp", "1.0")
    from gi.repository import Gst, GstApp  # noqa: F401  GstApp gives appsink its methods.

    Gst.init(None)
    return Gst


def install(command, folder):
    """The command with a source `barcodes` beside Martlet's own pipelines, and the page; returns its path."""
    test = (REPOSITORY / "pipelines" / "capture" / "test.gst").read_text()
    encoder = "! x264enc name=encoder"
    if test.count(encoder) != 1:
        raise Trouble("pipelines/capture/test.gst has no x264enc to draw the time in front of")
    drawn = {f"capture/{SOURCE}": test.replace(encoder, f"! {ELEMENT}\n{encoder}")}
    installed = martlet.install(command, folder, drawn)
    shutil.copytree(REPOSITORY / "page", folder / "page")
    return installed


@contextlib.contextmanager
def _quiet():
    """What a library says of codes of other kinds, which it sees in the snow of the test picture, is nobody's news."""
    errors, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(errors, 2)
        os.close(errors)
        os.close(nowhere)


def read(corners):
    """The moments of capture, in nanoseconds, by the brightness of corners of pictures; `None` where there is none."""
    Gst = gstreamer()
    pipeline = Gst.parse_launch(
        "appsrc name=source format=time block=true max-bytes=10000000"
        f" caps=video/x-raw,format=I420,width={CORNER},height={CORNER},framerate=0/1"
        " ! zbar name=reader ! fakesink sync=false"
    )
    source, bus = pipeline.get_by_name("source"), pipeline.get_bus()
    pipeline.set_state(Gst.State.PLAYING)
    moments = [None] * len(corners)
    with _quiet():
        try:
            grey = bytes([128]) * (CORNER * CORNER // 2)
            for number, corner in enumerate(corners):
                buffer = Gst.Buffer.new_wrapped(bytes(corner) + grey)
                buffer.pts = number
                source.push_buffer(buffer)
            source.end_of_stream()
            while (message := bus.timed_pop(60 * Gst.SECOND)) is None or message.type != Gst.MessageType.EOS:
                if message is None:
                    raise Trouble("the reader of the codes does not end")
                if message.type == Gst.MessageType.ERROR:
                    raise Trouble(message.parse_error()[0].message)
                said = message.get_structure()
                if message.type != Gst.MessageType.ELEMENT or said.get_name() != "barcode":
                    continue
                # In the snow of the test picture other codes are seen, too.
                if said.get_string("type") == "QR-Code" and "TIMESTAMP" in said.get_string("symbol"):
                    symbol = said.get_string("symbol").strip("{}").replace('"', "")
                    code = dict(part.split(":", 1) for part in symbol.split(","))
                    moments[said.get_uint64("timestamp").value] = int(code["TIMESTAMP"])
        finally:
            pipeline.set_state(Gst.State.NULL)
    return moments
