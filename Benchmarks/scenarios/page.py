# SPDX-License-Identifier: Apache-2.0
"""What the page weighs, how soon it is there, and whether a wall of sixteen cameras stays as it is.

The first load: a headless Chromium that has never been there opens the page of a store with sixteen cameras. What its
files are as they are transferred (gzip), and how many they are; and, with a processor four times as slow and a
network of 10 Mbit/s with 40 ms on the way (by the Chrome DevTools Protocol), when something is painted, when its
scripts have run, when the tiles of all cameras stand there, and when the first of them moves. Seconds count from when
the address is opened.

The wall: sixteen live pictures, of 320x180 and five frames a second, since Chromium decodes them on the same
processor. What its scripts keep, after a garbage collection, and how many nodes its document has, in the beginning
and in the end; and that every tile moved all the while. In the first run alone, for two minutes, or
MARTLET_BENCH_WALL_MINUTES.
"""
import os
import time

from bench import browser, martlet, processes
from bench.context import Trouble
from bench.measurement import Measurement

NAME = "page"
CAMERAS = [f"camera-{number:02}" for number in range(1, 17)]
PICTURE = {"width": 320, "height": 180, "framerate": 5, "bitrate": "200 kbit/s"}
MINUTES = float(os.environ.get("MARTLET_BENCH_WALL_MINUTES", 2))
# What a wall does at first, such as filling its tables, is no growth; in seconds.
SETTLING = 10
SLOW_PROCESSOR = 4
SLOW_NETWORK = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}

# Notes when the tiles are there, and when the first of them shows live video.
WATCH = """
(() => {
  const marks = (window.benchMarks = {});
  const look = new MutationObserver(() => {
    if (document.querySelectorAll('camera-tile').length >= CAMERAS) marks.tiles ??= performance.now();
    if (!document.querySelector('camera-tile.moving')) return;
    marks.live ??= performance.now();
    look.disconnect();
  });
  look.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['class'] });
})();
""".replace("CAMERAS", str(len(CAMERAS)))
LOADED = """
const [page] = performance.getEntriesByType('navigation');
const files = [page, ...performance.getEntriesByType('resource').filter(each => !each.name.includes('/api/'))];
const sum = name => files.reduce((total, file) => total + file[name], 0);
return {
  ...benchMarks,
  painted: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  scripts: page.domContentLoadedEventEnd,
  count: files.length,
  small: sum('encodedBodySize'),
  large: sum('decodedBodySize'),
};
"""
# Of each tile, the frames that it has shown.
SHOWN = """
const videos = [...document.querySelectorAll('camera-tile video')];
return videos.map(video => video.getVideoPlaybackQuality().totalVideoFrames);
"""


def measure(context):
    if browser.is_missing():
        context.note(browser.MISSING)
        return
    camera = martlet.camera(context.martlet, context.folder / "camera", camera=PICTURE, recording=False)
    with camera:
        camera.wait_for("capture runs")
        # A store refuses the same URL for two cameras; what follows the question mark is nothing to the camera.
        cameras = {name: {"url": f"{camera.url('bench')}?{name}", "record": False} for name in CAMERAS}
        store = martlet.store(context.martlet, context.folder / "store", cameras, web=True)
        store.add_user()
        with store:
            store.wait_for("receiver runs", times=len(CAMERAS))
            cookie = store.log_in()
            yield from first_load(store, cookie)
            if context.run == 1:
                yield from wall(context, store, cookie)


def first_load(store, cookie):
    with browser.Viewer(store, cookie) as viewer:
        viewer.cdp("Network.enable")
        viewer.cdp("Network.emulateNetworkConditions", **SLOW_NETWORK)
        viewer.cdp("Emulation.setCPUThrottlingRate", rate=SLOW_PROCESSOR)
        viewer.before_each_page(WATCH)
        viewer.open()
        viewer.until("benchMarks.live", "a live picture")
        found = viewer.run(LOADED)
    yield Measurement(NAME, "files of the page, as gzip", "martlet", found["small"] / 1000, "KB")
    yield Measurement(NAME, "files of the page, unpacked", "martlet", found["large"] / 1000, "KB")
    yield Measurement(NAME, "files of the page", "martlet", found["count"], "")
    slow = {"processor": "a quarter", "network": "10 Mbit/s, 40 ms"}
    steps = {"first paint": "painted", "scripts have run": "scripts", "all tiles there": "tiles"}
    for what, mark in {**steps, "first tile live": "live"}.items():
        yield Measurement(NAME, what, "martlet", found[mark] / 1000, "s", **slow)


def wall(context, store, cookie):
    seconds = 30 if context.quick else MINUTES * 60
    with browser.Viewer(store, cookie) as viewer:
        viewer.cdp("HeapProfiler.enable")
        viewer.open()
        everywhere = f"document.querySelectorAll('camera-tile.moving').length === {len(CAMERAS)}"
        viewer.until(everywhere, "sixteen live tiles")
        time.sleep(5 if context.quick else SETTLING)
        before, frames = kept(viewer), viewer.run(SHOWN)
        chromium = [viewer.driver.service.process.pid]
        meter = processes.Meter(chromium)
        time.sleep(seconds)
        used = meter.read()
        after, more = kept(viewer), viewer.run(SHOWN)
        if not viewer.run(f"return {everywhere}"):
            raise Trouble("not all tiles are live in the end")

    def figure(what, value, unit):
        return Measurement(NAME, f"wall of 16, {what}", "martlet", value, unit, minutes=f"{seconds / 60:g}")

    for what, name, scale, unit in (("memory of scripts", "JSHeapUsedSize", 1e6, "MB"), ("nodes", "Nodes", 1, "")):
        yield figure(f"{what}, in the beginning", before[name] / scale, unit)
        yield figure(f"{what}, in the end", after[name] / scale, unit)
        yield figure(f"{what}, in the end against the beginning", after[name] / before[name], "")
    fewest = min(last - first for first, last in zip(frames, more))
    yield figure("frames of the slowest tile", fewest / used.seconds, "/s")
    work = after["TaskDuration"] - before["TaskDuration"]
    yield figure("the page's main thread", work / used.seconds * 100, "% of a core")
    yield figure("all of Chromium", used.cpu / used.seconds * 100, "% of a core")


def kept(viewer):
    """What Chromium counts of the page when nothing is kept that nobody can reach any more."""
    for _ in range(2):
        viewer.cdp("HeapProfiler.collectGarbage")
    return viewer.metrics()
