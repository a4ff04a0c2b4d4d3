# SPDX-License-Identifier: Apache-2.0
"""Serves the page with the API that it is written against, from footage that ffmpeg makes. For the page's development and tests.

  python3 mock_server.py [--port 8090] [--state first-run|closed] [--directory DIR] [--cameras N] [--gaps N] [--role camera]

People: anna (admin), otto (operator), vera (viewer); the password of each is `correct horse`. `POST /mock/…` makes trouble.
"""

import argparse
import json
import mimetypes
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlparse

from administration import Administration
from footage import LENGTH, Camera, encode, instant
from refusal import Refusal
from settings import Settings

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "page")
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; "
          "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
RANK = ["viewer", "operator", "admin"]
PASSWORD = "correct horse"
HOUR, DAY = 3600, 86400
LIVE = ("exec gst-launch-1.0 -q videotestsrc is-live=true pattern=smpte horizontal-speed=3 ! video/x-raw,width=640,height=360,framerate=15/1 ! "
        "x264enc tune=zerolatency speed-preset=ultrafast bitrate=800 key-int-max=15 bframes=0 ! video/x-h264,profile=baseline ! h264parse ! "
        "mp4mux fragment-duration=100 streamable=true ! fdsink fd=1 sync=false")


LOG = [
    {"level": "notice", "text": "Martlet 0.1.0 runs as a store"},
    {"level": "info", "camera": "front-door", "text": "Video comes: H.264, 640 × 360"},
    {"level": "warning", "camera": "till", "text": "No frames for 3 s; trying again in 1 s"},
    {"level": "notice", "camera": "till", "text": "Frames flow again after 5 s"},
    {"level": "error", "camera": "front-door", "text": "Writing to the disk failed: no space left on device"},
]


class Recorder:
    """Everything that the API tells of."""

    def __init__(self, arguments):
        movies = encode(arguments.directory)
        now = time.time()
        grid = lambda at: at // LENGTH * LENGTH
        begin = grid(now - 3 * DAY)
        back = lambda seconds: grid(now - seconds)
        gaps = [
            (back(2 * DAY), back(2 * DAY - 1335), "power", "The supply failed; the camera was off."),
            (back(DAY), back(DAY - 7200), "stopped"),
            (back(5 * HOUR), back(5 * HOUR - 420), "network", "No route to the camera."),
            (back(600), back(480), "disk"),
        ]
        if arguments.gaps:
            begin = grid(now - 30 * DAY)
            step = 30 * DAY / arguments.gaps
            reasons = ["network", "camera", "power", "disk"]
            gaps = [(grid(begin + (i + 0.5) * step), grid(begin + (i + 0.5) * step) + LENGTH, reasons[i % 4]) for i in range(arguments.gaps - 5)]
        names = ["front-door", "till", "street", "dock", "stockroom", "cage-1", "cage-2", "bench", "corridor", "gate"][:arguments.cameras]
        self.cameras = {}
        for number, name in enumerate(names, 1):
            first = number == 1
            self.cameras[name] = Camera(
                number, name, movies, begin if first else grid(now - 2 * DAY - number * HOUR), gaps=gaps if first else gaps[1:3],
                protected=[(back(6 * HOUR), back(5.5 * HOUR))] if first and not arguments.gaps else [],
                unsynchronised=[(back(2 * DAY - 1335), back(2 * DAY - 2400))] if first and not arguments.gaps else [])
        self.users = {} if arguments.state else {"anna": "admin", "otto": "operator", "vera": "viewer"}
        self.passwords = {name: PASSWORD for name in self.users}
        self.closed = arguments.state == "closed"
        self.role = arguments.role
        self.settings = Settings(names, arguments.role)
        self.fixed_recording = None
        self.missing = []
        self.audit = []
        self.seen = {}
        self.log = [{"id": number, "time": instant(now - 4000 + 300 * number), **entry} for number, entry in enumerate(LOG, 1)]
        self.tokens = {"7f3a": {"camera": names[0], "rights": "read"}}
        self.sessions = {}
        self.since = now
        self.silent = False
        self.held = False
        self.delivered = 0
        self.faults = {}
        self.whep = "missing"
        self.rejected = []
        self.requests = []
        self.streams = 0
        self.changed = threading.Condition()

    def status(self):
        now = time.time()
        cameras, troubles = [], []
        for camera in self.cameras.values():
            fault = self.faults.get(camera.name)
            newest = camera.index(now)
            entry = {
                "name": camera.name, "source": "receiver", "state": "running", "seconds": now - self.since, "faults": 1 if fault else 0,
                "format": {"codec": "h264", "width": 640, "height": 360}, "fps": 15.0, "bitrate": 1.2e6, "frames": int((now - self.since) * 15),
                "last-frame": instant(now), "last-keyframe": instant(int(now)),
                "recording": {"enabled": True, "chunk": camera.chunk(newest)["file"], "finished": newest, "queued": 0, "oldest": instant(camera.begin)} if camera.recording else {"enabled": False},
                "viewers": {"count": self.streams, "queued": 0, "skipped": 0},
            }
            if fault == "network":
                entry |= {"state": "backing-off", "seconds": 13.0, "cause": "connection reset by the camera", "next-attempt": 2.0, "last-frame": instant(self.since)}
                troubles.append(f"{camera.name}: no frames for 13 s (connection reset by the camera); trying again in 2 s")
            if fault == "disk" and camera.recording:
                entry["recording"] |= {"trouble": "no space left on the disk"}
                troubles.append(f"{camera.name}: not recorded (no space left on the disk); trying again")
            cameras.append(entry)
        configuration = {"file": "/etc/martlet/config.toml", "state": "current", "since": instant(self.since)}
        if self.rejected:
            configuration |= {"state": "rejected", "mistakes": self.rejected}
            troubles += self.rejected
        return {
            "role": self.role, "version": "0.1.0", "gstreamer": "GStreamer 1.22.0", "process": os.getpid(), "since": instant(self.since), "time": instant(now),
            "well": not troubles, "summary": f"{len(cameras)} cameras, {len(cameras) - len(troubles)} recording", "troubles": troubles,
            "configuration": configuration, "clock": {"synchronised": True}, "rtsp": {"listen": "0.0.0.0:8554", "tls-listen": "0.0.0.0:8322"},
            "access": {"open": bool(self.users), "directory": "/var/lib/martlet/access"},
            "recording": {"directory": "/var/lib/martlet/store", "open": True, "used": 41_200_000_000, "free": 350_000_000_000, "oldest": instant(min(c.begin for c in self.cameras.values()))},
            "health": {
                "uptime": now - self.since + 200_000, "load": 0.42, "memory": {"total": 4_100_000_000, "available": 2_900_000_000}, "temperature": 48.2,
                "throttled": {"now": False, "since-boot": True}, "under-voltage": {"now": False, "since-boot": False}, "wifi": {"interface": "wlan0", "signal": -61},
            },
            "resources": {"memory": 61_000_000, "threads": 24, "descriptors": 61}, "cameras": cameras,
        }

    def find(self, identity):
        for camera in self.cameras.values():
            if identity // 1_000_000 == camera.number and camera.has(identity % 1_000_000):
                return camera, identity % 1_000_000
        raise Refusal(404, f"There is no chunk {identity}.")

    def change(self):
        with self.changed:
            self.changed.notify_all()


def moment(text):
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except (AttributeError, ValueError):
        raise Refusal(400, f"{text!r} is not a time such as 2026-11-21T10:20:00.000Z.")


class Handler(Administration, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorder: Recorder

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def do_PATCH(self):
        self.answer("PATCH")

    def do_DELETE(self):
        self.answer("DELETE")

    def answer(self, method):
        url = urlparse(self.path)
        self.queries = parse_qs(url.query)
        self.query = {name: values[0] for name, values in self.queries.items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        recorder = self.recorder
        try:
            if url.path.startswith("/mock/"):
                return self.mock(url.path[6:])
            if recorder.silent:
                self.close_connection = True
                return self.connection.close()
            if not url.path.startswith("/api/v1/"):
                return self.page(url.path)
            recorder.requests.append((method, self.path))
            for verb, pattern, role, handler in ROUTES:
                match = re.fullmatch(pattern, url.path[7:])
                if verb == method and match and not any(re.search(each, url.path) for each in recorder.missing):
                    self.allow(role)
                    return handler(self, *map(unquote, match.groups()))
            raise Refusal(404, "There is nothing here.")
        except Refusal as refusal:
            self.send(refusal.status, {"title": "Refused", "status": refusal.status, "detail": refusal.detail, **refusal.document}, "application/problem+json", refusal.headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def allow(self, role):
        if self.command != "GET" and self.headers.get("Content-Type") not in ("application/json", "application/sdp"):
            raise Refusal(415, "Changes come as application/json.")
        if role is None:
            return
        if self.user is None:
            raise Refusal(401, "Log in first.")
        if RANK.index(self.recorder.users[self.user]) < RANK.index(role):
            raise Refusal(403, f"This takes an {role}.")

    @property
    def key(self):
        match = re.search(r"session=(\w+)", self.headers.get("Cookie") or "")
        return match and match[1]

    @property
    def user(self):
        return self.recorder.sessions.get(self.key)

    def json(self):
        return json.loads(self.body or b"{}")

    def send(self, status, content=None, kind="application/json", headers=None):
        data = b"" if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
        for name, value in {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def page(self, path):
        file = os.path.normpath(os.path.join(PAGE, path.lstrip("/") or "index.html"))
        if path.startswith("/tests/"):
            file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "unit", os.path.basename(path))
        if not os.path.isfile(file):
            raise Refusal(404, "There is nothing here.")
        with open(file, "rb") as source:
            self.send(200, source.read(), mimetypes.guess_type(file)[0] or "application/octet-stream", {"Cache-Control": "no-cache"})

    def mock(self, what):
        recorder = self.recorder
        body = self.json()
        if what == "requests":
            requests, recorder.requests = recorder.requests, []
            return self.send(200, requests)
        if what == "streams":
            return self.send(200, recorder.streams)
        if what == "expire":
            recorder.sessions.clear()
        else:
            setattr(recorder, what, body)
        recorder.change()
        self.send(204)

    # What the routes do

    def session(self):
        recorder = self.recorder
        if not recorder.users:
            return {"state": "closed" if recorder.closed else "first-run"}
        return {"state": "logged-in", "user": self.user, "role": recorder.users[self.user]} if self.user else {"state": "logged-out"}

    def log_in(self):
        recorder, asked = self.recorder, self.json()
        name = asked.get("username")
        if name == "crowd":
            raise Refusal(429, "Too many tries.", {"Retry-After": "60"})
        if recorder.passwords.get(name) != asked.get("password") or name not in recorder.users:
            self.note("login-refused", user=name)
            raise Refusal(401, "Name and password do not match.")
        self.enter(200, name)

    def first_run(self):
        recorder, asked = self.recorder, self.json()
        if len(asked["password"]) < 8:
            raise Refusal(422, "The password is too short: eight characters at least.")
        recorder.users[asked["username"]] = "admin"
        recorder.passwords[asked["username"]] = asked["password"]
        self.enter(201, asked["username"])

    def enter(self, status, name):
        key = secrets.token_hex(16)
        self.recorder.sessions[key] = name
        self.recorder.seen[key] = {"since": instant(time.time()), "agent": self.headers.get("User-Agent", "")}
        self.note("login", user=name)
        content = {"state": "logged-in", "user": name, "role": self.recorder.users[name]}
        self.send(status, content, headers={"Set-Cookie": f"session={key}; HttpOnly; SameSite=Strict; Path=/"})

    def log_out(self):
        recorder = self.recorder
        recorder.sessions = {key: name for key, name in recorder.sessions.items() if name != self.user}
        self.send(204)

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.close_connection = True
        while self.user and not self.recorder.silent:
            self.wfile.write(f"event: status\ndata: {json.dumps(self.recorder.status())}\n\n".encode())
            self.wfile.flush()
            with self.recorder.changed:
                self.recorder.changed.wait(2)

    def camera(self, name):
        if name not in self.recorder.cameras:
            raise Refusal(404, f"There is no camera {name!r}.")
        return self.recorder.cameras[name]

    def moment(self, name):
        return moment(self.query.get(name))

    def span(self):
        return moment(self.query.get("from", "1970-01-01T00:00:00Z")), moment(self.query.get("to", "2100-01-01T00:00:00Z"))

    def timeline(self, name):
        self.send(200, self.camera(name).timeline(*self.span()))

    def chunks(self, name):
        camera = self.camera(name)
        start, end = self.span()
        limit = int(self.query.get("limit", 200))
        found = [k for k in camera.between(start, end) if k > int(self.query.get("cursor", -1))]
        answer = {"chunks": [camera.chunk(k) for k in found[:limit]]}
        if len(found) > limit:
            answer["cursor"] = str(found[limit - 1])
        self.send(200, answer)

    def media(self, name):
        camera = self.camera(name)
        self.send(200, {"pieces": [camera.piece(k) for k in camera.between(*self.span())]})

    def initialisation(self, identity):
        camera, k = self.recorder.find(int(identity))
        self.send(200, camera.movie(k).initialisation(), "video/mp4", {"Cache-Control": "private, max-age=31536000, immutable"})

    def segment(self, identity):
        camera, k = self.recorder.find(int(identity))
        data = camera.movie(k).segment(float(self.query["from"]), float(self.query["to"]), camera.reach(k), self.query.get("keyframes") == "true")
        if data is None:
            return self.send(204)
        self.send(200, data, "video/mp4", {} if camera.is_open(k) else {"Cache-Control": "private, max-age=31536000, immutable"})

    def change_chunk(self, identity):
        camera, k = self.recorder.find(int(identity))
        protect = self.json()["protected"]
        (camera.protected.add if protect else camera.protected.discard)(k)
        self.note("protect" if protect else "release", camera.chunk(k)["file"])
        self.send(200, camera.chunk(k))

    def remove_chunk(self, identity):
        camera, k = self.recorder.find(int(identity))
        camera.removed.add(k)
        self.note("remove", camera.chunk(k)["file"])
        self.send(204)

    def chunk_media(self, identity):
        camera, k = self.recorder.find(int(identity))
        self.send(200, camera.movie(k).data, "video/mp4", {"Content-Disposition": f'attachment; filename="{camera.name}.mp4"'})

    def clip(self, name):
        camera = self.camera(name)
        k = next(camera.between(*self.span()), None)
        if k is None:
            raise Refusal(404, "There is no footage in this span.")
        self.note("export", f"{name} {self.query['from']} … {self.query['to']}")
        self.deliver(camera.movie(k).data, "video/mp4", f"{name}.mp4")

    def deliver(self, data, kind, file):
        """A file in parts, as slowly as the mock was told to."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Disposition", f'attachment; filename="{file}"')
        self.end_headers()
        for at in range(0, len(data), 65536):
            self.wfile.write(data[at:at + 65536])
            while self.recorder.held:
                with self.recorder.changed:
                    self.recorder.changed.wait(0.2)
        self.recorder.delivered += 1

    def live(self, name):
        self.camera(name)
        if self.recorder.faults.get(name) == "network":
            raise Refusal(503, f"{name} sends nothing now.")
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Martlet-Mime", 'video/mp4; codecs="avc1.42c01e"')
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        process = subprocess.Popen(LIVE, shell=True, stdout=subprocess.PIPE, bufsize=0)
        self.recorder.streams += 1
        try:
            while self.user and not self.recorder.silent and self.recorder.faults.get(name) != "network":
                data = process.stdout.read(1 << 16)
                if not data:
                    break
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        finally:
            self.recorder.streams -= 1
            process.kill()
            process.wait()

    def whep(self, name):
        if self.recorder.whep == "missing":
            raise Refusal(404, "There is no WebRTC here.")
        time.sleep(10)
        raise Refusal(503, "It took too long.")

    def storage(self):
        cameras = [{"camera": c.name, "used": 12_345_678_901 // c.number, "oldest": instant(c.begin), "rate": 150_000} for c in self.recorder.cameras.values()]
        used = sum(camera["used"] for camera in cameras)
        self.send(200, {"directory": "/var/lib/martlet/store", "used": used, "max-space": 60_000_000_000, "free": 80_000_000_000, "oldest": min(c["oldest"] for c in cameras), "cameras": cameras})

    def users(self):
        self.send(200, [{"name": name, "role": role, "since": instant(self.recorder.since)} for name, role in self.recorder.users.items()])

    def add_user(self):
        asked = self.json()
        if asked["name"] in self.recorder.users:
            raise Refusal(409, f"There is a user {asked['name']!r} already.")
        if len(asked["password"]) < 8:
            raise Refusal(422, "The password is too short: eight characters at least.")
        self.recorder.users[asked["name"]] = asked["role"]
        self.recorder.passwords[asked["name"]] = asked["password"]
        self.send(201, {"name": asked["name"], "role": asked["role"], "since": instant(time.time())})

    def change_user(self, name):
        asked = self.json()
        if "role" in asked:
            self.recorder.users[name] = asked["role"]
        if "password" in asked:
            self.recorder.passwords[name] = asked["password"]
        self.send(200, {"name": name, "role": self.recorder.users[name]})

    def remove_user(self, name):
        del self.recorder.users[name]
        self.recorder.sessions = {key: user for key, user in self.recorder.sessions.items() if user != name}
        self.send(204)

    def tokens(self):
        self.send(200, [{"id": key, **token, "since": instant(self.recorder.since)} for key, token in self.recorder.tokens.items()])

    def add_token(self):
        asked = self.json()
        self.recorder.tokens[secrets.token_hex(2)] = {"camera": asked["camera"], "rights": asked["rights"]}
        self.send(201, {"token": "martlet_" + secrets.token_urlsafe(24)})

    def remove_token(self, key):
        self.recorder.tokens.pop(key, None)
        self.send(204)


NAME = r"/cameras/([^/]+)"
ROUTES = [
    ("GET", "/session", None, lambda h: h.send(200, h.session())),
    ("POST", "/session", None, Handler.log_in),
    ("DELETE", "/session", None, Handler.log_out),
    ("POST", "/first-run", None, Handler.first_run),
    ("GET", "/status", "viewer", lambda h: h.send(200, h.recorder.status())),
    ("GET", "/events", "viewer", Handler.events),
    ("GET", NAME + "/timeline", "viewer", Handler.timeline),
    ("GET", NAME + "/chunks", "viewer", Handler.chunks),
    ("GET", NAME + "/media", "viewer", Handler.media),
    ("GET", NAME + "/clip", "operator", Handler.clip),
    ("GET", NAME + r"/live\.mp4", "viewer", Handler.live),
    ("POST", NAME + "/whep", "viewer", Handler.whep),
    ("PATCH", r"/chunks/(\d+)", "operator", Handler.change_chunk),
    ("DELETE", r"/chunks/(\d+)", "operator", Handler.remove_chunk),
    ("GET", r"/chunks/(\d+)/media", "operator", Handler.chunk_media),
    ("GET", r"/chunks/(\d+)/init\.mp4", "viewer", Handler.initialisation),
    ("GET", r"/chunks/(\d+)/segment\.mp4", "viewer", Handler.segment),
    ("GET", "/cameras", "viewer", lambda h: h.send(200, {"cameras": h.recorder.status()["cameras"]})),
    ("GET", NAME, "viewer", Handler.one_camera),
    ("PATCH", NAME, "operator", Handler.switch_recording),
    ("GET", NAME + "/movement", "viewer", Handler.movement),
    ("GET", NAME + "/movement/next", "viewer", Handler.next_movement),
    ("GET", NAME + "/snapshot", "viewer", Handler.snapshot),
    ("GET", "/clips", "operator", Handler.clips),
    ("GET", "/settings", "admin", Handler.settings),
    ("PATCH", "/settings", "admin", Handler.change_settings),
    ("GET", "/sessions", "viewer", Handler.sessions),
    ("DELETE", "/sessions", "viewer", Handler.end_sessions),
    ("DELETE", "/sessions/([^/]+)", "viewer", Handler.end_session),
    ("GET", "/users/([^/]+)/sessions", "admin", Handler.sessions_of),
    ("DELETE", "/users/([^/]+)/sessions", "admin", Handler.end_sessions_of),
    ("GET", "/audit", "admin", Handler.audit),
    ("GET", "/log", "operator", Handler.log),
    ("GET", "/storage", "viewer", Handler.storage),
    ("GET", "/users", "admin", Handler.users),
    ("POST", "/users", "admin", Handler.add_user),
    ("PATCH", "/users/([^/]+)", "admin", Handler.change_user),
    ("DELETE", "/users/([^/]+)", "admin", Handler.remove_user),
    ("GET", "/tokens", "admin", Handler.tokens),
    ("POST", "/tokens", "admin", Handler.add_token),
    ("DELETE", "/tokens/([^/]+)", "admin", Handler.remove_token),
]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, address)


def serve(*arguments):
    """A server on a port of its own, in the background. @returns it; `server_port` says where."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", choices=["first-run", "closed"])
    parser.add_argument("--directory", default=os.path.join(tempfile.gettempdir(), "martlet-page-movement"))
    parser.add_argument("--cameras", type=int, default=3)
    parser.add_argument("--role", choices=["store", "camera"], default="store")
    parser.add_argument("--gaps", type=int, default=0)
    options = parser.parse_args(arguments)
    os.makedirs(options.directory, exist_ok=True)
    server = Server(("127.0.0.1", options.port), type("MockHandler", (Handler,), {"recorder": Recorder(options)}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    running = serve(*(sys.argv[1:] or ["--port", "8090"]))
    print(f"http://127.0.0.1:{running.server_port}/", flush=True)
    threading.Event().wait()
