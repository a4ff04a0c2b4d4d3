# SPDX-License-Identifier: Apache-2.0
"""Walks over a real recorder's footage in Chromium, and counts its frames.

MARTLET_PAGE=http://… MARTLET_USER=… MARTLET_PASSWORD=… (an admin) name one whose camera has recorded for half a minute, 30 frames a
second, in chunks of ten seconds.
"""

import os
import subprocess
import tempfile
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

from browser import Browser

BASE, USER, PASSWORD = (os.environ[name] for name in ("MARTLET_PAGE", "MARTLET_USER", "MARTLET_PASSWORD"))
RATE = 30

#: The recorded video on the page, once it shows a picture.
RECORDED = "document.querySelectorAll('camera-player video')[1]"


def instant(at):
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Recorder(unittest.TestCase):
    def setUp(self):
        self.browser = Browser(BASE)
        self.addCleanup(self.end)
        self.browser.open()
        self.browser.log_in(USER, PASSWORD)
        self.browser.find("camera-tile")
        self.camera = self.browser.run("return document.querySelector('camera-tile').getAttribute('camera')")

    def end(self):
        mistakes = self.browser.mistakes()
        self.browser.close()
        self.assertEqual(mistakes, [], "the console complains")

    def ask(self, path):
        """What the API answers, with the page's own cookie."""
        return self.browser.wait_for_script("return (await fetch('/api/v1' + arguments[0])).json()", path)

    def pieces(self):
        now = time.time()
        found = self.ask(f"/cameras/{self.camera}/media?from={instant(now - 600)}&to={instant(now)}")["pieces"]
        return [(int(piece["start-ns"]) / 1e9, piece["duration"]) for piece in found if not piece["open"]]

    def test_live_video_moves_by_webrtc(self):
        self.browser.until("[...document.querySelectorAll('camera-tile video')].some(video => video.srcObject && video.videoWidth > 0)", "WebRTC")
        before = self.browser.run("return document.querySelector('camera-tile video').getVideoPlaybackQuality().totalVideoFrames")
        self.browser.until(f"document.querySelector('camera-tile video').getVideoPlaybackQuality().totalVideoFrames > {before + RATE}", "a second of frames")
        self.browser.picture("recorder-live")

    def test_a_seek_shows_the_frame_of_that_time(self):
        (start, length) = self.pieces()[1]
        at = start + length / 2
        self.browser.go(f"#/camera/{self.camera}?t={instant(at)}")
        self.browser.until(f"{RECORDED}?.readyState >= 2 && Math.abs({RECORDED}.currentTime - {at}) < 3", "the picture")
        self.browser.find("[aria-label^='Play or pause']").click()
        self.browser.until(f"{RECORDED}.paused", "the pause")
        self.browser.picture("recorder-seek")

    def test_playback_crosses_two_boundaries_without_losing_a_frame(self):
        pieces = self.pieces()
        begin = pieces[0][0] + pieces[0][1] - 2
        end = pieces[2][0] + 1
        self.browser.go(f"#/camera/{self.camera}?t={instant(begin)}")
        self.browser.until(f"{RECORDED}?.readyState >= 2", "a picture")
        # Whole frames of the media, as they were buffered: what is shown depends on how busy the machine is.
        self.browser.until(f"{RECORDED}.currentTime > {end}", "the second boundary")
        gaps = self.browser.run(f"const ranges = {RECORDED}.buffered; return [...Array(ranges.length).keys()].map(i => [ranges.start(i), ranges.end(i)])")
        whole = [each for each in gaps if each[0] <= begin + 0.5 and each[1] >= end]
        self.assertEqual(len(whole), 1, f"buffered in pieces: {gaps}")
        # The media say how many frames there are between the two: none is missing, none is there twice.
        count = self.browser.wait_for_script(
            """
            const { pieces } = await (await fetch(`/api/v1/cameras/${arguments[0]}/media?from=${arguments[1]}&to=${arguments[2]}`)).json();
            const times = [];
            for (const piece of pieces) {
              const segment = new DataView(await (await fetch(`/api/v1/chunks/${piece.chunk}/segment.mp4?from=0&to=3600`)).arrayBuffer());
              const find = name => { for (let i = 4; i < segment.byteLength; i += 1) if (segment.getUint32(i) === name) return i; };
              const run = find(0x7472756e);
              times.push([Number(BigInt(piece['start-ns']) / 1000000n) / 1000, segment.getUint32(run + 8), piece.duration]);
            }
            return times;
            """,
            self.camera,
            instant(begin),
            instant(end),
        )
        for start, frames, length in count:
            self.assertAlmostEqual(frames, length * RATE, delta=1.01, msg=f"{start}: {frames} frames in {length} s")
        for (start, _, length), (following, _, _) in zip(count, count[1:]):
            self.assertAlmostEqual(start + length, following, delta=0.02)

    def test_what_is_exported_is_what_was_asked_for(self):
        pieces = self.pieces()
        begin, end = pieces[0][0] + 2, pieces[1][0] + 4
        clip = self.browser.wait_for_script(
            """
            const response = await fetch(`/api/v1/cameras/${arguments[0]}/clip?from=${arguments[1]}&to=${arguments[2]}`);
            return [response.status, [...new Uint8Array(await response.arrayBuffer())]];
            """,
            self.camera,
            instant(begin),
            instant(end),
        )
        self.assertEqual(clip[0], 200)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "clip.mp4")
            file.write_bytes(bytes(clip[1]))
            command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(file)]
            frames = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        # Cut at the keyframes outside the span, which are a second apart.
        self.assertGreaterEqual(frames, (end - begin) * RATE - 1)
        self.assertLessEqual(frames, (end - begin + 2) * RATE + 1)

    def test_a_chunk_is_protected_released_and_removed(self):
        chunk = self.ask(f"/cameras/{self.camera}/chunks?limit=1")["chunks"][0]["id"]

        def change(method, body=None):
            return self.browser.wait_for_script(
                """return (await fetch(`/api/v1/chunks/${arguments[0]}`, { method: arguments[1], headers: { 'Content-Type': 'application/json' },
                body: arguments[2] ?? undefined })).status""",
                chunk,
                method,
                body,
            )

        self.assertEqual(change("PATCH", '{"protected":true}'), 200)
        self.assertEqual(change("DELETE"), 409)
        self.assertEqual(change("PATCH", '{"protected":false}'), 200)
        self.assertEqual(change("DELETE"), 204)
        self.assertEqual(change("DELETE"), 404)


if __name__ == "__main__":
    unittest.main()
