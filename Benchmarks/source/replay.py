#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An encoder that takes nothing of the camera's time: `replay.py FILM SOCKET FRAMERATE` gives a film's frames to
whoever opens the socket (GStreamer's `shmsrc`), each when it is due, in memory that both share.

The film is an Annex B byte stream with one slice for each picture, and begins anew when it ends.
"""
import pathlib
import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import Gst, GstApp  # noqa: E402, F401  GstApp gives appsrc its methods.

SLICE, KEY_SLICE = 1, 5


def frames(film):
    """The frames of a film, each with what stands before its slice."""
    found, begin, at = [], 0, film.find(b"\0\0\1")
    while at >= 0:
        following = film.find(b"\0\0\1", at + 3)
        if film[at + 3] & 0x1F in (SLICE, KEY_SLICE):
            # A zero before a start code belongs to it.
            end = len(film) if following < 0 else following - (film[following - 1] == 0)
            found.append(film[begin:end])
            begin = end
        at = following
    return found


def main(film, socket, framerate):
    Gst.init(None)
    caps = f"video/x-h264,stream-format=byte-stream,alignment=au,framerate={framerate}/1"
    pipeline = Gst.parse_launch(
        f'appsrc name=frames format=time caps="{caps}"'
        f" ! shmsink socket-path={socket} shm-size=8000000 sync=false wait-for-connection=false"
    )
    source = pipeline.get_by_name("frames")
    pipeline.set_state(Gst.State.PLAYING)
    all_frames = frames(pathlib.Path(film).read_bytes())
    print("plays", flush=True)
    begin, number = time.monotonic(), 0
    while True:
        time.sleep(max(0, begin + number / framerate - time.monotonic()))
        source.push_buffer(Gst.Buffer.new_wrapped(all_frames[number % len(all_frames)]))
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
