#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU and memory for each stream that a store records, beside ffmpeg in the same run.

One Martlet camera sends a 1080p30 test picture at 4 Mbit/s to everybody who asks; a store with N cameras, and then N
ffmpegs as `-c copy -f segment`, record it for the same time. CPU is user and system time of the whole process tree from
/proc, memory is its proportional set size (PSS): both count what a process cost, not how long it took.
"""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", required=True, type=os.path.abspath, help="the release build's command")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--seconds", type=float, default=20, help="how long each is measured")
    return parser.parse_args()


class Contender:
    """One or more processes that record the same streams."""

    def __init__(self, commands, directory, log):
        self.directory = directory
        self.processes = [
            subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            for command in commands
        ]

    def tree(self):
        found = [process.pid for process in self.processes]
        for pid in found:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        return found

    def cpu(self):
        total = 0
        for pid in self.tree():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory(self, field):
        total = 0
        for pid in self.tree():
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1])
        return total / 1024

    def threads(self):
        return sum(len(list(pathlib.Path(f"/proc/{pid}/task").iterdir())) for pid in self.tree())

    def written(self):
        return sum(path.stat().st_size for path in self.directory.rglob("*") if path.is_file())

    def stop(self):
        for process in self.processes:
            if process.poll() is not None:
                sys.exit(f"{process.args} ended by itself with {process.returncode}")
            process.send_signal(signal.SIGINT)
        for process in self.processes:
            process.wait(timeout=20)


def measure(name, contender, streams, seconds):
    """Waits until every stream is being written, then measures for a while."""
    deadline = time.monotonic() + 30
    while contender.written() < streams * 500_000:
        if time.monotonic() > deadline:
            sys.exit(f"{name} with {streams} streams does not write")
        time.sleep(0.2)
    time.sleep(2)
    cpu, written, start = contender.cpu(), contender.written(), time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - start
    cpu, written = contender.cpu() - cpu, contender.written() - written
    result = {
        "cpu": cpu / streams / elapsed * 60,
        "pss": contender.memory("Pss"),
        "rss": contender.memory("Rss"),
        "threads": contender.threads(),
        "rate": written * 8 / elapsed / streams / 1e6,
    }
    contender.stop()
    print(
        f"| {name:<8} | {streams:>7} | {result['cpu']:>21.2f} | {result['pss'] / streams:>13.1f} "
        f"| {result['pss']:>8.1f} | {result['rss']:>8.1f} | {result['threads']:>7} | {result['rate']:>6.1f} |",
        flush=True,
    )
    return result


def camera(martlet, directory, log):
    configuration = directory / "camera.toml"
    configuration.write_text(
        f"""
        [camera]
        name = "bench"
        source = "test"
        [camera.recording]
        enabled = false
        directory = "{directory}/camera"
        [camera.rtsp]
        listen = "127.0.0.1:19554"
        """
    )
    process = subprocess.Popen([martlet, "camera", "--config", configuration], stdout=log, stderr=log)
    probe = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", url(0)]
    for _ in range(50):
        if subprocess.run(probe, capture_output=True).returncode == 0:
            return process
        time.sleep(0.2)
    sys.exit("the camera does not serve")


def url(index):
    # The query makes each stream an address of its own; the camera sends the same to all.
    return f"rtsp://127.0.0.1:19554/bench?{index}"


def store(martlet, directory, streams, log):
    configuration = directory / "store.toml"
    cameras = "".join(f'[cameras.c{index}]\nurl = "{url(index)}"\n' for index in range(streams))
    configuration.write_text(
        f'[store.recording]\ndirectory = "{directory}/chunks"\n[store.rtsp]\nlisten = "127.0.0.1:19555"\n{cameras}'
    )
    return Contender([[martlet, "store", "--config", configuration]], directory, log)


def ffmpeg(directory, streams, log):
    return Contender(
        [
            ["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", url(index), "-c", "copy"]
            + ["-f", "segment", "-segment_time", "600", "-reset_timestamps", "1", f"f{index}-%03d.mp4"]
            for index in range(streams)
        ],
        directory,
        log,
    )


def main():
    options = arguments()
    root = pathlib.Path(tempfile.mkdtemp(prefix="martlet-bench-"))
    with open(root / "log", "w") as log:
        source = camera(options.martlet, root, log)
        print(f"1080p30 at 4 Mbit/s over RTSP/TCP, {options.seconds:.0f} s each; {os.cpu_count()} cores\n")
        print("| recorder | streams | CPU s / stream-minute | PSS MB/stream |   PSS MB |   RSS MB | threads | Mbit/s |")
        print("|----------|---------|-----------------------|---------------|----------|----------|---------|--------|")
        ratios = []
        try:
            for streams in options.streams:
                results = []
                for name in ("martlet", "ffmpeg"):
                    directory = root / f"{name}-{streams}"
                    directory.mkdir()
                    if name == "martlet":
                        contender = store(options.martlet, directory, streams, log)
                    else:
                        contender = ffmpeg(directory, streams, log)
                    results.append(measure(name, contender, streams, options.seconds))
                    shutil.rmtree(directory)
                ours, theirs = results
                ratios.append(f"{streams}: CPU {ours['cpu'] / theirs['cpu']:.2f}, PSS {ours['pss'] / theirs['pss']:.2f}")
        finally:
            source.send_signal(signal.SIGTERM)
            source.wait(timeout=20)
    print("\nmartlet / ffmpeg by number of streams: " + "; ".join(ratios))
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
