# SPDX-License-Identifier: Apache-2.0
"""Settings, recording on and off, the log, health, sessions and the audit log, in Chromium against the mock."""

import time
import unittest

from selenium.webdriver.common.keys import Keys

from test_page import Walk, instant


class Settings(Walk):
    def setUp(self):
        super().setUp()
        self.mock_only()
        self.enter()

    def write(self, key, text):
        field = self.browser.find(f"#set-{key.replace('.', '-')}")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)

    def row(self, key):
        return self.browser.run("return document.getElementById(arguments[0])?.closest('.setting')", f"set-{key.replace('.', '-')}")

    def test_a_change_is_applied_at_once_and_taken_back(self):
        key = "cameras.front-door.max-space"
        self.browser.go("#/camera/front-door?tab=settings")
        self.write(key, "40 GB")
        self.assertIn("changed", self.row(key).get_attribute("class"))
        self.browser.says("Keeps about 3 days")
        self.browser.find("#set-cameras-front-door-record").click()
        self.browser.says("2 changes.")
        self.browser.says("The running chunk is finished and another begun")
        self.browser.press("Put back Record")
        self.browser.says("1 change.")
        self.browser.says("Nothing restarts.")
        self.browser.picture("camera-settings-light")
        self.browser.press("Apply")
        self.browser.says("Applied 1 change.")
        self.assertEqual(self.recorder.settings.page, {key: "40 GB"})
        self.browser.press("Max space to the default")
        self.browser.press("Apply")
        self.browser.until(lambda: self.recorder.settings.page == {}, "the default")

    def test_a_mistake_is_shown_at_its_row_and_nothing_is_written(self):
        key = "store.recording.chunk-duration"
        self.browser.go(f"#/system?set={key}")
        self.browser.until(lambda: self.browser.run("return document.activeElement.id") == "set-store-recording-chunk-duration", "the focus")
        self.write(key, "5 s")
        self.write("access.session-duration", "7 days")
        self.browser.press("Apply")
        self.browser.until(lambda: "5 s is not within 10 s … 60 min" in self.row(key).text, "the mistake")
        self.assertNotIn("wrong", self.row("access.session-duration").get_attribute("class"))
        self.assertEqual(self.recorder.settings.page, {})
        self.write(key, "5 min")
        self.browser.until(lambda: "12 files an hour" in self.row(key).text, "the effect")
        self.browser.press("Apply")
        self.browser.until(lambda: self.recorder.settings.page == {key: "5 min", "access.session-duration": "7 days"}, "both")

    def test_what_a_file_fixes_is_shown_with_its_place(self):
        self.browser.go("#/system")
        self.browser.says("Fixed by /etc/martlet/config.toml:12")
        self.assertIsNone(self.row("store.recording.directory"))
        self.browser.until(lambda: not self.browser.run("return [...document.querySelectorAll('.setting')].some(each => each.textContent.includes('fetch the camera'))"), "no camera's own")

    def test_only_an_admin_has_settings(self):
        self.browser.press("Log out")
        self.enter("otto")
        self.browser.go("#/camera/front-door")
        self.browser.find(".chunk")
        self.browser.go("#/system")
        self.browser.says("Event log")
        self.assertNotIn("Settings", self.browser.text())
        self.assertFalse([path for _, path in self.requests() if "/settings" in path])

    def test_without_the_routes_nothing_is_shown(self):
        self.recorder.missing = ["/settings", "/log", "/api/v1/cameras/[^/]+$"]
        self.browser.go("#/system")
        self.browser.says("This machine")
        self.browser.until(lambda: {"/settings", "/log"} <= {path[7:].split("?")[0] for _, path in self.recorder.requests}, "the questions")
        self.browser.go("#/camera/front-door")
        self.browser.find(".chunk")
        for words in ("Settings", "Event log", "Stop recording"):
            self.assertNotIn(words, self.browser.text())


class Recording(Walk):
    def test_an_operator_stops_and_starts_it(self):
        self.mock_only()
        self.enter("otto")
        self.browser.go("#/camera/front-door")
        self.browser.press("Stop recording")
        self.browser.until("document.querySelector('.side state-chip').textContent === 'Live only'", "the state")
        self.assertFalse(self.recorder.cameras["front-door"].recording)
        self.browser.press("Start recording")
        self.browser.until("document.querySelector('.side state-chip').textContent === 'Recording'", "the state")

    def test_a_file_that_fixes_it_is_named(self):
        self.mock_only()
        self.recorder.fixed_recording = "front-door"
        self.enter("otto")
        self.browser.go("#/camera/front-door")
        self.browser.press("Stop recording")
        self.browser.says("fixed by /etc/martlet/config.toml:31")
        self.browser.button("Stop recording")

    def test_a_viewer_has_no_switch(self):
        self.mock_only()
        self.enter("vera")
        self.browser.go("#/camera/front-door")
        self.browser.find(".chunk")
        self.assertNotIn("Stop recording", self.browser.text())


class System(Walk):
    def test_health_says_what_is_not_known(self):
        self.mock_only()
        self.enter()
        self.browser.go("#/system")
        self.browser.says("slowed down since it was started, not now")
        facts = dict(self.browser.run("return [...document.querySelectorAll('.facts div')].map(each => [each.firstChild.textContent, each.lastChild.textContent])"))
        self.assertEqual([facts["Temperature"], facts["Card"], facts["Camera memory"]], ["48.2 °C", "not known", "not known"])

    def test_the_log_is_filtered_and_grows(self):
        self.mock_only()
        self.enter()
        self.browser.go("#/system")
        lines = lambda: self.browser.run("return [...document.querySelectorAll('.log li:not(.log-day)')].map(each => each.textContent)")
        self.browser.until(lambda: len(lines()) == 5, "the log")
        self.browser.find("[aria-label='Filter the log']").send_keys("till")
        self.assertEqual(len(lines()), 2)
        self.browser.press("Warnings")
        self.assertEqual(len(lines()), 1)
        self.recorder.log.append({"id": 6, "time": instant(time.time()), "level": "error", "camera": "till", "text": "<b>No</b> light"})
        self.browser.until(lambda: len(lines()) == 2 and "<b>No</b> light" in lines()[0], "the new line")


if __name__ == "__main__":
    unittest.main()
