# SPDX-License-Identifier: Apache-2.0
"""What the page says, and what goes on, when something breaks beneath it: a camera, the disk, the service, a session.

MARTLET=… is the command. The camera and the store are this test's own; the store's footage lies on a small disk where there
are the rights to mount one.
"""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from browser import Browser, PATIENCE

MARTLET = os.environ["MARTLET"]
USER, PASSWORD = "anna", "correct-horse-battery"
TILE = "document.querySelector('camera-tile')"
FRAMES = f"{TILE}.querySelector('video').getVideoPlaybackQuality().totalVideoFrames"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Daemon:
    def __init__(self, role, configuration, log):
        self.command = [MARTLET, role, "--config", str(configuration)]
        self.log = log
        self.start()

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.command, stderr=log)

    def wait_for(self, words):
        deadline = time.monotonic() + PATIENCE
        while words not in pathlib.Path(self.log).read_text():
            if time.monotonic() > deadline:
                raise AssertionError(f"{words!r} did not come: {pathlib.Path(self.log).read_text()}")
            time.sleep(0.1)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        return self.process.wait(20)


class Trouble(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        rtsp, own, web = free_port(), free_port(), free_port()
        listeners = 'tls-listen = "none"\n'
        camera = self.folder / "camera.toml"
        camera.write_text(
            f'[camera]\nname = "door"\nsource = "test"\nwidth = 640\nheight = 360\n[camera.recording]\ndirectory = "{self.folder}/card"\n'
            f'[camera.rtsp]\nlisten = "127.0.0.1:{rtsp}"\n{listeners}[camera.web]\nlisten = "none"\n{listeners}'
            f'[access]\ndirectory = "{self.folder}/camera-access"\n'
        )
        store = self.folder / "store.toml"
        store.write_text(
            f'[store.recording]\ndirectory = "{self.disk}/footage"\nchunk-duration = "10 s"\nmin-free = "0 B"\n'
            f'[store.rtsp]\nlisten = "127.0.0.1:{own}"\n{listeners}[store.web]\nlisten = "127.0.0.1:{web}"\n{listeners}'
            f'[access]\ndirectory = "{self.folder}/store-access"\n[cameras.door]\nurl = "rtsp://127.0.0.1:{rtsp}/door"\n'
        )
        (self.folder / "password").write_text(PASSWORD + "\n")
        add = [MARTLET, "user", "add", USER, "--role", "admin", "--password-file", str(self.folder / "password"), "--config", str(store)]
        subprocess.run(add, check=True, capture_output=True)
        self.configuration, self.rights = store, os.geteuid() == 0
        if self.id().endswith("full_disk"):
            if not self.rights:
                self.skipTest("a small disk is mounted by root alone")
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(self.disk)], check=True)
            self.addCleanup(subprocess.run, ["umount", "-l", str(self.disk)], check=True)
        self.camera = Daemon("camera", camera, self.folder / "camera.log")
        self.addCleanup(self.camera.stop)
        self.store = Daemon("store", store, self.folder / "store.log")
        self.addCleanup(self.store.stop)
        self.store.wait_for("receiver runs")
        self.browser = Browser(f"http://127.0.0.1:{web}/")
        self.addCleanup(self.browser.close)
        self.browser.open()
        self.browser.log_in(USER, PASSWORD)
        self.browser.find("camera-tile")
        self.moves("at first")

    def moves(self, when):
        """Frames are decoded and shown, a second of them."""
        self.browser.until(f"{TILE}?.querySelector('video')?.videoWidth > 0 && {TILE}.dataset.state === 'rec'", f"a picture {when}")
        self.frames_rise(when)

    def frames_rise(self, when):
        before = self.browser.run(f"return {FRAMES}")
        # A new connection counts from 0.
        self.browser.until(f"{FRAMES} > {before} + 30 || {FRAMES} < {before} && {FRAMES} > 30", f"frames {when}")

    def test_a_frozen_camera_is_said_with_its_last_picture_dimmed_and_comes_back(self):
        self.camera.process.send_signal(signal.SIGSTOP)
        self.browser.until(f"{TILE}.dataset.state === 'retry' && {TILE}.classList.contains('dimmed')", "the state")
        self.browser.says("No frames for")
        self.browser.picture("trouble-frozen")
        self.camera.process.send_signal(signal.SIGCONT)
        self.browser.until(f"{TILE}.dataset.state === 'rec' && !{TILE}.classList.contains('dimmed')", "the camera's return")
        self.frames_rise("after the camera is back")

    def test_live_video_goes_on_over_a_full_disk(self):
        with open(self.disk / "others", "wb", buffering=0) as file:

            def fill_up():
                """Takes what the recorder frees as well, as somebody would who copies his pictures there."""
                try:
                    while True:
                        file.write(bytes(65536))
                except OSError:
                    return self.browser.run(f"return {TILE}.dataset.state === 'fault'")

            self.browser.until(fill_up, "the fault")
        self.browser.says("Not recorded")
        self.browser.picture("trouble-disk")
        self.frames_rise("over a full disk")
        (self.disk / "others").unlink()
        self.browser.until(f"{TILE}.dataset.state === 'rec'", "recording again")

    def test_the_page_outlives_the_service(self):
        self.store.stop()
        self.browser.until(f"{TILE}.textContent.includes('Not known')", "that nothing is known")
        self.browser.picture("trouble-away")
        self.browser.run("window.stayed = true")
        self.store.start()
        self.moves("after the service is back")
        self.assertTrue(self.browser.run("return window.stayed"), "it was loaded anew")

    def test_whoever_is_logged_out_elsewhere_logs_in_and_is_where_he_was(self):
        self.browser.go("#/camera/door")
        self.browser.find("camera-player")
        self.browser.run("fetch('/api/v1/sessions', { method: 'DELETE', headers: { 'Content-Type': 'application/json' } })")
        self.browser.until(lambda: self.browser.all("form input[type=password]"), "the login")
        self.browser.log_in(USER, PASSWORD)
        self.browser.find("camera-player")
        self.assertIn("#/camera/door", self.browser.driver.current_url)

    def test_what_the_user_edits_wrong_is_said_with_its_place(self):
        good = self.configuration.read_text()
        self.configuration.write_text(good + "colour = 1\n")
        self.browser.go("#/system")
        self.browser.says("store.toml")
        self.browser.says("unknown key 'colour'")
        self.configuration.write_text(good)
        self.browser.until("!document.body.innerText.includes(\"unknown key 'colour'\")", "the mistake's end")


if __name__ == "__main__":
    unittest.main()
