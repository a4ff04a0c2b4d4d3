#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""GStreamer's own RTSP server as it comes: `relay.py SOURCE PORT` serves H.264 on at rtsp://127.0.0.1:PORT/bench.

SOURCE is a camera's URL, or a description of elements that give H.264, as gst-launch-1.0 takes them. There is one
pipeline for all clients, which runs while there are any. Says `serves` once it listens.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def main(source, port):
    Gst.init(None)
    if source.startswith("rtsp:"):
        source = f"rtspsrc location={source} protocols=tcp latency=0 ! rtph264depay"
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {source} ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )")
    factory.set_shared(True)
    factory.set_latency(0)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/bench", factory)
    server.attach(None)
    print("serves", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
