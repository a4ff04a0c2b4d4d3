# SPDX-License-Identifier: Apache-2.0
"""Settings, recording on and off, the log, health, sessions and the audit log, in Chromium against the mock."""

import time
import unittest

from selenium.webdriver.common.action_chains import ActionChains
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
        self.assertEqual(self.row(key).find_element("css selector", "code").text, "recording.directory")
        for wrong in ("200 kB", "40", "40 min"):
            self.write(key, wrong)
            self.assertNotIn("Keeps about", self.row(key).text, wrong)
        self.write(key, "40 GB")
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

    def test_the_chunks_beside_it_go_on_following(self):
        self.browser.go(f"#/camera/front-door?t={instant(time.time() - 3 * 3600)}")
        self.browser.button("Settings")
        self.browser.find(".chunk.current")
        self.browser.run("document.querySelector('footage-timeline').model.seek(arguments[0])", 1000 * (time.time() - 26 * 3600))
        day = self.browser.run("return new Intl.DateTimeFormat(undefined, { weekday: 'short' }).format(arguments[0])", 1000 * (time.time() - 26 * 3600))
        self.browser.until(lambda: day in self.browser.run("return [...document.querySelectorAll('chunk-list h3')].map(each => each.textContent).join()"), "the hours of that day")

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


class Device(Walk):
    arguments = ("--role", "camera", "--cameras", "1")

    def test_all_that_is_the_cameras_is_on_its_page(self):
        self.mock_only()
        self.enter()
        self.assertNotIn("Timeline", self.browser.find("nav").text)
        self.browser.go("#/camera/front-door?tab=settings")
        self.browser.says("One frame each 33 ms.")
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('.setting label')].map(each => each.textContent)"), ["Framerate", "Bitrate", "Rotation", "Enabled", "Chunk duration"])
        field = self.browser.find("#set-camera-framerate")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys("15")
        self.browser.find("#set-camera-rotation").send_keys("180")
        self.browser.says("Video and recording of the camera stop for a second or two.")
        self.browser.press("Apply")
        self.browser.until(lambda: self.recorder.settings.page == {"camera.framerate": 15, "camera.rotation": 180}, "numbers")
        self.browser.go("#/system")
        self.browser.until("document.querySelectorAll('.setting').length === 1", "what is not the camera's")


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


class People(Walk):
    def test_sessions_are_ended_one_by_one_and_all_of_somebody(self):
        self.mock_only()
        recorder = self.recorder
        self.enter()
        for key, name in (("a" * 32, "anna"), ("b" * 32, "otto"), ("c" * 32, "otto")):
            recorder.sessions[key] = name
            recorder.seen[key] = {"since": instant(time.time() - 7200), "agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"}
        self.browser.go("#/people")
        self.browser.says("Safari, iPhone")
        self.browser.says("this one")
        self.browser.press("Log out at 127.0.0.1, Safari, iPhone")
        self.browser.until(lambda: "a" * 32 not in recorder.sessions, "the end of the other")
        self.browser.press("Log otto out everywhere")
        self.browser.until(lambda: "otto" not in recorder.sessions.values(), "the end of otto's")
        self.assertEqual(list(recorder.sessions.values()), ["anna"])

    def test_a_viewer_sees_where_he_is_logged_in(self):
        self.mock_only()
        self.enter("vera")
        self.recorder.sessions["d" * 32] = "vera"
        self.browser.find(".who").click()
        self.browser.press("Log me out everywhere else")
        self.browser.until(lambda: "d" * 32 not in self.recorder.sessions, "the end of the other")
        self.browser.find("dialog")

    def test_the_audit_log_tells_who_did_what(self):
        self.mock_only()
        for number in range(130):
            self.recorder.audit.append({"id": number + 1, "time": instant(time.time() - 90000 + number), "user": "otto", "address": "10.0.0.4", "action": "download", "what": f"front-door/{number}.mp4"})
        self.browser.open()
        self.browser.log_in("anna", "not this")
        self.browser.find("[role=alert]:not([hidden])")
        self.enter()
        self.browser.go("#/people")
        self.browser.says("was refused: wrong name or password from 127.0.0.1")
        lines = "document.querySelectorAll('audit-log li:not(.log-day)').length"
        self.browser.until(f"{lines} === 100", "a page")
        self.browser.press("Earlier")
        self.browser.until(f"{lines} === 132", "the rest")
        self.browser.find("[aria-label='Filter the audit log']").send_keys("otto 129")
        self.browser.until(f"{lines} === 1", "the filter")

    def test_without_the_routes_nothing_is_shown(self):
        self.mock_only()
        self.recorder.missing = ["/sessions$", "/audit"]
        self.enter()
        self.browser.go("#/people")
        self.browser.says("3 people")
        self.browser.until(lambda: {"/sessions", "/audit"} <= {path[7:].split("?")[0] for _, path in self.recorder.requests}, "the questions")
        self.assertNotIn("Audit log", self.browser.text())
        self.assertNotIn("Sessions", self.browser.text())


class Storage(Walk):
    def test_stopped_is_not_missing(self):
        self.mock_only()
        self.enter()
        self.browser.go("#/storage")
        camera = self.recorder.cameras["till"]
        stopped, network = camera.gaps
        self.browser.until("document.querySelectorAll('tbody tr').length === 3 && [...document.querySelectorAll('tbody tr')].every(row => !row.textContent.includes('not known'))", "the spans")
        row = self.browser.run("return [...document.querySelectorAll('tbody tr')].find(row => row.textContent.startsWith('till')).lastChild.textContent")
        self.assertEqual(row, f"{(network[1] - network[0]) / 60:.0f} min + {(stopped[1] - stopped[0]) / 3600:.0f} h stopped")

    def test_what_if(self):
        self.mock_only()
        self.enter()
        self.browser.go("#/storage")
        answer = "document.querySelector('what-if .answer').textContent"
        self.browser.until(f"{answer}.startsWith('37 h 2 min. Nothing goes until')", "what is")
        slide = "const slider = document.querySelectorAll('what-if input')[arguments[0]]; slider.value = arguments[1]; slider.dispatchEvent(new Event('input'))"
        self.browser.run(slide, 0, 0.25)
        self.browser.until(f"{answer}.startsWith('6 days, 5 days more than now')", "a quarter of the rate")
        self.browser.run(slide, 1, 20)
        self.browser.until(f"{answer}.includes('12.4 GB of the oldest goes at once')", "a small quota")
        self.browser.press("As it is")
        self.browser.until(f"{answer}.startsWith('37 h 2 min. Nothing goes until')", "what is")

    def test_what_is_protected_is_listed_and_released(self):
        self.mock_only()
        self.enter("otto")
        self.browser.go("#/storage")
        self.browser.press("Release front-door")
        self.browser.until(lambda: not self.recorder.cameras["front-door"].protected, "the release")
        self.browser.says("Nothing is protected")


class Finding(Walk):
    def find(self, text):
        ActionChains(self.browser.driver).send_keys("/").perform()
        field = self.browser.find("dialog.find input")
        field.send_keys(text)
        return field

    def test_a_setting_with_its_value_a_camera_a_time_and_a_page(self):
        self.mock_only()
        self.enter()
        found = "return [...document.querySelectorAll('dialog.find li')].map(each => each.textContent)"
        field = self.find("max space till")
        self.browser.until(lambda: self.browser.run(found) == ["Max space of tillnoneHard limit to this camera in recording.directory."], "the setting")
        field.send_keys(Keys.ENTER)
        self.browser.until("document.activeElement.id === 'set-cameras-till-max-space'", "the setting's field")
        self.browser.go("#/cameras")
        self.browser.find("camera-tile")
        self.find("street").send_keys(Keys.ENTER)
        self.browser.until("location.hash === '#/camera/street'", "the camera")
        self.browser.find("play-transport")
        self.find("90 min ago").send_keys(Keys.ENTER)
        self.browser.until(lambda: abs(self.browser.run("return document.querySelector('footage-timeline')?.model.time ?? 0") / 1000 - time.time() + 5400) < 60, "the time")
        self.find("quota").send_keys(Keys.ARROW_UP, Keys.ENTER)
        self.browser.until("location.hash === '#/storage'", "the page")

    def test_a_viewer_finds_no_settings(self):
        self.mock_only()
        self.enter("vera")
        self.requests()
        self.find("space")
        self.browser.says("Quota and forecast")
        self.assertFalse([path for _, path in self.requests() if "/settings" in path])

    def test_a_day_is_picked(self):
        self.mock_only()
        self.enter()
        camera = self.recorder.cameras["front-door"]
        self.browser.go("#/camera/front-door")
        self.browser.find(".chunk")
        ActionChains(self.browser.driver).send_keys("c").perform()
        self.browser.until("document.activeElement.getAttribute('aria-current') === 'date'", "today")
        ActionChains(self.browser.driver).send_keys(Keys.ARROW_LEFT, Keys.ENTER).perform()
        yesterday = self.browser.run("const date = new Date(); return new Date(date.getFullYear(), date.getMonth(), date.getDate() - 1).getTime()") / 1000
        model = "document.querySelector('footage-timeline').model"
        first = yesterday if not any(a <= yesterday < b for a, b, *_ in camera.gaps) else next(b for a, b, *_ in camera.gaps if a <= yesterday < b)
        self.browser.until(lambda: abs(self.browser.run(f"return {model}.time") / 1000 - first) < 30, "its first footage")
        self.assertAlmostEqual(self.browser.run(f"return {model}.span") / 3600000, 24, delta=1.1)


if __name__ == "__main__":
    unittest.main()
