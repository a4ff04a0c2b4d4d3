# SPDX-License-Identifier: Apache-2.0
"""A recorder's settings for the mock: what may be set, what a file fixes, and what is written to the page's own drop-in."""

import re

MAIN = "/etc/martlet/config.toml"
OWN = "/etc/martlet/config.d/page.toml"
UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "days": 86400, "MB": 1e6, "GB": 1e9, "TB": 1e12}

#: key, type, limits, choices, what it is, default, what an Apply restarts
STORE = [
    ("store.recording.enabled", "boolean", None, None, "Whether to record at all.", True, "recording"),
    ("store.recording.directory", "path", "absolute", None, "Where the chunks are.", "/var/lib/martlet/store", "service"),
    ("store.recording.chunk-duration", "duration", "10 s … 60 min", None, "How long a chunk is.", "10 min", "recording"),
    ("store.recording.max-space", "size", "10 MB … 1000 TB", None, "Hard limit to the directory.", "none", "nothing"),
    ("store.recording.max-age", "duration", "1 min … 36500 days", None, "Older chunks are removed.", "none", "nothing"),
    ("store.web.listen", "address", "host and port, 1 … 65535", None, "Serves http:// here.", "0.0.0.0:8080", "service"),
    ("access.session-duration", "duration", "1 min … 3650 days", None, "How long a login lasts.", "30 days", "nothing"),
]
DEVICE = [
    ("camera.framerate", "whole number", "1 … 120", None, "Frames a second.", 30, "stream"),
    ("camera.bitrate", "rate", "100 kbit/s … 100 Mbit/s", None, "What the encoder aims at.", "4 Mbit/s", "stream"),
    ("camera.rotation", "`0` or `180`", None, None, "Degrees by which the picture is turned.", 0, "stream"),
    ("camera.recording.enabled", "`true` or `false`", None, None, "Whether to record at all.", True, "recording"),
    ("camera.recording.chunk-duration", "duration", "10 s … 60 min", None, "How long a chunk is.", "10 min", "recording"),
    ("access.session-duration", "duration", "1 min … 3650 days", None, "How long a login lasts.", "30 days", "nothing"),
]
CAMERA = [
    ("url", "URL", "rtsp, rtsps", None, "Where to fetch the camera's video.", None, "stream"),
    ("transport", "name", None, ["tcp", "udp"], "How the video comes.", "tcp", "stream"),
    ("record", "boolean", None, None, "Whether to record this camera.", True, "recording"),
    ("max-space", "size", "10 MB … 1000 TB", None, "Hard limit to this camera in `recording.directory`.", "none", "nothing"),
]


def amount(text):
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", text)
    return float(match[1]) * UNITS[match[2]] if match and match[2] in UNITS else None


class Settings:
    def __init__(self, cameras, role="store"):
        self.page = {}
        self.rows = {row[0]: row for row in (STORE if role == "store" else DEVICE)}
        self.fixed = {}
        if role != "store":
            return
        self.fixed = {"store.recording.directory": ("/srv/footage", 12), "store.recording.max-space": ("60 GB", 14)}
        for number, name in enumerate(cameras):
            for key, *rest in CAMERA:
                self.rows[f"cameras.{name}.{key}"] = (f"cameras.{name}.{key}", *rest)
            self.fixed[f"cameras.{name}.url"] = (f"rtsps://{name}.local:8322/{name}", 20 + 4 * number)

    def value(self, key):
        return self.fixed[key][0] if key in self.fixed else self.page.get(key, self.rows[key][5])

    def document(self, mistakes=()):
        rows = []
        for key, kind, limits, choices, summary, default, restarts in self.rows.values():
            source = "file" if key in self.fixed else "page" if key in self.page else "default"
            row = {"key": key, "type": kind, "limits": limits, "choices": choices, "summary": summary, "value": self.value(key), "default": default, "source": source, "restarts": restarts}
            if source == "file":
                row |= {"file": MAIN, "line": self.fixed[key][1]}
            rows.append({name: value for name, value in row.items() if value is not None})
        return {"settings": rows, "file": OWN, "mistakes": list(mistakes)}

    def mistake(self, key, value):
        """Why a value will not do, or None."""
        _, kind, limits, choices, *_ = self.rows[key]
        if value is None or value == "none":
            return None
        if choices:
            return None if value in choices else f"expected {' or '.join(choices)}, not {value!r}"
        if kind == "boolean":
            return None if isinstance(value, bool) else f"expected true or false, not {value!r}"
        if kind == "whole number":
            return None if isinstance(value, int) else f"expected a whole number, not {value!r}"
        if kind in ("duration", "size"):
            low, high = (amount(each) for each in limits.split(" … "))
            found = amount(str(value))
            if found is None:
                return f"expected a {kind} such as \"10 {'min' if kind == 'duration' else 'GB'}\", not {value!r}"
            if not low <= found <= high:
                return f"{value} is not within {limits}"
        return None

    def apply(self, changes):
        """Takes all or nothing. @returns the mistakes."""
        mistakes = [{"file": OWN, "line": 1, "column": 1, "key": key, "message": self.mistake(key, value), "hint": f"limits: {self.rows[key][2]}"} for key, value in changes.items() if self.mistake(key, value)]
        if not mistakes:
            for key, value in changes.items():
                if value is None:
                    self.page.pop(key, None)
                else:
                    self.page[key] = value
        return mistakes
