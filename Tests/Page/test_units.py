# SPDX-License-Identifier: Apache-2.0
"""The page's modules that need no server, in Chromium, in time zones that do odd things."""

import unittest

from browser import Browser
from mock_server import serve


class Units(unittest.TestCase):
    def check(self, zone, override=None, changes=None):
        """Runs the checks in a zone of the machine, or in one that the browser is told."""
        server = serve()
        browser = Browser(f"http://127.0.0.1:{server.server_port}/tests/index.html", environment={"TZ": zone})
        try:
            if override:
                browser.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": override})
            browser.open()
            results = browser.until("window.results", "the checks")
            self.assertGreater(len(results["checks"]), 15)
            for name, mistake in results["checks"].items():
                with self.subTest(name, zone=zone):
                    self.assertIsNone(mistake)
            if changes is not None:
                self.assertEqual(results["changes"], changes, "days that are not 24 hours long")
            print(f"{override or zone}: a month with 10,000 gaps is drawn in {results['panning']['median']:.1f} ms (worst {results['panning']['worst']:.1f})")
            self.assertEqual(browser.mistakes(), [])
        finally:
            browser.close()
            server.shutdown()
            server.server_close()

    def test_in_utc(self):
        self.check("UTC")

    def test_where_clocks_change(self):
        self.check("Europe/Berlin")

    def test_in_a_browser_of_another_zone(self):
        self.check("Asia/Tokyo", override="Europe/Berlin", changes=2)
        self.check("UTC", override="America/New_York", changes=2)

    def test_where_they_change_at_midnight(self):
        self.check("America/Havana")

    def test_where_hours_are_not_whole(self):
        self.check("Australia/Lord_Howe")


if __name__ == "__main__":
    unittest.main()
