#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast a chunk of 1 GB is downloaded from a store that records meanwhile, beside nginx with the same file.

The chunk is a recorded one with a `free` box behind its frames, so that it is as large as is wanted and still a chunk. Downloads
take turns; of each the rate and the server's CPU time are told, of the store what it had in memory at most. In the end the
recording that went on has to have every frame.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

RTSP, STORE, WEB, NGINX = 19664, 19665, 19666, 19667


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", required=True, type=os.path.abspath, help="the release build's command")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    return parser.parse_args()


def configure(folder):
    off = 'tls-listen = "none"\n'
    (folder / "camera.toml").write_text(
        f'[camera]\nname = "bench"\nsource = "test"\nwidth = 640\nheight = 360\n[camera.recording]\nenabled = false\ndirectory = "{folder}/card"\n'
        f'[camera.rtsp]\nlisten = "127.0.0.1:{RTSP}"\n{off}[camera.web]\nlisten = "none"\n{off}[access]\ndirectory = "{folder}/camera-access"\n'
    )
    (folder / "store.toml").write_text(
        f'[store.recording]\ndirectory = "{folder}/store"\nchunk-duration = "10 s"\nmin-free = "1 MB"\n'
        f'[store.rtsp]\nlisten = "127.0.0.1:{STORE}"\n{off}[store.web]\nlisten = "127.0.0.1:{WEB}"\n{off}'
        f'[access]\ndirectory = "{folder}/store-access"\n[cameras.bench]\nurl = "rtsp://127.0.0.1:{RTSP}/bench"\n'
    )
    (folder / "nginx.conf").write_text(
        # Started by root, its worker would be another who may not read here.
        f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\nevents {{}}\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; server {{ listen 127.0.0.1:{NGINX}; root {folder}/store; }} }}\n"
    )
    (folder / "password").write_text("correct-horse-battery\n")


class Store:
    def __init__(self, options, folder):
        self.command, self.log = [options.martlet, "store", "--config", str(folder / "store.toml")], folder / "store.log"
        self.start()

    def start(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, stderr=log)

    def wait_for(self, words, seconds=60):
        deadline = time.monotonic() + seconds
        while words not in self.log.read_text():
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit(f"{words!r} did not come:\n{self.log.read_text()}")
            time.sleep(0.1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(20) != 0:
            sys.exit(self.log.read_text())


def enlarge(chunk, size):
    """Behind the frames a box that every reader passes over (ISO/IEC 14496-12, 8.1.2)."""
    rest = size - chunk.stat().st_size
    with open(chunk, "ab") as file:
        file.write(struct.pack(">I4sQ", 1, b"free", rest))
        left, block = rest - 16, os.urandom(1 << 20)
        while left > 0:
            file.write(block[: min(left, len(block))])
            left -= len(block)


def log_in():
    request = urllib.request.Request(
        f"http://127.0.0.1:{WEB}/api/v1/session",
        json.dumps({"username": "anna", "password": "correct-horse-battery"}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return answer.headers["Set-Cookie"].split(";")[0]


def ask(path, cookie):
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{WEB}/api/v1{path}", headers={"Cookie": cookie})) as answer:
        return json.load(answer)


def cpu(pid):
    """Seconds of the process and its children, which is how nginx's worker counts."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = 0
    for each in [pid, *children]:
        fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def memory(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1000
    return 0


def download(url, cookie=None):
    command = ["curl", "-sS", "--fail", "-o", "/dev/null", "-w", "%{speed_download} %{size_download}", url]
    if cookie:
        command += ["-H", f"Cookie: {cookie}"]
    speed, size = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(speed) / 1e6, int(size)


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        configure(folder)
        add = [options.martlet, "user", "add", "anna", "--role", "operator", "--password-file", f"{folder}/password", "--config", f"{folder}/store.toml"]
        subprocess.run(add, check=True, capture_output=True)
        camera = subprocess.Popen([options.martlet, "camera", "--config", f"{folder}/camera.toml"], stderr=subprocess.DEVNULL)
        store = Store(options, folder)
        nginx = None
        try:
            store.wait_for("is complete")
            store.stop()
            chunk = sorted((folder / "store").rglob("*.mp4"))[0]
            enlarge(chunk, options.bytes)
            subprocess.run([options.martlet, "chunks", "reindex", "--config", f"{folder}/store.toml"], check=True, capture_output=True)
            store.start()
            store.wait_for("receiver runs")
            nginx = subprocess.Popen(["nginx", "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf"])
            cookie = log_in()
            chunks = ask("/cameras/bench/chunks", cookie)["chunks"]
            own = next(each for each in chunks if each["size"] == options.bytes)
            urls = {
                "martlet": (f"http://127.0.0.1:{WEB}/api/v1/chunks/{own['id']}/media", store.process.pid, cookie),
                "nginx": (f"http://127.0.0.1:{NGINX}/{own['file']}", nginx.pid, None),
            }
            whole = hashlib.sha256(chunk.read_bytes()).hexdigest()
            got = subprocess.run(f"curl -sS -H 'Cookie: {cookie}' {urls['martlet'][0]} | sha256sum", shell=True, check=True, capture_output=True, text=True).stdout.split()[0]
            if got != whole:
                sys.exit("what was downloaded is not the file")
            before, rates, times = memory(store.process.pid, "VmRSS"), {}, {}
            idle = cpu(store.process.pid)
            time.sleep(5)
            idle = (cpu(store.process.pid) - idle) / 5
            for _ in range(options.runs):
                for server, (url, pid, own_cookie) in urls.items():
                    started, used = time.monotonic(), cpu(pid)
                    rate, size = download(url, own_cookie)
                    if size != options.bytes:
                        sys.exit(f"{server} sent {size} bytes")
                    lasted = time.monotonic() - started
                    rates.setdefault(server, []).append(rate)
                    # What recording takes meanwhile is not the download's.
                    times.setdefault(server, []).append(cpu(pid) - used - (idle * lasted if server == "martlet" else 0))
            peak = memory(store.process.pid, "VmHWM")
            store.stop()
            lost = check(folder, chunk)
        finally:
            for process in (camera, store.process, nginx):
                if process and process.poll() is None:
                    process.terminate()
                    process.wait(20)
    print("| server | MB/s, median (least … most) | CPU seconds a GB |\n|-|-|-|")
    for server in rates:
        found = rates[server]
        print(f"| {server} | {statistics.median(found):.0f} ({min(found):.0f} … {max(found):.0f}) | {statistics.median(times[server]) / options.bytes * 1e9:.2f} |")
    print(f"\nRate beside nginx's: {statistics.median(rates['martlet']) / statistics.median(rates['nginx']):.2f}. Memory of the store: {before:.0f} MB before, {peak:.0f} MB at most.")
    print(f"Frames lost by the recording meanwhile: {lost}.")
    sys.exit(1 if lost else 0)


def check(folder, large):
    """Frames that are missing in what was recorded after the enlarged chunk, by their times."""
    lost = 0
    for chunk in sorted((folder / "store").rglob("*.mp4")):
        if chunk == large:
            continue
        command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0", str(chunk)]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        times = sorted(float(each.strip(",")) for each in found)
        lost += sum(round((later - earlier) * 30) - 1 for earlier, later in zip(times, times[1:]) if later - earlier > 0.05)
    return lost


if __name__ == "__main__":
    main()
