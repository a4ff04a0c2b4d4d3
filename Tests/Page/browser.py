# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that looks at the page."""

import os
import shutil
import tempfile

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

#: How long anything may take before it is taken not to happen, in seconds: long, since machines are shared.
PATIENCE = 30

#: The counter burnt into the picture of a video: cells along the top, the least significant first.
COUNTER = """
const read = video => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, 32];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  // The frame and its time belong together; the element may have gone on meanwhile.
  const frame = new VideoFrame(video);
  context.drawImage(frame, 0, 0);
  const time = frame.timestamp / 1e6;
  frame.close();
  const cell = video.videoWidth / 40;
  let number = 0;
  for (let bit = 0; bit < 20; bit += 1) if (context.getImageData((bit + 0.5) * cell, cell / 2, 1, 1).data[1] > 128) number |= 1 << bit;
  return [time, number];
};
const recorded = document.querySelectorAll('camera-player video')[1];
"""


class Browser:
    def __init__(self, base, *arguments, environment=None):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900", "--hide-scrollbars", "--lang=en-GB", *arguments):
            options.add_argument(argument)
        self.downloads = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options.add_experimental_option("prefs", {"download.default_directory": self.downloads.name})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = Service(shutil.which("chromedriver"), env={**os.environ, **(environment or {})})
        self.driver = webdriver.Chrome(service=service, options=options)
        self.driver.set_script_timeout(180)
        self.base = base

    def close(self):
        self.driver.quit()
        self.downloads.cleanup()

    def open(self, hash=""):
        self.driver.get(f"{self.base}{hash}")

    def go(self, hash):
        self.run("location.hash = arguments[0]", hash)

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait_for_script(self, script, *arguments):
        """What an asynchronous function body returns."""
        wrapped = "const done = arguments[arguments.length - 1]; (async () => {" + script + "})().then(done, error => done({ error: String(error) }))"
        result = self.driver.execute_async_script(wrapped, *arguments)
        if isinstance(result, dict) and "error" in result:
            raise AssertionError(result["error"])
        return result

    def until(self, condition, what):
        """Waits for a function, or a script, to give something."""
        test = condition if callable(condition) else lambda: self.run(f"return {condition}")
        wait = WebDriverWait(self.driver, PATIENCE, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException])
        return wait.until(lambda _: test(), f"{what} did not happen; the page says: {self.text()[:300]}")

    def find(self, selector):
        return self.until(lambda: next(iter(self.driver.find_elements(By.CSS_SELECTOR, selector)), None), selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def button(self, name):
        """The visible button or link of a name."""
        script = """return [...document.querySelectorAll('button, a, summary')].find(each => each.checkVisibility()
          && (each.getAttribute('aria-label') ?? each.textContent).trim().startsWith(arguments[0]))"""
        return self.until(lambda: self.run(script, name), f"a button {name!r}")

    def press(self, name):
        """Presses a button that may be drawn anew at this moment."""
        self.until(lambda: self.button(name).click() or True, f"pressing {name!r}")

    def text(self):
        return self.run("return document.body.innerText")

    def says(self, words):
        return self.until(lambda: words in self.text(), f"{words!r}")

    def log_in(self, name, password):
        fields = self.until(lambda: self.all("form input"), "the form")
        fields[0].clear()
        fields[0].send_keys(name)
        fields[1].clear()
        fields[1].send_keys(password)
        self.find("form .btn.pri").click()

    def picture(self, file):
        directory = os.environ.get("MARTLET_PAGE_PICTURES")
        if directory:
            os.makedirs(directory, exist_ok=True)
            self.driver.save_screenshot(os.path.join(directory, file + ".png"))

    def mistakes(self):
        """What the console complains of, but answers that are expected: refusals and a server that is not there."""
        usual = ("Failed to load resource", "net::ERR_")
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE" and not any(each in entry["message"] for each in usual)]
