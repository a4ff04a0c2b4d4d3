# SPDX-License-Identifier: Apache-2.0
"""Walks through the page in Chromium, and looks at decoded pixels.

Against the mock, or, with MARTLET_PAGE=https://… MARTLET_USER=… MARTLET_PASSWORD=… (an admin), against a real recorder; what needs
the mock's troubles, or the counter in its picture, is then left out. MARTLET_PAGE_PICTURES=DIR keeps screenshots.
"""

import gzip
import os
import time
import unittest
import zipfile
from datetime import datetime, timezone
from pathlib import Path

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import COUNTER, Browser
from footage import FILES, FRAMES, LENGTH, RATE
from mock_server import PASSWORD, serve

BASE = os.environ.get("MARTLET_PAGE")
USER = os.environ.get("MARTLET_USER", "anna")
SECRET = os.environ.get("MARTLET_PASSWORD", PASSWORD)


def instant(at):
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Walk(unittest.TestCase):
    arguments = ()

    def setUp(self):
        self.server = None if BASE else serve(*self.arguments)
        self.recorder = None if BASE else self.server.RequestHandlerClass.recorder
        self.browser = Browser(BASE or f"http://127.0.0.1:{self.server.server_port}/")
        self.addCleanup(self.end)

    def end(self):
        mistakes = self.browser.mistakes()
        self.browser.close()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.assertEqual(mistakes, [], "the console complains")

    def enter(self, name=USER, password=SECRET):
        self.browser.open()
        self.browser.log_in(name, password)
        self.browser.find("header.top")
        self.browser.find("camera-tile")

    def camera(self):
        return "front-door" if self.recorder else self.browser.run("return document.querySelector('camera-tile').getAttribute('camera')")

    def mock_only(self):
        if not self.recorder:
            self.skipTest("only the mock can be told to")

    def requests(self):
        asked, self.recorder.requests = self.recorder.requests, []
        return asked

    def frame_at(self, at):
        """The counter in the picture of a time of the mock's first camera."""
        camera = self.recorder.cameras["front-door"]
        k = camera.index(at)
        return k % FILES * FRAMES + int((at - camera.start(k)) * RATE + 1e-6)

    def watch(self, at, pause=True):
        self.browser.go(f"#/camera/{self.camera()}?t={instant(at)}")
        self.shown(at)
        if pause:
            self.browser.find("[aria-label^='Play or pause']").click()
            self.browser.until("document.querySelectorAll('camera-player video')[1].paused", "the pause")

    def shown(self, at, within=3.0):
        script = "const video = document.querySelectorAll('camera-player video')[1]; return video && video.readyState >= 2 && document.querySelector('camera-player').dataset.ready === '' ? video.currentTime : 0"
        self.browser.until(lambda: abs(self.browser.run(script) - at) < within, f"a picture of {instant(at)}")

    def counter(self):
        return self.browser.run(COUNTER + "return read(recorded)")[1]

    def field_seconds(self):
        """The time that is told, to the millisecond, as seconds of its day."""
        text = self.browser.run("return document.querySelector('.when').lastChild.textContent")
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


class Doors(Walk):
    def test_wrong_password_then_right_then_out(self):
        browser = self.browser
        browser.open("#/storage")
        browser.log_in(USER, "not this")
        browser.find("[role=alert]:not([hidden])")
        self.assertTrue(browser.find("[role=alert]").text)
        browser.picture("login-wrong-light")
        browser.log_in(USER, SECRET)
        browser.says("By camera")
        browser.button("Log out").click()
        browser.says("Password")

    def test_too_many_tries_say_how_long_to_wait(self):
        self.mock_only()
        self.browser.open()
        self.browser.log_in("crowd", "x")
        self.browser.says("Try again in 60 s")

    def test_a_session_that_ends_comes_back_to_the_same_place(self):
        self.mock_only()
        self.enter()
        self.browser.go("#/system")
        self.browser.says("This machine")
        self.recorder.sessions.clear()
        self.recorder.change()
        self.browser.says("Password")
        self.browser.log_in(USER, SECRET)
        self.browser.says("This machine")

    def test_a_viewer_can_take_nothing_away(self):
        self.mock_only()
        self.enter("vera")
        self.assertNotIn("People", self.browser.find("nav").text)
        self.browser.go(f"#/camera/front-door?t={instant(time.time() - 7200)}&to={instant(time.time() - 7100)}")
        self.browser.find(".chunk").click()
        self.browser.button("Play")
        self.browser.button("Copy link")
        names = self.browser.run("return [...document.querySelectorAll('button, a')].map(each => each.textContent)")
        for name in ("Download", "Protect", "Remove", "Export"):
            self.assertFalse([each for each in names if each.startswith(name)], name)
        self.browser.go("#/people")
        self.browser.find("camera-tile")

    def test_a_silent_recorder_is_not_known(self):
        self.mock_only()
        self.enter()
        self.recorder.silent = True
        self.recorder.change()
        self.browser.says("does not answer since")
        self.browser.says("Not known")
        self.assertNotIn("Recording", self.browser.find(".wall").text)
        self.browser.picture("cameras-lost-light")
        self.recorder.silent = False
        self.browser.press("Try now")
        self.browser.until(lambda: "does not answer" not in self.browser.text(), "the return")
        self.browser.until(lambda: "Recording" in self.browser.find(".wall").text, "states")


class FirstRun(Walk):
    arguments = ("--state", "first-run")

    def test_makes_the_admin(self):
        self.mock_only()
        browser = self.browser
        browser.open()
        browser.says("Who is in charge?")
        browser.picture("first-run-light")
        fields = browser.all("form input")
        for field, text in zip(fields, ("mara", "short", "short")):
            field.send_keys(text)
        browser.find("form .btn.pri").click()
        browser.says("too short")
        for field in fields[1:]:
            field.send_keys(" but longer")
        browser.find("form .btn.pri").click()
        browser.find("camera-tile")
        self.assertEqual(self.recorder.users, {"mara": "admin"})


class Closed(Walk):
    arguments = ("--state", "closed")

    def test_says_what_to_do(self):
        self.mock_only()
        self.browser.open()
        self.browser.says("martlet user add NAME --role admin")
        self.browser.picture("closed-light")


class Wall(Walk):
    arguments = ("--cameras", "6")
    FRAMES = "return [...document.querySelectorAll('camera-tile video')].map(video => video.getVideoPlaybackQuality().totalVideoFrames)"

    def pixels(self, index):
        return self.browser.run("""
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [64, 36];
            const context = canvas.getContext('2d');
            context.drawImage(document.querySelectorAll('camera-tile video')[arguments[0]], 0, 0, 64, 36);
            return [...context.getImageData(0, 0, 64, 36).data];""", index)

    def moving(self):
        return self.browser.run("return [...document.querySelectorAll('camera-tile')].findIndex(tile => tile.classList.contains('moving'))")

    def test_pictures_move(self):
        self.enter()
        self.browser.until(lambda: self.moving() >= 0, "a live tile")
        index = self.moving()
        before = self.pixels(index)
        self.assertGreater(len(set(before)), 3, "the picture is empty")
        self.browser.until(lambda: self.pixels(index) != before, "movement")
        behind = self.browser.run("const video = document.querySelectorAll('camera-tile video')[arguments[0]]; return video.buffered.length ? video.buffered.end(0) - video.currentTime : 0", index)
        print(f"live is {behind:.2f} s behind what has arrived")

    def stills(self):
        self.enter()
        tiles = "[...document.querySelectorAll('camera-tile')]"
        self.browser.until(f"{tiles}.every(tile => ['live', 'stills'].includes(tile.dataset.live))", "a picture for each")
        self.assertLessEqual(self.recorder.streams, 5)
        index = self.browser.until(f"{tiles}.findIndex(tile => tile.dataset.live === 'stills') + 1", "a tile with stills") - 1
        picture = """const canvas = document.querySelectorAll('camera-tile canvas')[arguments[0]];
          return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((_, index) => index % 997 === 0)].join()"""
        before = self.browser.run(picture, index)
        self.assertGreater(len(set(before.split(","))), 3, "the still is empty")
        self.browser.until(lambda: self.browser.run(picture, index) != before, "the next still")
        self.browser.until(lambda: "still, " in self.browser.run(f"return {tiles}[{index}].textContent"), "that it is a still")

    def test_where_connections_are_few_the_rest_show_stills(self):
        self.mock_only()
        self.stills()
        self.browser.picture("cameras-stills-light")
        asked = self.requests()
        self.assertTrue([path for _, path in asked if "/snapshot" in path])
        self.assertFalse([path for _, path in asked if "keyframes=true" in path])
        self.browser.go("#/storage")
        self.browser.says("By camera")
        self.browser.until(lambda: self.recorder.streams == 0, "the end of the streams")

    def test_without_snapshots_stills_are_keyframes_of_the_footage(self):
        self.mock_only()
        self.recorder.missing = ["/snapshot"]
        self.stills()
        asked = [path for _, path in self.requests()]
        self.assertTrue([path for path in asked if "keyframes=true" in path])
        self.assertEqual(len([path for path in asked if "/snapshot" in path]), 1, "what is not there is asked for again")

    def test_who_leaves_gives_the_place_to_the_next(self):
        self.mock_only()
        self.enter()
        tiles = "[...document.querySelectorAll('camera-tile')]"
        self.browser.until(lambda: self.recorder.streams == 4, "the streams")
        waiting = self.browser.until(f"{tiles}.find(tile => tile.dataset.live === 'stills')?.camera", "a tile with stills")
        live = self.browser.run(f"return {tiles}.find(tile => tile.dataset.live === 'live').camera")
        self.recorder.faults = {live: "network"}
        self.browser.until(f"{tiles}.some(tile => tile.camera === '{waiting}' && tile.dataset.live === 'live') || {tiles}.filter(tile => tile.dataset.live === 'live').length === 4", "a new live picture")

    def test_a_hidden_tab_takes_nothing(self):
        self.mock_only()
        self.enter()
        self.browser.until(lambda: self.recorder.streams > 0, "streams")
        page = self.browser.driver.current_window_handle
        self.browser.driver.switch_to.new_window("tab")
        self.browser.until(lambda: self.recorder.streams == 0, "the end of the streams")
        self.browser.driver.switch_to.window(page)
        self.browser.until(lambda: self.recorder.streams > 0, "streams again")

    def test_webrtc_that_does_not_connect_gives_way(self):
        self.mock_only()
        self.recorder.whep = "silent"
        self.enter()
        self.browser.until(lambda: self.moving() >= 0, "a live tile")

    def test_out_of_sight_takes_nothing(self):
        self.mock_only()
        self.browser.size(390, 844)
        self.enter()
        self.browser.until(lambda: self.recorder.streams > 0, "streams")
        self.browser.run("document.querySelector('.wall').style.setProperty('margin-top', '4000px')")
        self.browser.until(lambda: self.recorder.streams == 0, "the end of the streams")
        self.browser.run("document.querySelector('.wall').style.removeProperty('margin-top')")
        self.browser.until(lambda: self.recorder.streams > 0, "streams again")

    def test_a_fault_is_told_by_hue_shape_and_word(self):
        self.mock_only()
        self.enter()
        self.browser.until(lambda: self.moving() >= 0, "a live tile")
        self.recorder.faults = {"front-door": "network", "till": "disk"}
        self.recorder.change()
        tile = "camera-tile[camera=front-door]"
        self.browser.until(f"document.querySelector('{tile}').dataset.state === 'retry'", "the fault")
        words = self.browser.find(tile).text
        for each in ("Reconnecting", "No frames for 13 s", "Connection reset by the camera", "Trying again in 2 s"):
            self.assertIn(each, words)
        self.assertTrue(self.browser.run(f"return document.querySelector('{tile} use').getAttribute('href')").endswith("state-retry"))
        self.assertIn("No space left", self.browser.find("camera-tile[camera=till]").text)
        self.browser.picture("cameras-faults-light")

    def test_arrows_move_and_digits_open(self):
        self.mock_only()  # It has more than one camera.
        self.enter()
        self.browser.find("body").send_keys(Keys.ARROW_RIGHT)
        self.browser.find("body")
        ActionChains(self.browser.driver).send_keys(Keys.ARROW_RIGHT).perform()
        place = self.browser.run("return [...document.querySelectorAll('camera-tile a')].indexOf(document.activeElement)")
        self.assertEqual(place, 1)
        ActionChains(self.browser.driver).send_keys("1").perform()
        self.browser.find("footage-timeline")


class Recorded(Walk):
    def setUp(self):
        super().setUp()
        self.mock_only()
        self.enter()
        self.start = self.recorder.cameras["front-door"].start(self.recorder.cameras["front-door"].index(time.time() - 3 * 3600))

    def test_a_seek_shows_the_picture_of_that_time(self):
        for offset in (3.4, 19.95, 20.0, 1234.567):
            at = self.start + offset
            self.browser.go("#/cameras")
            self.watch(at)
            shown, counter = self.browser.run(COUNTER + "return read(recorded)")
            self.assertEqual(counter, self.frame_at(shown + 0.001), offset)
            self.assertGreaterEqual(shown, at - 1 / RATE)

    def test_the_time_of_the_frame_is_told_to_the_millisecond(self):
        self.watch(self.start + 5.2)
        self.browser.find("[aria-label^='Next frame']").click()
        self.browser.until(lambda: self.frame_at(self.start - self.start % 86400 + self.field_seconds() + 0.001) == self.counter(), "the frame's own time")

    def test_every_frame_is_stepped_through_across_a_boundary(self):
        self.watch(self.start + LENGTH - 0.9)
        seen = [self.counter()]
        for direction, name in [(1, "Next frame"), (-1, "Previous frame")]:
            button = self.browser.find(f"[aria-label^='{name}']")
            for _ in range(30):
                last = seen[-1]
                button.click()
                self.browser.until(lambda: self.counter() != last, f"a step from {last}")
                seen.append(self.counter())
                self.assertEqual(seen[-1], last + direction, seen)

    def test_playback_crosses_chunks_with_every_frame_in_its_place(self):
        self.watch(self.start + 15, pause=False)
        result = self.browser.wait_for_script(COUNTER + """
          const seen = [];
          let stalls = 0;
          recorded.addEventListener('waiting', () => { stalls += 1; });
          const end = recorded.currentTime + 50;
          await new Promise(resolve => {
            const look = (_, { mediaTime, presentedFrames }) => {
              seen.push([...read(recorded), presentedFrames]);
              if (mediaTime > end) resolve();
              else recorded.requestVideoFrameCallback(look);
            };
            recorded.requestVideoFrameCallback(look);
          });
          const { droppedVideoFrames, totalVideoFrames } = recorded.getVideoPlaybackQuality();
          return { seen, stalls, droppedVideoFrames, totalVideoFrames, buffered: [recorded.buffered.start(0), recorded.buffered.end(recorded.buffered.length - 1), recorded.currentTime] };
        """)
        for at, counter, _ in result["seen"]:
            self.assertEqual(counter, self.frame_at(at + 0.001), at)
        low, high, at = result["buffered"]
        self.assertLessEqual(at - low, 60)
        self.assertLessEqual(high - at, 60)
        presented = result["seen"][-1][2] - result["seen"][0][2] + 1
        print(f"across {int(50 // LENGTH)} boundaries: {presented} frames presented of {round((result['seen'][-1][0] - result['seen'][0][0]) * RATE) + 1}, "
              f"{result['stalls']} stalls, {result['droppedVideoFrames']} dropped")

    def test_fast_playback_takes_only_keyframes(self):
        self.watch(self.start, pause=False)
        self.requests()
        self.browser.run("const select = document.querySelector('play-transport select'); select.value = 16; select.dispatchEvent(new Event('change'))")
        self.browser.until(lambda: self.browser.run("return document.querySelectorAll('camera-player video')[1].currentTime") > self.start + 60, "a minute in a few seconds")
        later = [path for _, path in self.requests() if "segment" in path]
        self.assertTrue(any("keyframes=true" in path for path in later))
        self.browser.until(lambda: (self.counter() % RATE) == 0, "a keyframe")

    def test_speeds_show_the_frames_they_should(self):
        """Every frame that is shown is that of its time, slower and faster; at 8× they are keyframes."""
        for speed in (0.5, 2, 8):
            self.browser.go("#/cameras")
            self.watch(self.start + 5, pause=False)
            self.browser.run("const select = document.querySelector('play-transport select'); select.value = arguments[0]; select.dispatchEvent(new Event('change'))", speed)
            self.browser.until(lambda: self.browser.run(f"return document.querySelectorAll('camera-player video')[1].playbackRate === {speed} && document.querySelectorAll('camera-player video')[1].readyState >= 3"), "the speed")
            seen = self.browser.wait_for_script(COUNTER + """
              const seen = [];
              await new Promise(resolve => {
                const look = now => {
                  seen.push([...read(recorded), now]);
                  if (seen.length === arguments[0]) resolve();
                  else recorded.requestVideoFrameCallback(look);
                };
                recorded.requestVideoFrameCallback(look);
              });
              return seen;""", 30 if speed < 8 else 20)
            # The frames that were on their way when the speed changed may still come.
            seen = seen[3:]
            for at, counter, _ in seen:
                self.assertEqual(counter, self.frame_at(at + 0.001), f"{speed}× at {at}")
            self.assertEqual([at for at, *_ in seen], sorted(at for at, *_ in seen), f"{speed}×")
            if speed == 8:
                self.assertEqual([counter % RATE for _, counter, _ in seen], [0] * len(seen), "a frame between keyframes")
            print(f"{speed}×: {1000 * (seen[-1][0] - seen[0][0]) / (seen[-1][2] - seen[0][2]):.2f} seconds of footage a second")

    def test_a_hidden_tab_stands_still(self):
        self.watch(self.start, pause=False)
        page = self.browser.driver.current_window_handle
        paused = "document.querySelectorAll('camera-player video')[1].paused"
        self.browser.until(f"!{paused}", "playback")
        self.browser.run(f"window.seen = []; document.addEventListener('visibilitychange', () => window.seen.push([document.hidden, {paused}]))")
        self.browser.driver.switch_to.new_window("tab")
        self.browser.driver.close()
        self.browser.driver.switch_to.window(page)
        self.browser.until(f"!{paused}", "playback again")
        self.browser.until("window.seen.length >= 2", "both changes")
        self.assertEqual(self.browser.run("return window.seen[0]"), [True, True])

    def fingers(self, kind, *points):
        box = self.browser.run("const { left, top } = document.querySelector('footage-timeline > canvas').getBoundingClientRect(); return [left, top]")
        self.browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": box[0] + x, "y": box[1] + y, "id": number} for number, (x, y) in enumerate(points)]})

    def test_fingers_pan_zoom_select_and_seek(self):
        self.browser.size(390, 844)
        self.browser.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
        self.watch(self.start)
        model = "document.querySelector('footage-timeline').model"
        view = lambda: self.browser.run(f"return {model}.view")
        before = view()
        self.fingers("touchStart", (100, 90))
        for x in (110, 140, 180, 200):
            self.fingers("touchMove", (x, 90))
        self.fingers("touchEnd")
        span = before["to"] - before["from"]
        self.assertAlmostEqual((view()["from"] - before["from"]) / span, -100 / 374, delta=0.02)
        self.assertIsNone(self.browser.run(f"return {model}.selection"))
        before = view()
        self.fingers("touchStart", (150, 90))
        self.fingers("touchStart", (150, 90), (230, 90))
        for apart in (100, 130, 160):
            self.fingers("touchMove", (190 - apart / 2, 90), (190 + apart / 2, 90))
        self.fingers("touchEnd")
        self.assertAlmostEqual((view()["to"] - view()["from"]) / span, 0.5, delta=0.02)
        middle = lambda each: each["from"] + (each["to"] - each["from"]) * 190 / 374
        self.assertAlmostEqual(middle(view()) / 1000, middle(before) / 1000, delta=span / 1000 / 50)
        self.fingers("touchStart", (120, 90))
        self.browser.until(lambda: self.browser.run(f"return {model}.selection"), "the long press")
        for x in (140, 200, 240):
            self.fingers("touchMove", (x, 90))
        self.fingers("touchEnd")
        chosen = self.browser.run(f"return {model}.selection")
        self.assertAlmostEqual((chosen["to"] - chosen["from"]) / (view()["to"] - view()["from"]), 120 / 374, delta=0.02)
        self.browser.picture("camera-touch-390")
        self.fingers("touchStart", (60, 90))
        self.fingers("touchEnd")
        wanted = view()["from"] + (view()["to"] - view()["from"]) * 60 / 374
        self.browser.until(lambda: abs(self.playhead() - wanted / 1000) < span / 1000 / 50, "the seek of a tap")

    def test_a_gap_is_told_and_passed(self):
        gap = self.recorder.cameras["front-door"].gaps[2]
        self.browser.go(f"#/camera/front-door?t={instant(gap[0] + 60)}")
        self.browser.says("Network: 7 min missing")
        self.assertIn("No route to the camera.", self.browser.text())
        self.browser.until("document.querySelectorAll('camera-player video')[1].readyState >= 2", "a picture")
        self.browser.until(lambda: self.counter() == self.frame_at(gap[0] - 0.5 / RATE), "the last picture before the gap")
        self.browser.picture("camera-gap-light")
        self.browser.press("Go to")
        self.shown(gap[1])
        self.browser.until(lambda: self.counter() in range(self.frame_at(gap[1]), self.frame_at(gap[1]) + FRAMES), "the frame after the gap")

    def test_playback_goes_on_behind_a_gap(self):
        gap = self.recorder.cameras["front-door"].gaps[2]
        self.watch(gap[0] - 2, pause=False)
        self.browser.says("Network: 7 min missing")
        self.shown(gap[1], within=8)

    def test_a_growing_chunk_joins_live(self):
        begin = time.time() - 30
        self.watch(begin, pause=False)
        self.browser.until(lambda: self.browser.run("return document.querySelectorAll('camera-player video')[1].currentTime") > begin + 5, "playback")
        self.browser.run("const select = document.querySelector('play-transport select'); select.value = 4; select.dispatchEvent(new Event('change'))")
        self.browser.until("document.querySelector('.live').getAttribute('aria-pressed') === 'true'", "live")

    def test_how_long_a_seek_takes(self):
        self.watch(self.start, pause=True)
        lengths = []
        for number in range(12):
            offset = 400 + number * 211.3
            at = self.start + offset
            lengths.append(self.browser.wait_for_script("""
              const video = document.querySelectorAll('camera-player video')[1];
              const begin = performance.now();
              const shown = new Promise(resolve => {
                const look = (now, { mediaTime }) => (Math.abs(mediaTime - arguments[0]) < 0.2 ? resolve(performance.now()) : video.requestVideoFrameCallback(look));
                video.requestVideoFrameCallback(look);
              });
              document.querySelector('footage-timeline').model.seek(arguments[0] * 1000);
              return (await shown) - begin;""", at))
        lengths.sort()
        print(f"seek to picture: median {lengths[6]:.0f} ms, worst {lengths[-1]:.0f} ms")

    def test_keys(self):
        self.watch(self.start + 30)
        keys = lambda *each: ActionChains(self.browser.driver).send_keys(*each).perform()
        keys(Keys.ARROW_RIGHT)
        self.shown(self.start + 40, within=4)
        keys("k")
        self.browser.until("!document.querySelectorAll('camera-player video')[1].paused", "play")
        keys("}")
        self.browser.until(lambda: abs(self.browser.run("return document.querySelector('footage-timeline').model.time") / 1000 - (self.recorder.cameras["front-door"].gaps[3][0] - 5)) < 4, "the next gap")
        keys("n")
        self.browser.until("document.querySelector('.live').getAttribute('aria-pressed') === 'true'", "live")
        keys("?")
        self.browser.says("What the marks mean")
        self.browser.picture("help-light")
        keys(Keys.ESCAPE)
        self.browser.until("!document.querySelector('dialog')", "the dialog's end")

    def playhead(self):
        return self.browser.run("return document.querySelector('footage-timeline').model.time") / 1000

    def test_movement_stands_over_the_footage(self):
        camera = self.recorder.cameras["front-door"]
        at = camera.next_movement(self.start, backwards=False)
        self.requests()
        self.browser.go(f"#/camera/front-door?t={instant(at)}&span=10m")
        # A column of the graph's pixels at a time: how high the bar is that stands there.
        height = """const timeline = document.querySelector('footage-timeline'), canvas = timeline.querySelector('canvas');
          const graph = getComputedStyle(document.documentElement).getPropertyValue('--fo-rec-act').trim();
          const [red, green, blue] = [1, 3, 5].map(place => parseInt(graph.slice(place, place + 2), 16));
          const { data } = canvas.getContext('2d').getImageData(Math.round(timeline.x(arguments[0] * 1000)), 50, 1, 26);
          let count = 0;
          for (let pixel = 0; pixel < 26; pixel += 1) if (Math.abs(data[4 * pixel] - red) + Math.abs(data[4 * pixel + 1] - green) + Math.abs(data[4 * pixel + 2] - blue) < 24) count += 1;
          return count;"""
        self.browser.until(lambda: self.browser.run(height, at + 9) > 8, "a bar where something moves")
        self.assertLessEqual(self.browser.run(height, at - 9), 2, "nothing moves before")
        self.browser.picture("camera-movement-light")
        asked = [path for _, path in self.requests() if "/movement?" in path]
        self.assertEqual(len(asked), len(set(asked)), "asked twice")
        self.assertLessEqual(len(asked), 6)
        model = "document.querySelector('footage-timeline').model"
        for _ in range(5):
            self.browser.run(f"{model}.pan({model}.span / 50)")
            self.browser.run(f"{model}.pan(-{model}.span / 50)")
        self.browser.until(lambda: self.browser.run(height, at + 9) > 8, "the bar")
        self.assertEqual([path for _, path in self.requests() if "/movement?" in path], [], "what is known is asked for again")

    def test_brackets_go_to_movements(self):
        camera = self.recorder.cameras["front-door"]
        self.watch(self.start)
        first = camera.next_movement(self.start, backwards=False)
        second = camera.next_movement(first, backwards=False)
        for key, at in (("]", first), ("]", second), ("[", first)):
            ActionChains(self.browser.driver).send_keys(key).perform()
            self.browser.until(lambda: abs(self.playhead() - (at - 3)) < 0.5, f"the movement of {instant(at)}")
        self.browser.press("Next movement")
        self.browser.until(lambda: abs(self.playhead() - (second - 3)) < 0.5, "the next")

    def test_without_movement_there_is_no_graph(self):
        self.recorder.missing = ["/movement"]
        self.watch(self.start)
        self.browser.until("!document.querySelector('footage-timeline').classList.contains('graph')", "the row without a graph")
        self.browser.run("document.querySelector('footage-timeline').model.play()")
        self.browser.until("document.querySelector('[aria-label^=\"Next movement\"]').hidden", "no button")

    def test_a_typed_time(self):
        self.watch(self.start)
        self.browser.find(".when").click()
        field = self.browser.find(".when-field")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys("2 h ago", Keys.ENTER)
        self.shown(time.time() - 7200, within=60)

    def test_select_export_protect_link(self):
        self.watch(self.start + 100)
        model = "document.querySelector('footage-timeline').model"
        canvas = self.browser.find("footage-timeline > canvas")
        self.browser.run(f"{model}.showSpan(600000)")
        ActionChains(self.browser.driver).move_to_element_with_offset(canvas, 20, 5).click_and_hold().move_by_offset(120, 0).release().perform()
        chosen = self.browser.until(lambda: self.browser.run(f"return {model}.selection"), "a selection")
        self.browser.picture("camera-select-light")
        self.requests()
        self.browser.press("Protect")
        self.browser.says("they stay when room is needed")
        camera = self.recorder.cameras["front-door"]
        for k in camera.between(chosen["from"] / 1000, chosen["to"] / 1000):
            self.assertIn(k, camera.protected)
        self.browser.until(lambda: self.browser.run("return document.querySelector('footage-timeline').model && [...document.querySelectorAll('.chunk state-chip')].some(chip => chip.textContent === 'protected')"), "the mark")
        self.browser.press("Export")
        self.browser.until(lambda: any("/clip?from=" in path for _, path in self.recorder.requests), "the clip")
        self.browser.until(lambda: self.recorder.delivered == 1, "its end")
        self.browser.until("!document.querySelector('.lasting')", "the end of the progress")

    def select(self, length):
        at = 1000 * self.start
        self.browser.run("document.querySelector('footage-timeline').model.select(arguments[0], arguments[1])", at, at + 1000 * length)

    def test_an_export_shows_how_far_it_is_and_is_cancelled(self):
        self.watch(self.start)
        self.select(60)
        self.recorder.held = True
        self.browser.press("Export")
        self.browser.says("Exporting 1 min of front-door")
        self.browser.until("document.querySelector('.lasting progress').value > 0", "progress")
        self.browser.picture("camera-export-light")
        self.browser.press("Cancel")
        self.browser.says("The export was cancelled.")
        self.recorder.held = False
        self.assertEqual(self.recorder.delivered, 0)

    def test_what_is_large_is_left_to_the_browser(self):
        self.watch(self.start)
        self.select(3000)
        self.browser.press("Export")
        self.browser.says("the browser downloads it")
        self.browser.until(lambda: self.recorder.delivered == 1, "the download")

    def test_many_cameras_are_exported_and_protected_together(self):
        self.browser.go(f"#/timeline?t={instant(self.start)}&to={instant(self.start + 40)}&show=front-door,street")
        self.requests()
        self.browser.press("Protect")
        self.browser.says("they stay when room is needed")
        for name in ("front-door", "street"):
            camera = self.recorder.cameras[name]
            self.assertTrue(all(k in camera.protected for k in camera.between(self.start, self.start + 40)), name)
        self.assertFalse(self.recorder.cameras["till"].protected)
        self.browser.press("Export")
        file = Path(self.browser.downloads.name, "footage.zip")
        self.browser.until(file.exists, "the ZIP")
        with zipfile.ZipFile(file) as archive:
            self.assertEqual(archive.namelist(), ["front-door.mp4", "street.mp4", "README.txt"])
            self.assertIsNone(archive.testzip())
        asked = [path for _, path in self.requests() if "/clip" in path]
        self.assertEqual(len(asked), 1)
        self.assertIn("/clips?camera=front-door&camera=street&from=", asked[0])

    def test_protect_release_and_remove_a_chunk(self):
        camera = self.recorder.cameras["front-door"]
        self.watch(self.start + 30)
        k = camera.index(self.start + 30)
        self.browser.find(".chunk.current").click()
        self.browser.press("Protect")
        self.browser.until(lambda: k in camera.protected, "the protection")
        self.browser.button("Release")
        offered = self.browser.run("return [...document.querySelectorAll('.chunk-actions button')].map(each => each.textContent)")
        self.assertNotIn("Remove", offered)
        self.browser.press("Release")
        self.browser.until(lambda: k not in camera.protected, "the release")
        remove = self.browser.button("Remove")
        self.assertFalse(remove.is_enabled())
        self.browser.find(".allow input").click()
        self.browser.press("Remove")
        self.browser.until(lambda: k in camera.removed, "the removal")
        self.browser.until("document.querySelector('.chunk-gap')", "the gap that it leaves")

    def test_hover_shows_a_picture(self):
        self.watch(self.start)
        canvas = self.browser.find("footage-timeline > canvas")
        ActionChains(self.browser.driver).move_to_element_with_offset(canvas, -100, 5).perform()
        self.browser.until("!document.querySelector('.tip canvas').hidden", "a preview")
        colours = self.browser.run("const c = document.querySelector('.tip canvas'); return new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size")
        self.assertGreater(colours, 20)
        self.browser.picture("camera-hover-light")

    def test_cameras_keep_in_step(self):
        self.browser.go(f"#/timeline?t={instant(self.start + 50)}&show=front-door,till,street")
        self.browser.until("document.querySelectorAll('camera-player[data-ready]').length === 3", "three pictures")
        script = "return [...document.querySelectorAll('camera-player')].map(player => player.querySelectorAll('video')[1].currentTime)"
        def spread():
            times = self.browser.run(script)
            return max(times) - min(times)
        self.browser.until(lambda: self.browser.run(script)[0] > self.start + 55, "playback")
        self.browser.until(lambda: spread() <= 1 / RATE, "step")
        print(f"three cameras are {1000 * spread():.0f} ms apart; a frame is {1000 / RATE:.0f} ms")
        self.browser.picture("timeline-light")


    def test_a_camera_that_is_ticked_leaves_the_others_playing(self):
        self.browser.go(f"#/timeline?t={instant(self.start + 50)}&show=front-door,street")
        self.browser.until("document.querySelectorAll('camera-player[data-ready]').length === 2", "two pictures")
        self.browser.find(".row-labels label:nth-child(2) input").click()
        self.browser.until("document.querySelectorAll('camera-player[data-ready]').length === 3", "three pictures")
        names = self.browser.run("return [...document.querySelectorAll('figcaption')].map(each => each.textContent)")
        self.assertEqual(names, ["front-door", "till", "street"])
        times = lambda: self.browser.run("return [...document.querySelectorAll('camera-player')].map(player => player.querySelectorAll('video')[1].currentTime)")
        before = times()
        self.browser.until(lambda: all(now > then + 2 for now, then in zip(times(), before)), "playback of all three")


class Month(Walk):
    arguments = ("--gaps", "10000")

    def test_a_month_of_ten_thousand_gaps_is_panned(self):
        self.mock_only()
        self.enter()
        self.browser.go(f"#/camera/front-door?t={instant(time.time() - 15 * 86400)}")
        self.browser.find(".chunk")
        rate = self.browser.wait_for_script("""
          const model = document.querySelector('footage-timeline').model;
          model.showAll();
          const begin = performance.now();
          for (let frame = 0; frame < 240; frame += 1) {
            await new Promise(requestAnimationFrame);
            model.zoom(0.999, model.time);
            model.pan(((frame % 80 < 40 ? 1 : -1) * model.span) / 1000);
          }
          return 240000 / (performance.now() - begin);""")
        print(f"a month with 10,000 gaps is panned at {rate:.0f} frames a second")
        self.assertGreater(rate, 0)
        colours = self.browser.run("""
          const timeline = document.querySelector('footage-timeline'), canvas = timeline.querySelector('canvas');
          const wanted = ['--fo-rec', '--fo-gap-ink'].map(token => getComputedStyle(document.documentElement).getPropertyValue(token).trim()).map(text => [1, 3, 5].map(place => parseInt(text.slice(place, place + 2), 16)));
          const top = canvas.clientHeight - 132 + 76;
          const { data } = canvas.getContext('2d').getImageData(0, top, canvas.width, 30);
          const counts = [0, 0];
          for (let pixel = 0; pixel < data.length; pixel += 4) wanted.forEach((colour, index) => { if (colour.every((value, part) => Math.abs(value - data[pixel + part]) < 12)) counts[index] += 1; });
          return counts.map(count => count / (canvas.width * 30));""")
        print(f"of its row {100 * colours[0]:.0f} % is footage and {100 * colours[1]:.0f} % gaps")
        self.assertGreater(colours[0], 0.5, "footage is not seen")
        self.assertGreater(colours[1], 0.02, "gaps are not seen")
        self.browser.picture("camera-month-of-gaps-light")


class Addresses(Walk):
    def test_what_leads_nowhere_says_so(self):
        self.mock_only()
        self.enter()
        self.browser.go("#/camera/nope")
        self.browser.says("There is no camera “nope”")
        self.assertEqual(self.browser.all("camera-player"), [])
        self.assertFalse(self.browser.text().count("There is no camera 'nope'"), "said twice")
        self.browser.press("To the cameras")
        self.browser.find("camera-tile")
        self.browser.go("#/camera/%E0%A4")
        self.browser.find("camera-tile")

    def test_a_time_that_cannot_be_leads_to_one_that_can(self):
        self.mock_only()
        self.enter()
        model = "document.querySelector('footage-timeline').model"
        begin = self.recorder.cameras["front-door"].begin
        for place in ("camera/front-door", "timeline"):
            self.browser.go(f"#/{place}?t=9000-01-01T00:00:00Z")
            self.browser.until(f"{model}.live", "live")
            self.browser.go("#/cameras")
            self.browser.find("camera-tile")
            self.browser.go(f"#/{place}?t=1066-10-14T09:00:00Z")
            self.browser.until(lambda: not self.browser.run(f"return {model}.live") and abs(self.browser.run(f"return {model}.time") / 1000 - begin) < 60, "the oldest")
            self.assertRegex(self.browser.run("return document.querySelector('.live').textContent"), r"^Live−\d+ d")
            self.browser.go("#/cameras")
            self.browser.find("camera-tile")

    def test_an_hour_without_footage_is_not_complete(self):
        self.mock_only()
        camera = self.recorder.cameras["front-door"]
        begin, _, reason = camera.gaps[1]
        hour = (begin // 3600 + 1) * 3600
        camera.gaps[1] = (hour, hour + 3600, reason)
        self.enter()
        self.browser.go(f"#/camera/front-door?t={instant(hour + 7200)}")
        name = datetime.fromtimestamp(hour).strftime("%H:%M")
        told = "[...document.querySelectorAll('chunk-list summary')].map(each => [each.querySelector('b').textContent, each.lastChild.textContent])"
        self.browser.until(lambda: [name, "nothing"] in self.browser.run(f"return {told}"), "an hour without footage")
        self.assertIn("complete", [words for _, words in self.browser.run(f"return {told}")])

    def test_a_camera_that_appears_is_shown(self):
        self.mock_only()
        self.enter()
        till = self.recorder.cameras.pop("till")
        self.recorder.change()
        self.browser.until("document.querySelectorAll('camera-tile').length === 2", "the camera's end")
        self.browser.go("#/camera/till")
        self.browser.says("There is no camera “till”")
        self.recorder.cameras["till"] = till
        self.recorder.change()
        self.browser.find("camera-player")


class Widths(Walk):
    def test_the_controls_are_in_one_row_and_nothing_lies_on_them(self):
        self.mock_only()
        self.enter()
        at = self.recorder.cameras["front-door"].gaps[0][0] - 3600
        for width in (1920, 1400, 1280, 1100, 390):
            self.browser.size(width, 800)
            for place in ("camera/front-door", "timeline"):
                self.browser.go("#/cameras")
                self.browser.find("camera-tile")
                self.browser.go(f"#/{place}?t={instant(at)}&to={instant(at + 60)}")
                self.browser.find(".selection-bar:not([hidden])")
                self.browser.press("Play or pause")
                self.browser.until("/[.][0-9]{3}$/.test(document.querySelector('.when').textContent)", "the milliseconds")
                script = """
                  const transport = document.querySelector('play-transport'), box = transport.getBoundingClientRect();
                  const parts = [...transport.children].filter(each => each.checkVisibility()).map(each => each.getBoundingClientRect());
                  const rows = new Set(parts.filter(({ height }) => height > 0).map(({ top, height }) => Math.round((top + height / 2) / 8))).size;
                  const beyond = parts.some(({ right }) => right > box.right + 1) || transport.querySelector('.when').scrollWidth > transport.querySelector('.when').clientWidth + 1;
                  return { rows, beyond, covered: document.querySelector('.selection-bar').getBoundingClientRect().bottom > box.top };"""
                self.browser.until(lambda: not self.browser.run(script)["covered"], f"room for the controls of {place} at {width}")
                found = self.browser.run(script)
                self.assertFalse(found["beyond"], f"{place} at {width}")
                if width >= 1280:
                    self.assertEqual(found["rows"], 1, f"{place} at {width}")


class Pages(Walk):
    def test_storage(self):
        self.enter()
        self.browser.go("#/storage")
        self.browser.says("By camera")
        self.assertRegex(self.browser.text(), r"this disk keeps|nothing is being recorded")

    def test_system_tells_mistakes(self):
        self.mock_only()
        self.enter()
        self.recorder.rejected = ["config.toml:12:1: error: unknown key 'bitrat'; did you mean 'bitrate'?"]
        self.recorder.change()
        self.browser.go("#/system")
        self.browser.says("did you mean 'bitrate'")
        self.browser.says("1 thing is wrong.")
        self.browser.picture("system-light")

    def test_people(self):
        self.mock_only()
        self.enter()
        self.browser.go("#/people")
        self.browser.says("3 people, 1 token.")
        self.browser.press("Add a person")
        fields = self.browser.all("dialog input")
        fields[0].send_keys("jonas")
        fields[1].send_keys("a long password")
        self.browser.find("dialog .btn.pri").click()
        self.browser.until(lambda: self.recorder.users.get("jonas") == "viewer", "jonas")
        self.browser.says("4 people")
        self.browser.press("Remove jonas")
        self.browser.press("Remove jonas: sure")
        self.browser.until(lambda: "jonas" not in self.recorder.users, "the removal")
        self.browser.press("New token")
        self.browser.find("dialog .btn.pri").click()
        self.browser.until("document.querySelector('dialog input.mono')?.value.startsWith('martlet_')", "the token")

    def test_assets_are_small(self):
        page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "page")
        sizes = [len(gzip.compress(Path(folder, name).read_bytes())) for folder, _, names in os.walk(page) for name in names]
        print(f"{len(sizes)} assets, {sum(sizes) / 1000:.1f} kB compressed")
        self.assertLess(sum(sizes), 150_000)


class ForEveryone(Walk):
    """What matters of accessibility: names, roles, the order of focus, contrast."""

    PLACES = {"cameras": "camera-tile", "camera/front-door": "footage-timeline", "timeline": "footage-timeline", "storage": "table", "system": "table", "people": "table"}

    def test_everything_has_a_name_and_can_be_reached(self):
        self.mock_only()
        self.enter()
        for place, sign in self.PLACES.items():
            self.browser.go(f"#/{place}")
            self.browser.find(sign)
            nameless = self.browser.run("""
              const name = each => (each.getAttribute('aria-label') ?? each.closest('label')?.textContent ?? each.labels?.[0]?.textContent ?? '').trim() || each.textContent.trim() || each.title;
              return [...document.querySelectorAll('button, a, input, select, summary, [role=slider], [role=img], [tabindex="0"]')]
                .filter(each => each.checkVisibility() && !name(each)).map(each => each.outerHTML.slice(0, 120));""")
            self.assertEqual(nameless, [], place)
            self.assertEqual(len(self.browser.all("main")), 1)
            self.assertEqual(len(self.browser.all("h1")) if place != "timeline" else 1, 1, place)
            positive = self.browser.run("return document.querySelectorAll('[tabindex]:not([tabindex=\"0\"]):not([tabindex=\"-1\"])').length")
            self.assertEqual(positive, 0)

    def test_focus_goes_from_the_skip_link_through_the_header_to_the_content(self):
        self.enter()
        self.browser.driver.refresh()
        self.browser.find("camera-tile")
        order = []
        for _ in range(14):
            ActionChains(self.browser.driver).send_keys(Keys.TAB).perform()
            order.append(self.browser.run("const at = document.activeElement; return at.className === 'skip' ? 'skip' : at.closest('header, main')?.tagName.toLowerCase() ?? at.tagName"))
        self.assertEqual(order[0], "skip")
        self.assertIn("main", order)
        self.assertEqual(order, ["skip"] + ["header"] * order.count("header") + ["main"] * order.count("main"), order)

    def test_text_can_be_told_from_what_is_behind_it(self):
        self.mock_only()
        self.recorder.faults = {"till": "disk", "street": "network"}
        self.enter()
        for theme in ("light", "dark"):
            self.browser.run("localStorage.setItem('theme', arguments[0])", theme)
            self.browser.driver.refresh()
            for place, sign in self.PLACES.items():
                self.browser.go(f"#/{place}")
                self.browser.find(sign)
                if place == "camera/front-door":
                    self.browser.find(".chunk")
                weak = self.browser.run(CONTRAST)
                self.assertEqual(weak, [], f"{place}, {theme}")

    def test_reduced_motion_stops_all_but_video(self):
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
        self.enter()
        for place, sign in self.PLACES.items():
            if place == "timeline" and not self.recorder:
                continue
            self.browser.go(f"#/{place}")
            self.browser.find(sign)
            self.browser.run("document.querySelector('toast-stack').show('Something was done.')")
            moving = self.browser.run("""
              const lasts = each => getComputedStyle(each).transitionDuration.split(', ').some(length => parseFloat(length) > 0);
              return [document.getAnimations().length, ...[...document.querySelectorAll('body *')].filter(lasts).map(each => each.outerHTML.slice(0, 80))];""")
            self.assertEqual(moving, [0], place)

    def test_dates_and_numbers_are_those_of_the_browsers_language(self):
        self.mock_only()
        self.browser.driver.execute_cdp_cmd("Emulation.setLocaleOverride", {"locale": "de-DE"})
        self.enter()
        self.browser.go("#/storage")
        self.browser.says("1,62 GB/h")
        self.browser.go("#/camera/front-door")
        self.browser.find("[aria-label^='Go to a day']").click()
        names = self.browser.until(lambda: self.browser.run("return [...document.querySelectorAll('day-calendar th')].map(each => each.textContent)"), "the calendar")
        self.assertEqual(names, ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"])
        ActionChains(self.browser.driver).send_keys(Keys.ESCAPE).perform()
        self.browser.driver.execute_cdp_cmd("Emulation.setLocaleOverride", {"locale": "en-US"})
        self.browser.driver.refresh()
        self.browser.find("[aria-label^='Go to a day']").click()
        self.browser.until("document.querySelector('day-calendar th')?.textContent === 'Sun'", "weeks that begin on Sunday")

    def test_pictures_of_every_screen(self):
        self.mock_only()
        if "MARTLET_PAGE_PICTURES" not in os.environ:
            self.skipTest("MARTLET_PAGE_PICTURES is not set")
        self.enter()
        at = self.recorder.cameras["front-door"].gaps[2][0] - 600
        places = {**self.PLACES, f"camera/front-door?t={instant(at)}&span=2h": ".chunk"}
        for theme in ("light", "dark"):
            for width, height in ((1440, 900), (390, 844)):
                self.browser.size(width, height)
                self.browser.run("localStorage.setItem('theme', arguments[0])", theme)
                self.browser.driver.refresh()
                for place, sign in places.items():
                    self.browser.go("#/" + place)
                    self.browser.find(sign)
                    if "camera" in place:
                        self.browser.until("document.querySelector('.moving, camera-player[data-ready]')", "a picture")
                    name = place.split("?")[0].replace("/", "-") + ("-recorded" if "?" in place else "")
                    self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width, f"{name} at {width}")
                    self.browser.picture(f"{name}-{theme}-{width}")


CONTRAST = """
const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
const rgba = text => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a)];
const light = colour => {
  const [r, g, b] = colour.map(value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    if (at.matches('.tile-picture, camera-player, .gate, .use-bar')) return null;
    const layer = rgba(getComputedStyle(at).backgroundColor);
    layers.push(layer);
    if (layer[3] === 1) break;
  }
  return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255]);
};
const weak = [];
for (const element of document.querySelectorAll('body *')) {
  const words = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (!words || !element.checkVisibility() || element.matches('.spoken, .skip, [disabled], noscript, option')) continue;
  const ground = behind(element);
  if (!ground) continue;
  const [one, other] = [light(over(rgba(getComputedStyle(element).color), ground)), light(ground)];
  const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (ratio < 4.5) weak.push([element.textContent.slice(0, 30), element.className, ratio.toFixed(2)]);
}
return weak;
"""

if __name__ == "__main__":
    unittest.main()
