# SPDX-License-Identifier: Apache-2.0
"""How old a picture is when it is shown: over RTSP and over WebRTC, from a camera, and from a store that receives
that camera.

Glass to glass without a camera and without a screen. The test picture is given a square (QR code) in which each frame
carries the moment of its capture by the machine's monotonic clock. Camera and store both record meanwhile, and
everything is on one machine; MARTLET_BENCH_PICTURE=1920x1080 measures other pictures than 1280x720.

RTSP: two clients take the stream apart and decode it, one from the camera and one from the store, at the same time,
and note by the same clock when they have each picture. They wait for nothing (`latency=0`, `sync=false`). The same
frame in both says what the store adds.

WebRTC: the page of the camera, and after it that of the store, is open in a headless Chromium and shows live video.
The moment is the one at which Chromium says that it gave the frame to its compositor (`presentationTime`), so its
jitter buffer and its decoder are in it. Chromium tells it by the monotonic clock to a tenth of a millisecond, which
is made sure of.

Codes are read afterwards, so that reading costs nothing while it is measured. Not in it: exposure, network, and a
screen.
"""
import os
import time

from bench import barcodes, browser, martlet
from bench.browser import part
from bench.context import Trouble
from bench.measurement import Measurement

NAME = "latency"
WIDTH, HEIGHT = (int(each) for each in os.environ.get("MARTLET_BENCH_PICTURE", "1280x720").split("x"))
FRAMERATE = 30
# What a stream begins with may be old: the store sends a player all since the last keyframe; and Chromium's jitter
# buffer begins with a guess.
SETTLING = 3
# How long frames are noted, in seconds.
RTSP, WEBRTC = 10, 6
# So many frames of those that came may be without a readable code; and so many that the page showed may have been gone
# before it looked at them, on a busy machine.
UNREADABLE, UNSEEN = 0.05, 0.25

WATCH = """
const video = document.querySelector('camera-player video');
const [corner, seconds] = arguments;
const rect = { x: video.videoWidth - corner, y: video.videoHeight - corner, width: corner, height: corner };
const pictures = [], times = [];
await new Promise(done => {
  const end = performance.now() + seconds * 1000;
  const look = (now, { presentationTime, mediaTime, presentedFrames }) => {
    const frame = new VideoFrame(video);
    // The element may have gone on to the next one since.
    if (Math.abs(frame.timestamp / 1e6 - mediaTime) < 1e-4) {
      const luma = new Uint8Array(frame.allocationSize({ rect }));
      pictures.push(frame.copyTo(luma, { rect }).then(() => luma.subarray(0, corner * corner)));
      times.push(presentationTime, presentedFrames);
    }
    frame.close();
    if (now < end) video.requestVideoFrameCallback(look);
    else done();
  };
  video.requestVideoFrameCallback(look);
});
return [new Float64Array(times), ...await Promise.all(pictures)];
"""


def measure(context):
    command = barcodes.install(context.martlet, context.folder)
    picture = {"width": WIDTH, "height": HEIGHT, "framerate": FRAMERATE}
    camera = martlet.camera(command, context.folder / "camera", source=barcodes.SOURCE, web=True, camera=picture)
    camera.add_user()
    login = {"url": camera.url("bench"), "user": "anna", "password-file": camera.home / "password"}
    store = martlet.store(command, context.folder / "store", {"bench": login}, web=True)
    store.add_user()
    with camera:
        # A store that finds no video waits a little before it asks again.
        camera.wait_for("capture runs")
        with store:
            store.wait_for("receiver runs")
            yield from over_rtsp(context, camera, store)
            if browser.is_missing():
                context.note(browser.MISSING)
                return
            yield from over_webrtc(context, camera, "the camera")
            yield from over_webrtc(context, store, "the store")


def figures(what, ages, shares=(0.5, 0.95)):
    for share in shares:
        yield Measurement(NAME, f"{what}, p{share * 100:.0f}", "martlet", part(ages, share), "ms")


def over_rtsp(context, camera, store):
    clients = [Client(service) for service in (camera, store)]
    try:
        limit = time.monotonic() + 30
        while not all(client.pictures for client in clients):
            wait(clients, limit)
        begin = time.monotonic_ns() + SETTLING * 1_000_000_000
        end = begin + (3 if context.quick else RTSP) * 1_000_000_000
        while time.monotonic_ns() < end:
            wait(clients, limit + RTSP + SETTLING)
    finally:
        for client in clients:
            client.stop()
    seen = [ages([each for each in client.pictures if begin <= each[0] < end], end - begin) for client in clients]
    both = seen[0].keys() & seen[1].keys()
    if not both:
        raise Trouble("no frame was read from both")
    shares = (0.5, 0.95, 0.99)
    yield from figures("RTSP from the camera", seen[0].values(), shares)
    yield from figures("RTSP from the store", seen[1].values(), shares)
    yield from figures("added by the store", [seen[1][moment] - seen[0][moment] for moment in both], shares)


def ages(pictures, lasted):
    """The age of each picture in milliseconds, by the moment of its capture, in nanoseconds."""
    moments = barcodes.read([corner for _, corner in pictures])
    known = {moment: (seen - moment) / 1e6 for moment, (seen, _) in zip(moments, pictures) if moment is not None}
    wanted = lasted / 1e9 * FRAMERATE * (1 - UNREADABLE)
    if len(known) < wanted:
        raise Trouble(f"{len(pictures)} pictures came, and {len(known)} could be read, instead of {wanted:.0f}")
    return known


class Client:
    """Decodes a stream, and keeps of each picture when it was there, and the corner with the code."""

    def __init__(self, service):
        Gst = barcodes.gstreamer()
        self.Gst, self.url, self.pictures, corner = Gst, service.url("bench"), [], barcodes.CORNER
        self.pipeline = Gst.parse_launch(
            f"rtspsrc location={self.url} user-id=anna user-pw={martlet.PASSWORD} protocols=tcp latency=0"
            # Threads of a decoder would each keep a picture back.
            " ! rtph264depay ! h264parse ! avdec_h264 max-threads=1"
            f" ! videocrop left={WIDTH - corner} top={HEIGHT - corner}"
            f" ! video/x-raw,format=I420,width={corner},height={corner}"
            " ! appsink name=sink sync=false emit-signals=true"
        )
        self.pipeline.get_by_name("sink").connect("new-sample", self.take)
        self.pipeline.set_state(Gst.State.PLAYING)

    def take(self, sink):
        buffer = sink.pull_sample().get_buffer()
        now = time.monotonic_ns()
        self.pictures.append((now, buffer.extract_dup(0, barcodes.CORNER * barcodes.CORNER)))
        return self.Gst.FlowReturn.OK

    def trouble(self):
        types = self.Gst.MessageType
        message = self.pipeline.get_bus().pop_filtered(types.ERROR | types.EOS)
        if message is None:
            return None
        return message.parse_error()[0].message if message.type == types.ERROR else "the stream has ended"

    def stop(self):
        self.pipeline.set_state(self.Gst.State.NULL)


def wait(clients, limit):
    for client in clients:
        if trouble := client.trouble():
            raise Trouble(f"{client.url}: {trouble}")
    if time.monotonic() > limit:
        raise Trouble("too few pictures came")
    time.sleep(0.1)


def over_webrtc(context, service, whose):
    seconds, size = 3 if context.quick else WEBRTC, barcodes.CORNER**2
    with browser.Viewer(service, service.log_in()) as viewer:
        viewer.open("#/camera/bench")
        live = "document.querySelector('camera-player video')"
        viewer.until(f"{live}?.srcObject && {live}.videoWidth > 0", "live video by WebRTC")
        time.sleep(SETTLING)
        zero = viewer.zero()
        found = viewer.bytes(WATCH, barcodes.CORNER, seconds)
        if viewer.run(f"return !{live}.srcObject"):
            raise Trouble("WebRTC has ended meanwhile")
    count = len(found) // (16 + size)
    times = memoryview(found[: 16 * count]).cast("d")
    corners = [found[16 * count + size * number :][:size] for number in range(count)]
    presented, numbers = times[0::2], times[1::2]
    pictures = [(int((zero + shown / 1000) * 1e9), corner) for shown, corner in zip(presented, corners)]
    shown = numbers[-1] - numbers[0] + 1
    if count < shown * (1 - UNSEEN):
        raise Trouble(f"of {shown:.0f} frames that were shown {count} were looked at in time")
    yield from figures(f"WebRTC from {whose}", ages(pictures, count / FRAMERATE * 1e9).values())
    yield Measurement(NAME, f"WebRTC from {whose}, frames shown", "martlet", shown / seconds, "/s")
