# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium in which somebody is logged in at the page of a camera or a store, as the page's own tests
drive it."""
import base64
import shutil
import sys
import time

from .context import REPOSITORY, Trouble

sys.path.append(str(REPOSITORY / "Tests" / "Page"))
try:
    from browser import Browser
except ImportError:
    Browser = None

# A clock of the page that is further off than this from what questions and answers allow is not what it is taken for.
TOLERANCE = 0.0005


def is_missing():
    """Whether there is no Chromium to be had."""
    return Browser is None or shutil.which("chromium") is None or shutil.which("chromedriver") is None


MISSING = "Not measured: Chromium, chromium-driver or python3-selenium is not installed."


class Viewer(Browser or object):
    """Somebody who looks at the page of `service`, with what logging in gave; as a context it is closed in the end."""

    def __init__(self, service, cookie, *arguments):
        if is_missing():
            raise Trouble("there is no Chromium, chromium-driver or python3-selenium")
        super().__init__(service.address("/"), *arguments)
        name, _, value = cookie.partition("=")
        self.cdp("Network.setCookie", name=name, value=value, url=self.base)
        self.cdp("Performance.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def cdp(self, method, **parameters):
        """A command of the Chrome DevTools Protocol."""
        return self.driver.execute_cdp_cmd(method, parameters)

    def before_each_page(self, script):
        """Runs it before the scripts of each page that is opened from now on."""
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)

    def metrics(self):
        """What Chromium counts of the page (CDP, Performance.getMetrics)."""
        return {each["name"]: each["value"] for each in self.cdp("Performance.getMetrics")["metrics"]}

    def zero(self):
        """The machine's monotonic clock, in seconds, at which `performance.now()` of the open page was 0.

        Chromium's own clock is the monotonic one, and it says when the page began by it. That is made sure of by asking
        the page what time it is: the true answer lies between the question and the answer. What is left is the
        coarseness of `performance.now()`, a tenth of a millisecond.
        """
        zero = self.metrics()["NavigationStart"]
        for _ in range(20):
            asked = time.monotonic()
            said = self.run("return performance.now()") / 1000
            if not asked - TOLERANCE <= zero + said <= time.monotonic() + TOLERANCE:
                raise Trouble("Chromium's clock is not the machine's monotonic clock")
        return zero

    def bytes(self, script, *arguments):
        """What an asynchronous function body returns as an array of typed arrays, one after another."""
        text = self.wait_for_script(
            "const parts = await (async () => {" + script + "})();"
            """
            const reader = new FileReader();
            const read = new Promise(done => (reader.onload = done));
            reader.readAsDataURL(new Blob(parts));
            await read;
            return reader.result.slice(reader.result.indexOf(',') + 1);
            """,
            *arguments,
        )
        return base64.b64decode(text)


def part(values, share):
    """The value below which a share of them lies: `part(values, 0.95)` is the 95th percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
