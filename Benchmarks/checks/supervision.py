#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How soon a store notices that a camera is gone, and how soon it records it again once it is back.

A Martlet camera in a network namespace of its own is frozen (SIGSTOP), killed, and unplugged (all packets dropped by
nftables), time and again; the store's own log says when it noticed and when frames flowed again. Needs root, iproute2
and nftables.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from bench import martlet  # noqa: E402
from bench.network import THERE, Network  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", required=True, type=os.path.abspath, help="the release build's command")
    parser.add_argument("--times", type=int, default=20, help="how often each is done")
    return parser.parse_args()


class Daemon:
    """A daemon whose log is read line by line, with the time at which each came."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.lines = []
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append((time.monotonic(), line.rstrip()))
                self.changed.notify_all()

    def wait(self, text, after, limit=60):
        """When a line with a text came, after a time."""
        deadline = time.monotonic() + limit
        with self.changed:
            while True:
                for moment, line in self.lines:
                    if moment > after and text in line:
                        return moment
                rest = deadline - time.monotonic()
                if rest <= 0:
                    last = "\n".join(line for _, line in self.lines[-20:])
                    sys.exit(f"no line with '{text}' within {limit} s:\n{last}")
                self.changed.wait(rest)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def main():
    options = arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-supervision-"))
    own = martlet.camera(
        options.martlet,
        folder / "camera",
        "door",
        recording=False,
        camera={"width": 640, "height": 360, "bitrate": "1 Mbit/s"},
        tables={"camera.rtsp": {"listen": f"{THERE}:8554"}},
    )
    (folder / "token").write_text(own.martlet("token", "issue", "door", "--rights", "read"))
    table = {"url": f"rtsp://{THERE}:8554/door", "token-file": folder / "token", "replenish": False}
    of_store = martlet.store(options.martlet, folder / "store", {"door": table})
    with Network() as network:
        start_camera = lambda: Daemon([*network.inside, *own.command])
        camera = store = None
        try:
            camera = start_camera()
            store = Daemon(of_store.command)
            store.wait("receiver runs", 0)
            print("| | noticed after (median, longest) | recorded again after (median, longest) |")
            print("|-|-|-|")
            for kind in ("frozen", "killed", "unplugged"):
                noticed, recovered = [], []
                for _ in range(options.times):
                    time.sleep(random.uniform(2, 4))
                    begin = time.monotonic()
                    if kind == "frozen":
                        camera.process.send_signal(signal.SIGSTOP)
                    elif kind == "killed":
                        camera.process.kill()
                    else:
                        network.cut()
                    noticed.append(store.wait("receiver stopped", begin) - begin)
                    back = time.monotonic()
                    if kind == "frozen":
                        camera.process.send_signal(signal.SIGCONT)
                    elif kind == "killed":
                        camera.process.wait()
                        camera = start_camera()
                    else:
                        network.mend()
                    recovered.append(store.wait("receiver runs", back) - back)
                print(
                    f"| {kind} | {statistics.median(noticed):.1f} s, {max(noticed):.1f} s "
                    f"| {statistics.median(recovered):.1f} s, {max(recovered):.1f} s |",
                    flush=True,
                )
        finally:
            for daemon in (store, camera):
                if daemon:
                    daemon.stop()
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
