#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a store grows: a camera of two dies every twenty seconds, for half an hour.

Prints the store's own memory (anonymous pages: what libraries share with others comes and goes with these), threads and
open descriptors in the first and the last quarter of the time, each as the median of samples taken every two seconds.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", required=True, type=os.path.abspath, help="the release build's command")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=20, help="seconds from death to death")
    return parser.parse_args()


def sample(pid):
    memory = 0
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            memory = int(line.split()[1]) / 1024
    return memory, len(os.listdir(f"/proc/{pid}/task")), len(os.listdir(f"/proc/{pid}/fd"))


def main():
    options = arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-soak-"))
    for number, name in enumerate(("mortal", "steady")):
        (folder / f"{name}.toml").write_text(
            f'[camera]\nname = "{name}"\nsource = "test"\nwidth = 640\nheight = 360\nbitrate = "1 Mbit/s"\n'
            f'[camera.recording]\nenabled = false\n[camera.rtsp]\nlisten = "127.0.0.1:{18561 + number}"\n'
        )
    (folder / "store.toml").write_text(
        f'[store.recording]\ndirectory = "{folder}/store"\nmax-space = "200 MB"\nmin-free = "1 MB"\n'
        'chunk-duration = "1 min"\n[store.rtsp]\nlisten = "127.0.0.1:18560"\n'
        '[cameras.mortal]\nurl = "rtsp://127.0.0.1:18561/mortal"\n[cameras.steady]\nurl = "rtsp://127.0.0.1:18562/steady"\n'
    )
    log = (folder / "log").open("w")
    start = lambda role, name: subprocess.Popen(
        [options.martlet, role, "--config", str(folder / f"{name}.toml")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    processes = {"steady": start("camera", "steady"), "mortal": start("camera", "mortal")}
    store = start("store", "store")
    samples = []
    deaths = 0
    begin = time.monotonic()
    try:
        while (now := time.monotonic() - begin) < options.minutes * 60:
            time.sleep(2)
            samples.append(sample(store.pid))
            if now > (deaths + 1) * options.every:
                processes["mortal"].kill()
                processes["mortal"].wait()
                processes["mortal"] = start("camera", "mortal")
                deaths += 1
    finally:
        for process in (*processes.values(), store):
            process.terminate()
            process.wait()
        text = (folder / "log").read_text()
        shutil.rmtree(folder)
    quarter = len(samples) // 4
    print(f"{options.minutes:g} min, {deaths} deaths, {text.count('mortal: receiver runs')} times received again")
    print(f"the steady camera was received {text.count('steady: receiver runs')} time(s)")
    print("| | memory | threads | descriptors |")
    print("|-|-|-|-|")
    for name, part in (("first quarter", samples[:quarter]), ("last quarter", samples[-quarter:])):
        memory, threads, descriptors = (statistics.median(column) for column in zip(*part))
        print(f"| {name} | {memory:.1f} MB | {threads:g} | {descriptors:g} |")


if __name__ == "__main__":
    main()
