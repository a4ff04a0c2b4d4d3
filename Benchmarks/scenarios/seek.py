# SPDX-License-Identifier: Apache-2.0
"""How long somebody waits for the picture of a time that was recorded.

In a headless Chromium the page of a store shows recorded video, and plays. A mouse goes to random places on its
timeline, rests there for a moment, as hands do, and clicks; from when the button is let go until the frame callback
of the picture of that time. There are ten minutes of 1280x720, 30 frames a second, 4 Mbit/s, a keyframe each second,
in chunks of a minute; what a click asks for is rarely loaded already. Apart from that: the arrow keys, whose ten
seconds ahead mostly are.

Beside it the same ten minutes as one file that nginx serves, in a plain video element whose time is set.

The film carries a code in each frame (see `latency`) that says which it is: what was shown was the picture of that
time.
"""
import datetime
import hashlib
import os
import random
import struct
import time

from bench import barcodes, browser, martlet, processes, source
from bench.browser import part
from bench.context import Trouble
from bench.measurement import Measurement

NAME = "seek"
WIDTH, HEIGHT, FRAMERATE = 1280, 720, 30
CHUNK, CHUNKS = 60, 10
FRAME = 1 / FRAMERATE
PATIENCE = 20

# Notes when a video shows the picture of the time that was asked for, and what is in the corner with its code.
WATCH = """
const [selector, corner, frame] = arguments;
const video = [...document.querySelectorAll(selector)].at(-1);
const rect = () => ({ x: video.videoWidth - corner, y: video.videoHeight - corner, width: corner, height: corner });
const bench = (window.bench = { video, wanted: null, since: null, seeks: [], pictures: [] });
const look = (_, { mediaTime }) => {
  video.requestVideoFrameCallback(look);
  // It plays on: of a busy machine not every frame is seen.
  if (bench.wanted === null || mediaTime <= bench.wanted - frame - 1e-3 || mediaTime > bench.wanted + 0.5) return;
  const shown = performance.now();
  const picture = new VideoFrame(video);
  const luma = new Uint8Array(picture.allocationSize({ rect: rect() }));
  bench.pictures.push(picture.copyTo(luma, { rect: rect() }).then(() => luma.subarray(0, corner * corner)));
  bench.seeks.push(bench.since, shown, bench.wanted, picture.timestamp / 1e6);
  picture.close();
  bench.wanted = null;
};
video.requestVideoFrameCallback(look);
"""
# What the page takes a click for, and a key.
FOLLOW = """
const timeline = document.querySelector('footage-timeline');
let time = null;
addEventListener('pointerdown', event => {
  time = timeline.time(event.clientX - timeline.querySelector('canvas').getBoundingClientRect().left) / 1000;
}, true);
addEventListener('pointerup', event => {
  bench.since = event.timeStamp;
  bench.wanted = time;
}, true);
addEventListener('keydown', event => {
  bench.since = event.timeStamp;
  bench.wanted = timeline.model.time / 1000 + 10;
}, true);
"""
WAIT = """
const end = performance.now() + arguments[1] * 1000;
while (bench.seeks.length <= arguments[0] && performance.now() < end) await new Promise(done => setTimeout(done, 20));
return bench.seeks.length > arguments[0];
"""
PLACE = """
const timeline = document.querySelector('footage-timeline');
const box = timeline.querySelector('canvas').getBoundingClientRect();
return [box.left + timeline.x(arguments[0] * 1000), box.top + box.height * 0.7];
"""


def measure(context):
    if browser.is_missing():
        context.note(browser.MISSING)
        return
    film = made(context.shared / "film.mp4")
    begin = int(time.time()) // CHUNK * CHUNK - (CHUNKS + 2) * CHUNK
    take_in(film, context.folder / "incoming", begin)
    # Its camera never comes: what is looked at is what is recorded already.
    places = {"store.incoming": {"directory": context.folder / "incoming"}}
    store = martlet.store(context.martlet, context.folder / "store", {"bench": {"push": True}}, web=True, tables=places)
    store.add_user()
    with store:
        store.wait_for("the page is at")
        processes.until(lambda: len(store.chunks()) == CHUNKS or store.must_run(), "taking the film in")
        with browser.Viewer(store, store.log_in()) as viewer:
            yield from in_page(context, viewer, begin)
    if not source.is_installed("nginx"):
        context.note("Not compared with a plain video element: nginx is not installed.")
        return
    yield from in_file(context, film)


def made(film):
    """A minute of film, each frame of which says its time."""
    if not film.exists():
        Gst = barcodes.gstreamer()
        pipeline = Gst.parse_launch(
            f"videotestsrc num-buffers={CHUNK * FRAMERATE} pattern=smpte horizontal-speed=2"
            f" ! video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={FRAMERATE}/1 ! {barcodes.ELEMENT}"
            f" ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=4000 key-int-max={FRAMERATE} bframes=0"
            " option-string=scenecut=0 ! video/x-h264,profile=constrained-baseline ! h264parse ! mp4mux"
            f" ! filesink location={film}.new"
        )
        pipeline.set_state(Gst.State.PLAYING)
        end = pipeline.get_bus().timed_pop_filtered(300 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
        pipeline.set_state(Gst.State.NULL)
        if end is None or end.type != Gst.MessageType.EOS:
            raise Trouble("the film could not be made")
        os.rename(f"{film}.new", film)
    return film


def take_in(film, folder, begin):
    """Puts the film where a store finds it, as one file a minute of a camera of another maker."""
    (folder / "bench").mkdir(parents=True)
    content = film.read_bytes()
    for number in range(CHUNKS):
        # The same file twice would be taken in once: a `free` box (ISO/IEC 14496-12, 8.1.2) makes them different.
        whole = content + struct.pack(">I4sQ", 16, b"free", number)
        moment = datetime.datetime.fromtimestamp(begin + number * CHUNK, datetime.timezone.utc)
        name = f"{moment:%Y-%m-%dT%H-%M-%SZ}.mp4"
        (folder / "bench" / name).write_bytes(whole)
        (folder / "bench" / f"{name}.sha256").write_text(f"{hashlib.sha256(whole).hexdigest()}  {name}\n")


def in_page(context, viewer, begin):
    end = begin + CHUNKS * CHUNK
    middle = datetime.datetime.fromtimestamp((begin + end) / 2, datetime.timezone.utc)
    viewer.open(f"#/camera/bench?t={middle:%Y-%m-%dT%H:%M:%SZ}&span={CHUNKS + 2}m")
    recorded = "document.querySelectorAll('camera-player video')[1]"
    viewer.until(f"{recorded}?.readyState >= 2 && !{recorded}.paused", "recorded video that plays")
    viewer.run(WATCH, "camera-player video", barcodes.CORNER, FRAME)
    viewer.run(FOLLOW)

    def mouse(kind, x, y, **more):
        viewer.cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(at):
        x, y = viewer.run(PLACE, at)
        mouse("mouseMoved", x - 3, y)
        mouse("mouseMoved", x, y)
        time.sleep(random.uniform(0.1, 0.2))
        button = {"button": "left", "clickCount": 1}
        mouse("mousePressed", x, y, **button)
        mouse("mouseReleased", x, y, **button)

    # The first seek loads what all of them need.
    seek(viewer, click, random.uniform(begin + 5, end - 60))
    viewer.run("bench.seeks = []; bench.pictures = []")
    for _ in range(6 if context.quick else 40):
        seek(viewer, click, random.uniform(begin + 5, end - 60))
    yield from figures(viewer, "seek", "martlet", begin)

    def press(_):
        key = {"key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39}
        for kind in ("keyDown", "keyUp"):
            viewer.cdp("Input.dispatchKeyEvent", type=kind, **key)

    viewer.run("bench.seeks = []; bench.pictures = []")
    for number in range(3 if context.quick else 15):
        if number % 5 == 0:
            seek(viewer, click, random.uniform(begin + 5, end - 120))
            # Until what follows is loaded, which an impatient one does not wait for.
            time.sleep(1)
            viewer.run("bench.seeks.length -= 4; bench.pictures.pop()")
        seek(viewer, press, None)
    yield from figures(viewer, "10 s ahead", "martlet", begin)


def seek(viewer, go, at):
    """Seeks, and waits until the picture is there and a little longer."""
    before = viewer.run("return bench.seeks.length")
    go(at)
    if not viewer.wait_for_script(WAIT, before, PATIENCE):
        raise Trouble(f"the picture of the time that was sought did not come within {PATIENCE} s")
    time.sleep(random.uniform(0.02, 0.15))


def figures(viewer, what, contender, begin):
    size = barcodes.CORNER**2
    found = viewer.bytes("return [new Float64Array(bench.seeks), ...await Promise.all(bench.pictures)]")
    count = len(found) // (32 + size)
    times = memoryview(found[: 32 * count]).cast("d")
    moments = barcodes.read([found[32 * count + size * number :][:size] for number in range(count)])
    for moment, time_of_frame in zip(moments, times[3::4]):
        # The film is a minute long, and shown again and again.
        if moment is None or abs((time_of_frame - begin - moment / 1e9 + CHUNK / 2) % CHUNK - CHUNK / 2) > FRAME / 2:
            raise Trouble(f"{what}, {contender}: what was shown at {time_of_frame:.3f} is the picture of {moment}")
    waited = [shown - since for since, shown in zip(times[0::4], times[1::4])]
    for share in (0.5, 0.95):
        yield Measurement(NAME, f"{what}, p{share * 100:.0f}", contender, part(waited, share) / 1000, "s")


def in_file(context, film):
    folder = context.folder / "nginx"
    folder.mkdir()
    (folder / "list").write_text(f"file '{film}'\n" * CHUNKS)
    join = ["ffmpeg", "-nostdin", "-v", "error", "-f", "concat", "-safe", "0", "-i", folder / "list", "-c", "copy"]
    processes.run([*join, "-movflags", "+faststart", folder / "film.mp4"])
    (folder / "index.html").write_text('<!doctype html><video src="film.mp4" width="1280" muted autoplay></video>')
    with WebServer(folder) as server, browser.Viewer(server, "none=none") as viewer:
        viewer.open()
        viewer.until("document.querySelector('video').readyState >= 2", "the film")
        viewer.run(WATCH, "video", barcodes.CORNER, FRAME)

        def go(at):
            viewer.run("bench.since = performance.now(); bench.wanted = bench.video.currentTime = arguments[0]", at)

        for _ in range(6 if context.quick else 30):
            seek(viewer, go, random.uniform(5, CHUNKS * CHUNK - 60))
        yield from figures(viewer, "seek", "one file from nginx", 0)


# Where nginx would write what it does not here.
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class WebServer(processes.Daemon):
    """nginx with a folder."""

    def __init__(self, folder):
        self.port = martlet.free_port()
        # Started by root, its worker would be another who may not read here.
        user = "user root; " if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;\nevents {{}}\n"
            "http { access_log off; sendfile on; types { text/html html; video/mp4 mp4; }\n"
            f"server {{ listen 127.0.0.1:{self.port}; root {folder}; }}\n"
            + "".join(f"{name}_temp_path {folder}/{name};\n" for name in TEMPORARY)
            + "}\n"
        )
        super().__init__(["nginx", "-e", folder / "errors", "-c", folder / "nginx.conf"], folder / "log")

    def address(self, path=""):
        return f"http://127.0.0.1:{self.port}{path}"

    def start(self):
        super().start()
        pid = self.log.parent / "pid"
        # Which it writes once it listens.
        processes.until(lambda: pid.exists() or self.must_run(), "nginx")
        return self
