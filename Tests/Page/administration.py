# SPDX-License-Identifier: Apache-2.0
"""What the mock answers to those who keep a recorder: settings, who is logged in, who did what, and what it says of itself."""

import hashlib
import io
import subprocess
import time
import zipfile

from footage import instant
from refusal import Refusal


class Administration:
    """Routes of the handler; `recorder` has the state."""

    def note(self, action, what=None, user=None):
        """Writes down who did what."""
        entries = self.recorder.audit
        entry = {"id": len(entries) + 1, "time": instant(time.time()), "user": user or self.user, "address": "127.0.0.1", "action": action}
        entries.append(entry | ({"what": what} if what else {}))

    def settings(self):
        self.send(200, self.recorder.settings.document())

    def change_settings(self):
        settings, changes = self.recorder.settings, self.json()["changes"]
        for key in changes:
            if key not in settings.rows:
                raise Refusal(404, f"There is no setting {key!r}.")
            if key in settings.fixed:
                raise Refusal(409, f"{key} is fixed by /etc/martlet/config.toml:{settings.fixed[key][1]}.")
        mistakes = settings.apply(changes)
        if mistakes:
            raise Refusal(422, "Nothing was changed: there are mistakes.", document={"mistakes": mistakes})
        for key, value in changes.items():
            self.note("settings", f"{key} = {'default' if value is None else value}")
            name = key.split(".")[1]
            if key.endswith(".record"):
                self.recorder.cameras[name].recording = settings.value(key)
        self.recorder.change()
        self.send(200, settings.document())

    def one_camera(self, name):
        self.camera(name)
        self.send(200, next(each for each in self.recorder.status()["cameras"] if each["name"] == name))

    def switch_recording(self, name):
        camera, on = self.camera(name), self.json()["recording"]
        if name == self.recorder.fixed_recording:
            raise Refusal(409, f"Recording of {name} is fixed by /etc/martlet/config.toml:31; change it there.")
        camera.recording = on
        self.recorder.settings.page[f"cameras.{name}.record"] = on
        self.note("recording", f"{name} {'on' if on else 'off'}")
        self.recorder.change()
        self.one_camera(name)

    # Sessions

    def told(self, key, name):
        facts = self.recorder.seen.get(key, {})
        return {"id": key[:8], "since": facts.get("since"), "until": instant(time.time() + 30 * 86400), "address": "127.0.0.1", "agent": facts.get("agent", ""), "current": key == self.key}

    def sessions(self):
        self.sessions_of(self.user)

    def sessions_of(self, name):
        self.send(200, [self.told(key, name) for key, user in self.recorder.sessions.items() if user == name])

    def end_session(self, identity):
        mine = [key for key, user in self.recorder.sessions.items() if key[:8] == identity and user == self.user]
        if not mine:
            raise Refusal(404, "There is no such session of yours.")
        self.note("session-ended", self.user)
        del self.recorder.sessions[mine[0]]
        self.send(204)

    def end_sessions(self):
        self.end_sessions_of(self.user)

    def end_sessions_of(self, name):
        self.note("session-ended", name)
        for key in [key for key, user in self.recorder.sessions.items() if user == name]:
            del self.recorder.sessions[key]
        self.recorder.change()
        self.send(204)

    def audit(self):
        before = int(self.query.get("before", 1 << 60))
        limit = int(self.query.get("limit", 100))
        found = [entry for entry in reversed(self.recorder.audit) if entry["id"] < before]
        self.send(200, {"entries": found[:limit], "more": len(found) > limit})

    def log(self):
        levels = ["error", "warning", "notice", "info"]
        asked = levels[:levels.index(self.query["level"]) + 1] if "level" in self.query else levels
        after = int(self.query.get("after", 0))
        self.send(200, {"entries": [entry for entry in self.recorder.log if entry["id"] > after and entry["level"] in asked]})

    # Movement and copies

    def movement(self, name):
        camera = self.camera(name)
        self.send(200, camera.movement(*self.span(), max(1, int(float(self.query.get("step", 1))))))

    def next_movement(self, name):
        camera = self.camera(name)
        backwards = "before" in self.query
        at = camera.next_movement(self.moment("before" if backwards else "after"), backwards)
        if at is None:
            raise Refusal(404, f"There is no {'earlier' if backwards else 'later'} movement within 7 days.")
        self.send(200, {"at": instant(at)})

    def snapshot(self, name):
        camera = self.camera(name)
        at = self.moment("at") if "at" in self.query else time.time() - 1.5
        k = camera.index(at)
        if not camera.has(k):
            raise Refusal(404, "There is no footage at this time.")
        second = str(max(0, int(min(at - camera.start(k), camera.reach(k) - 1))))
        made = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-ss", second, "-i", camera.movie(k).path, "-frames:v", "1", "-vf", f"scale={int(self.query.get('width', 640))}:-2", "-f", "mjpeg", "-"], capture_output=True, check=True)
        self.send(200, made.stdout, "image/jpeg")

    def clips(self):
        start, end = self.span()
        content, lines = io.BytesIO(), []
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
            for name in self.queries["camera"]:
                camera = self.camera(name)
                k = next(camera.between(start, end), None)
                if k is None:
                    lines.append(f"{name}: nothing in this span")
                    continue
                data = camera.movie(k).data
                archive.writestr(f"{name}.mp4", data)
                lines.append(f"{name}.mp4: {instant(start)} to {instant(end)}, sha256 {hashlib.sha256(data).hexdigest()}")
            archive.writestr("README.txt", "\n".join(lines) + "\n")
        self.note("export", f"{', '.join(self.queries['camera'])} {instant(start)} … {instant(end)}")
        self.deliver(content.getvalue(), "application/zip", "footage.zip")
