# SPDX-License-Identifier: Apache-2.0
"""How long somebody waits for the first picture: over RTSP, and over WebRTC in the page.

RTSP: a GStreamer client in this process, from when it begins to connect (TCP) until it has a decoded picture that is
whole. At the camera, whose encoder can be asked for a keyframe; at a store, which takes the stream as it comes; and
at GStreamer's own RTSP server, which serves the same camera on, as a store does, in one pipeline that runs already.
Keyframes are a second apart, and clients come at random moments. The code that is drawn into the picture (see
`latency`) says how old that first picture is.

WebRTC: the store's page in a headless Chromium, from when the page's player begins until the first picture's frame
callback. The first viewer has a Chromium that was just started, of a store that was just started; further ones open
the page again. Where the time goes is told step by step, as the page sees it; and how long it takes from opening the
address on.
"""
import random
import statistics
import time

from bench import barcodes, browser, martlet, processes
from bench.context import Trouble
from bench.measurement import Measurement

NAME = "first-picture"
PICTURE = {"width": 1280, "height": 720, "framerate": 30}
PATIENCE = 20

# Notes when the player of the page comes to which step, without changing what it does.
WATCH = """
(() => {
  const marks = (window.benchMarks = {});
  const mark = (name, time = performance.now()) => (marks[name] ??= time);
  const then = (name, promise) => promise.then(result => (mark(name), result));
  // A player begins with its video element, which it makes silent; the connection may have been made before.
  const { set, ...muted } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'muted');
  Object.defineProperty(HTMLMediaElement.prototype, 'muted', {
    ...muted,
    set(silent) {
      mark('begin');
      set.call(this, silent);
    },
  });
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) {
      super(...given);
      this.addEventListener('connectionstatechange', () => this.connectionState === 'connected' && mark('connected'));
      this.addEventListener('icegatheringstatechange', () => this.iceGatheringState === 'complete' && mark('gathered'));
    }
    setLocalDescription(...given) { return then('offered', super.setLocalDescription(...given)); }
    setRemoteDescription(...given) { return then('understood', super.setRemoteDescription(...given)); }
  };
  const ask = window.fetch;
  window.fetch = (address, ...given) => {
    const answer = ask(address, ...given);
    if (!String(address).endsWith('/whep')) return answer;
    mark('asked');
    return then('answered', answer);
  };
  const { requestVideoFrameCallback } = HTMLVideoElement.prototype;
  HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
    return requestVideoFrameCallback.call(this, (now, frame) => {
      if (this.srcObject) {
        mark('received', frame.receiveTime);
        mark('picture');
      }
      callback(now, frame);
    });
  };
})();
"""
# From one mark to the next one; what the page, the server and the network do in it.
STEPS = {
    "offered to the store": ("begin", "asked"),
    "answered by the store": ("asked", "answered"),
    "connected": ("answered", "connected"),
    "first frame there": ("connected", "received"),
    "first frame shown": ("received", "picture"),
}


def measure(context):
    command = barcodes.install(context.martlet, context.folder)
    camera = martlet.camera(
        command, context.folder / "camera", source=barcodes.SOURCE, camera=PICTURE, recording=False
    )
    with camera:
        camera.wait_for("capture runs")
        yield from over_rtsp(context, command, camera)
        if browser.is_missing():
            context.note(browser.MISSING)
            return
        store = martlet.store(command, context.folder / "store", {"bench": camera.url("bench")}, web=True)
        store.add_user()
        yield from over_webrtc(context, store)


def over_rtsp(context, command, camera):
    store = martlet.store(command, context.folder / "rtsp-store", {"bench": camera.url("bench")})
    port = martlet.free_port()
    relay = processes.Daemon(
        ["/usr/bin/python3", barcodes.FOLDER / "relay.py", camera.url("bench"), port], context.folder / "relay.log"
    )
    with store, relay:
        store.wait_for("receiver runs")
        relay.wait_for("serves")
        urls = {
            ("RTSP", "martlet"): store.url("bench"),
            ("RTSP", "gst-rtsp-server"): f"rtsp://127.0.0.1:{port}/bench",
            ("RTSP, at the camera", "martlet"): camera.url("bench"),
        }
        # Somebody watches all the while: what a server has to do for its very first client is not what is asked here.
        watching = [Client(url) for url in urls.values()]
        try:
            seen = {name: [] for name in urls}
            for _ in range(3 if context.quick else 8):
                for name, url in urls.items():
                    time.sleep(random.uniform(0.2, 0.7))
                    client = Client(url)
                    seen[name].append(client.first())
                    client.stop()
        finally:
            for client in watching:
                client.stop()
    for (what, contender), found in seen.items():
        moments = barcodes.read([corner for _, _, corner in found])
        if None in moments:
            raise Trouble(f"{what}, {contender}: the first picture is not whole")
        ages = [shown - moment / 1e9 for (_, shown, _), moment in zip(found, moments)]
        waited = [seconds for seconds, _, _ in found]
        yield Measurement(NAME, what, contender, statistics.median(waited), "s")
        yield Measurement(NAME, f"{what}, longest", contender, max(waited), "s")
        yield Measurement(NAME, f"{what}, age of that picture", contender, statistics.median(ages), "s")


class Client:
    """Connects to an RTSP server at once."""

    def __init__(self, url):
        self.Gst, self.url, corner = barcodes.gstreamer(), url, barcodes.CORNER
        self.pipeline = self.Gst.parse_launch(
            f"rtspsrc location={url} protocols=tcp latency=0 ! rtph264depay ! h264parse"
            # Without a keyframe the decoder would make pictures of what has changed alone.
            " ! avdec_h264 max-threads=1 output-corrupt=false"
            f" ! videocrop left={PICTURE['width'] - corner} top={PICTURE['height'] - corner}"
            f" ! video/x-raw,format=I420,width={corner},height={corner}"
            " ! appsink name=sink sync=false max-buffers=1 drop=true"
        )
        self.pipeline.set_state(self.Gst.State.READY)
        self.began = time.monotonic()
        self.pipeline.set_state(self.Gst.State.PLAYING)

    def first(self):
        """Seconds until the first picture, the monotonic clock then, and the picture's corner."""
        sample = self.pipeline.get_by_name("sink").try_pull_sample(PATIENCE * self.Gst.SECOND)
        now = time.monotonic()
        if sample is None:
            raise Trouble(f"{self.url}: no picture within {PATIENCE} s")
        return now - self.began, now, sample.get_buffer().extract_dup(0, barcodes.CORNER**2)

    def stop(self):
        self.pipeline.set_state(self.Gst.State.NULL)


def over_webrtc(context, store):
    first, further = [], []
    for _ in range(1 if context.quick else 2):
        with store.start():
            store.wait_for("the page is at")
            store.wait_for("receiver runs")
            with browser.Viewer(store, store.log_in()) as viewer:
                viewer.before_each_page(WATCH)
                viewer.open("#/camera/bench")
                first.append(marks(viewer))
                for _ in range(2 if context.quick else 4):
                    # The former page's connection is to be over.
                    viewer.driver.get("about:blank")
                    time.sleep(random.uniform(0.3, 0.8))
                    viewer.open("#/camera/bench")
                    further.append(marks(viewer))
    for what, found in (("first", first), ("further", further)):
        waited = [each["picture"] - each["begin"] for each in found]
        yield seconds(f"WebRTC, {what}", waited)
        for step, (begin, end) in STEPS.items():
            yield seconds(f"WebRTC, {what}: {step}", [each[end] - each[begin] for each in found])
        yield seconds(f"WebRTC, {what}: since the address was opened", [each["picture"] for each in found])


def seconds(what, milliseconds):
    return Measurement(NAME, what, "martlet", statistics.median(milliseconds) / 1000, "s")


def marks(viewer):
    """When the page's player came to each step, in milliseconds of the page."""
    viewer.until("benchMarks.picture", "the first picture over WebRTC")
    return viewer.run("return benchMarks")
