# SPDX-License-Identifier: Apache-2.0
"""How fast a chunk of 1 GB is downloaded from a store that records meanwhile, beside nginx with the same file.

The chunk is a recorded one with a `free` box behind its frames, so that it is as large as is wanted and still a chunk.
Downloads take turns, over HTTP from the same disk cache to a client (curl) that throws it away; of each the rate and
the server's CPU time are counted, less what recording takes meanwhile. What Martlet sends is the file, byte for byte,
and the stream that it records has every frame afterwards.
"""
import hashlib
import os
import statistics
import struct
import subprocess

from bench import footage, martlet, processes, source
from bench.context import Trouble
from bench.measurement import Measurement

NAME = "download"


def measure(context):
    size = 200_000_000 if context.quick else 1_000_000_000
    recording = {"chunk-duration": "10 s"}
    with source.Stream(context.folder) as stream:
        cameras = {"bench": stream.url()}
        store = martlet.store(context.martlet, context.folder / "store", cameras, web=True, recording=recording)
        store.add_user()
        with store:
            store.wait_for("is complete", times=1)
        large, earlier = store.chunks()[0], store.chunks()
        enlarge(large, size)
        store.martlet("chunks", "reindex")
        with store, nginx(context.folder, store.footage) as other:
            store.wait_for("receiver runs")
            cookie = store.log_in()
            chunks = store.ask("/cameras/bench/chunks", cookie)["chunks"]
            own = next(each for each in chunks if each["size"] == size)
            servers = {
                "martlet": (store, store.address(f"/api/v1/chunks/{own['id']}/media"), ["-H", f"Cookie: {cookie}"]),
                "nginx": (other, f"http://127.0.0.1:{other.port}/{own['file']}", []),
            }
            if digest(*servers["martlet"][1:]) != hashlib.sha256(large.read_bytes()).hexdigest():
                raise Trouble("what was downloaded is not the file")
            idle = processes.Meter([store.pid]).after(2 if context.quick else 4)
            memory = processes.status([store.pid], "VmRSS")
            found = {name: [] for name in servers}
            for _ in range(2 if context.quick else 3):
                for name, (server, url, headers) in servers.items():
                    meter = processes.Meter([server.pid])
                    rate = download(url, headers, size)
                    used = meter.read()
                    recording_took = idle.cpu / idle.seconds * used.seconds if name == "martlet" else 0
                    found[name].append((rate / 1e6, (used.cpu - recording_took) / size * 1e9))
            most = processes.status([store.pid], "VmHWM")
            store.stop()
    recorded = footage.recorded([path for path in store.chunks() if path not in earlier])
    void = f"{recorded.lost} frames lost meanwhile" if recorded.lost or recorded.uneven else None
    for name, figures in found.items():
        rate, cpu = (statistics.median(column) for column in zip(*figures))
        yield Measurement(NAME, "rate", name, rate, "MB/s", void=void if name == "martlet" else None)
        yield Measurement(NAME, "CPU", name, cpu, "s / GB", void=void if name == "martlet" else None)
    yield Measurement(NAME, "memory that downloads add at most", "martlet", most - memory, "MB", void=void)


def enlarge(chunk, size):
    """Behind the frames a box that every reader passes over (ISO/IEC 14496-12, 8.1.2)."""
    rest = size - chunk.stat().st_size
    with open(chunk, "ab") as file:
        file.write(struct.pack(">I4sQ", 1, b"free", rest))
        block = os.urandom(1 << 20)
        for left in range(rest - 16, 0, -len(block)):
            file.write(block[:left])


def nginx(folder, root):
    """One worker that serves the store's own files."""
    port = martlet.free_port()
    # Started by root, its worker would be another who may not read here.
    user = "user root; " if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\nevents {{}}\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
    )
    server = processes.Daemon(["nginx", "-e", folder / "nginx.log", "-c", folder / "nginx.conf"], folder / "nginx.out")
    server.port = port
    return server


def curl(url, headers, *options, **others):
    return subprocess.run(["curl", "-sS", "--fail", *headers, *options, url], check=True, capture_output=True, **others)


def digest(url, headers):
    return hashlib.sha256(curl(url, headers).stdout).hexdigest()


def download(url, headers, size):
    """Bytes a second."""
    said = curl(url, headers, "-o", "/dev/null", "-w", "%{speed_download} %{size_download}", text=True).stdout
    speed, received = said.split()
    if int(received) != size:
        raise Trouble(f"{url} sent {received} bytes instead of {size}")
    return float(speed)
