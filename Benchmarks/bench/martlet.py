# SPDX-License-Identifier: Apache-2.0
"""Martlet's daemons with a configuration of their own, in which all is off that is not asked for."""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from . import processes
from .context import REPOSITORY, Trouble

PASSWORD = "correct-horse-battery"
_given = set()


def free_port():
    """A port of 127.0.0.1 that nobody has, and that the system gives to no outgoing connection meanwhile."""
    while True:
        port = random.randrange(20_000, 30_000, 2)
        if port in _given:
            continue
        with socket.socket() as probe:
            # As servers do: what a former one's connections leave behind is no reason to refuse.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def toml(tables):
    """A configuration's text, of its tables by their names; `None` leaves a key out."""
    text = ""
    for name, table in tables.items():
        text += f"[{name}]\n"
        for key, value in table.items():
            if value is not None:
                text += f"{key} = {json.dumps(str(value) if isinstance(value, pathlib.Path) else value)}\n"
    return text


def install(martlet, folder, descriptions):
    """The command with Martlet's own pipelines beside it, where it looks for them, and with others: text by name.

    A name is such as `capture/replay`. Returns the command's path.
    """
    shutil.copytree(REPOSITORY / "pipelines", folder / "pipelines")
    for name, text in descriptions.items():
        (folder / "pipelines" / f"{name}.gst").write_text(text)
    (folder / "bin").mkdir()
    return pathlib.Path(shutil.copy2(martlet, folder / "bin" / "martlet"))


class Service(processes.Daemon):
    """A camera or a store.

    Everything of it is in `home`: config.toml, its footage in `footage`, `access`, its log. `tables` are laid over
    what is said here, key by key. `rtsp` and `web` are the ports that it listens on; `web` is `None` unless it is
    asked for.
    """

    def __init__(self, martlet, role, home, tables, web=False):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.role, self.footage = role, self.home / "footage"
        self.rtsp = free_port()
        self.web = free_port() if web else None
        self.tables = {
            role: {},
            f"{role}.recording": {"directory": self.footage, "min-free": "1 MB"},
            f"{role}.rtsp": {"listen": f"127.0.0.1:{self.rtsp}", "tls-listen": "none"},
            f"{role}.web": {"listen": f"127.0.0.1:{self.web}" if web else "none", "tls-listen": "none"},
            "access": {"directory": self.home / "access"},
        }
        for name, table in tables.items():
            self.tables.setdefault(name, {}).update(table)
        self.file = self.home / "config.toml"
        self.configure()
        self._cookie = None
        # Its socket is its own too: several daemons of one role run at a time.
        super().__init__(
            [martlet, role, "--config", self.file], self.home / "log", environment={"XDG_RUNTIME_DIR": str(self.home)}
        )

    def configure(self):
        """Writes the configuration as `tables` say now."""
        self.file.write_text(toml(self.tables))

    def martlet(self, *arguments):
        """Another of Martlet's commands with this configuration; what it printed."""
        command = [self.command[0], *arguments, "--config", self.file]
        return processes.run(command, env={**os.environ, **self.environment})

    def status(self):
        """What `martlet status --json` says, whether all is well or not."""
        command = [self.command[0], "status", "--json", "--config", self.file]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **self.environment})
        if done.returncode > 1:
            raise Trouble(f"{self.name}: no status: {done.stderr}")
        return json.loads(done.stdout)

    def url(self, camera):
        return f"rtsp://127.0.0.1:{self.rtsp}/{camera}"

    def address(self, path=""):
        """A URL of its web service."""
        return f"http://127.0.0.1:{self.web}{path}"

    def add_user(self, name="anna", role="operator"):
        """Somebody who may log in; before it is started."""
        password = self.home / "password"
        password.write_text(PASSWORD + "\n")
        self.martlet("user", "add", name, "--role", role, "--password-file", password)

    def wait_for_web(self):
        """Returns once the web service answers."""

        def answers():
            self.must_run()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.web)) == 0

        processes.until(answers, f"{self.name}: the web service", 30, 0.01)

    def log_in(self, name="anna"):
        """The cookie of a new session."""
        self.wait_for_web()
        request = urllib.request.Request(
            self.address("/api/v1/session"),
            json.dumps({"username": name, "password": PASSWORD}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers["Set-Cookie"].split(";")[0]

    def ask(self, path, cookie=None):
        """What the HTTP API answers, below /api/v1."""
        headers = {"Cookie": cookie} if cookie else {}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.address(f"/api/v1{path}"), headers=headers), timeout=30
            ) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Trouble(f"{path}: {error.code} {error.read().decode(errors='replace')}") from None

    def chunks(self, pattern="*.mp4"):
        """The files of its footage, in order."""
        return sorted(self.footage.rglob(pattern))

    def stop(self, by=signal.SIGTERM, seconds=30, expected=(0,)):
        super().stop(by, seconds, expected)


def camera(martlet, home, name="bench", source="test", web=False, recording=True, camera=None, tables=None):
    """A camera; `camera` are keys of `[camera]`, `tables` other ones."""
    own = {
        "camera": {"name": name, "source": source, **(camera or {})},
        "camera.recording": {"enabled": recording},
    }
    return Service(martlet, "camera", home, _merged(own, tables), web)


def store(martlet, home, cameras=None, web=False, recording=None, tables=None):
    """A store; `cameras` are URLs, or whole tables, by name; `recording` are keys of `[store.recording]`."""
    own = {"store.recording": recording or {}}
    for name, given in (cameras or {}).items():
        own[f"cameras.{name}"] = given if isinstance(given, dict) else {"url": given}
    return Service(martlet, "store", home, _merged(own, tables), web)


def _merged(tables, others):
    for name, table in (others or {}).items():
        tables.setdefault(name, {}).update(table)
    return tables
