#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How soon a store notices that a camera is gone, and how soon it records it again once it is back.

A Martlet camera in a network namespace of its own is frozen (SIGSTOP), killed, and unplugged (all packets dropped by
nftables), time and again; the store's own log says when it noticed and when frames flowed again. Needs root, iproute2 and
nftables.
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

NAMESPACE = "martlet-bench"
STORE, CAMERA = "10.77.0.1", "10.77.0.2"


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
                    sys.exit(f"no line with '{text}' within {limit} s:\n" + "\n".join(line for _, line in self.lines[-20:]))
                self.changed.wait(rest)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def run(*command):
    subprocess.run(command, check=True)


def make_network():
    run("ip", "netns", "add", NAMESPACE)
    run("ip", "link", "add", "martlet-bench0", "type", "veth", "peer", "name", "martlet-bench1", "netns", NAMESPACE)
    run("ip", "address", "add", f"{STORE}/24", "dev", "martlet-bench0")
    run("ip", "link", "set", "martlet-bench0", "up")
    for command in (
        ("address", "add", f"{CAMERA}/24", "dev", "martlet-bench1"),
        ("link", "set", "martlet-bench1", "up"),
        ("link", "set", "lo", "up"),
    ):
        run("ip", "-n", NAMESPACE, *command)


def cut():
    chain = "chain {0} {{\n type filter hook {0} priority 0; policy drop;\n}}\n"
    rules = "table inet cut {\n" + chain.format("input") + chain.format("output") + "}\n"
    subprocess.run(["ip", "netns", "exec", NAMESPACE, "nft", "-f", "-"], input=rules, text=True, check=True)


def mend():
    run("ip", "netns", "exec", NAMESPACE, "nft", "delete", "table", "inet", "cut")


def main():
    options = arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-supervision-"))
    (folder / "camera.toml").write_text(
        '[camera]\nname = "door"\nsource = "test"\nwidth = 640\nheight = 360\nbitrate = "1 Mbit/s"\n'
        f'[camera.recording]\nenabled = false\n[camera.rtsp]\nlisten = "{CAMERA}:8554"\n'
    )
    (folder / "store.toml").write_text(
        f'[store.recording]\ndirectory = "{folder}/store"\nmin-free = "1 MB"\n[store.rtsp]\nlisten = "127.0.0.1:18554"\n'
        f'[cameras.door]\nurl = "rtsp://{CAMERA}:8554/door"\n'
    )
    inside = ["ip", "netns", "exec", NAMESPACE]
    start_camera = lambda: Daemon([*inside, options.martlet, "camera", "--config", str(folder / "camera.toml")])
    make_network()
    camera = store = None
    try:
        camera = start_camera()
        store = Daemon([options.martlet, "store", "--config", str(folder / "store.toml")])
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
                    cut()
                noticed.append(store.wait("receiver stopped", begin) - begin)
                back = time.monotonic()
                if kind == "frozen":
                    camera.process.send_signal(signal.SIGCONT)
                elif kind == "killed":
                    camera.process.wait()
                    camera = start_camera()
                else:
                    mend()
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
        subprocess.run(["ip", "netns", "delete", NAMESPACE])
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
