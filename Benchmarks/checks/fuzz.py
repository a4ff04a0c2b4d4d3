#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damaged RTSP conversations against a camera and the store that records it, plain and encrypted.

What is damaged are real conversations: playing over TCP and UDP, logging in by Digest and Basic, publishing, interleaved
packets, RTSP within HTTP. Bits flip, ends are missing, lines come twice or in another order, lengths lie. Some come with a
right password, most without. Meanwhile somebody honest looks in at the store every few seconds.

Reports, and fails for: a daemon that ended, a sanitizer's or GLib's complaint, threads, descriptors or viewers that are
still there once all has settled, an honest viewer without a picture, a frame that a recording lost. Each conversation is
made from the seed and its number alone: `--seed S --only N` does one of them again.
"""
import argparse
import atexit
import base64
import collections
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

PORTS = {}
USER, PASSWORD = "anna", "correct-horse-battery"
COMPLAINTS = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|CRITICAL|assertion|Fatal error|==\d+== (Invalid|Conditional|Use of)")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", required=True, type=os.path.abspath, help="the release build's command")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--connections", type=int, default=12, help="at a time")
    parser.add_argument("--port", type=int, default=18571, help="the first of four")
    parser.add_argument("--seed", type=int, default=None, help="the same conversations again")
    parser.add_argument("--only", type=int, default=None, help="one conversation, by its number")
    parser.add_argument("--under", default="", help="what runs the store, such as valgrind with its options; the camera encodes, which takes too long in that")
    parser.add_argument("--patience", type=float, default=10, help="seconds in which somebody honest must have a picture")
    return parser.parse_args()


class Daemons:
    def __init__(self, options, folder):
        self.folder, self.martlet, self.processes = folder, options.martlet, {}
        for role, text in (
            ("camera", f'[camera]\nname = "door"\nsource = "test"\nwidth = 320\nheight = 240\nbitrate = "1 Mbit/s"\n'),
            ("store", f'[cameras.door]\nurl = "rtsp://127.0.0.1:{PORTS["camera"][0]}/door"\ntoken-file = "{folder}/token"\n'),
        ):
            plain, encrypted = PORTS[role]
            self.configuration(role).write_text(
                f'{text}[{role}.recording]\ndirectory = "{folder}/{role}"\nchunk-duration = "1 min"\n'
                f'[{role}.rtsp]\nlisten = "127.0.0.1:{plain}"\ntls-listen = "127.0.0.1:{encrypted}"\n'
                f'[{role}.web]\nlisten = "none"\ntls-listen = "none"\n'
                f'[access]\ndirectory = "{folder}/access-{role}"\n'
            )
        # Where the daemons can be asked: in a folder that nobody else clears up.
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        (folder / "password").write_text(PASSWORD + "\n")
        self.tokens = {}
        for role in PORTS:
            self.command(role, "user", "add", USER, "--password-file", folder / "password")
            self.tokens[role] = self.command(role, "token", "issue", "door", "--rights", "both").strip()
        (folder / "token").write_text(self.tokens["camera"] + "\n")
        for role in PORTS:
            self.processes[role] = subprocess.Popen(
                [*(shlex.split(options.under) if role == "store" else []), self.martlet, role]
                + ["--config", self.configuration(role)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(folder / f"{role}.log", "w"),
            )
            atexit.register(self.processes[role].kill)
        deadline = time.monotonic() + 300
        while not all(self.states()):
            if time.monotonic() > deadline or self.ended():
                sys.exit("they do not start:\n" + "".join(self.log(role) for role in PORTS))
            time.sleep(0.2)

    def configuration(self, role):
        return self.folder / f"{role}.toml"

    def log(self, role):
        return (self.folder / f"{role}.log").read_text(errors="replace")

    def command(self, role, *words):
        command = [self.martlet, *words, "--config", self.configuration(role)]
        return subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout

    def status(self, role):
        result = subprocess.run(
            [self.martlet, "status", "--json", "--config", self.configuration(role)], capture_output=True, text=True
        )
        return json.loads(result.stdout) if result.stdout.startswith("{") else None

    def states(self):
        for role in PORTS:
            status = self.status(role)
            cameras = status["cameras"] if status else []
            yield any(camera["recording"].get("chunk") for camera in cameras)

    def ended(self):
        return {role: process.returncode for role, process in self.processes.items() if process.poll() is not None}

    def sample(self):
        """Of each: megabytes that are its own, threads, descriptors, viewers."""
        samples = {}
        for role in PORTS:
            status = self.status(role)
            if not status or not status["cameras"]:
                continue
            pid = status["process"]
            lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
            memory = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024
            threads, descriptors = (len(os.listdir(f"/proc/{pid}/{name}")) for name in ("task", "fd"))
            samples[role] = (memory, threads, descriptors, status["cameras"][0]["viewers"]["count"])
        return samples

    def stop(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        return {role: process.wait(timeout=120) for role, process in self.processes.items()}


class Connection:
    """One connection, encrypted or not, on which a reply is what comes within a moment."""

    def __init__(self, port, encrypted, patience=0.5):
        self.patience = patience
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        if encrypted:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def reply(self):
        """The next reply's status and headers, interleaved packets passed over; `None` if none comes."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if self.buffer[:1] == b"$" and len(self.buffer) >= 4:
                length = 4 + int.from_bytes(self.buffer[2:4], "big")
                if len(self.buffer) >= length:
                    self.buffer = self.buffer[length:]
                    continue
            elif (end := self.buffer.find(b"\r\n\r\n")) >= 0:
                lines = self.buffer[:end].decode("latin1").split("\r\n")
                headers = [line.partition(":") for line in lines[1:]]
                headers = [(name.lower(), value.strip()) for name, _, value in headers]
                length = int(dict(headers).get("content-length", 0))
                if len(self.buffer) >= end + 4 + length:
                    self.buffer = self.buffer[end + 4 + length:]
                    return (lines[0].split() + ["0", "0"])[1], headers
            try:
                received = self.socket.recv(65536)
            except (TimeoutError, ssl.SSLError):
                return None
            if not received:
                return None
            self.buffer += received
        return None

    def packets(self, count):
        """Whether so many interleaved packets come in time."""
        while count:
            while len(self.buffer) >= 4 and self.buffer[:1] == b"$":
                length = 4 + int.from_bytes(self.buffer[2:4], "big")
                if len(self.buffer) < length:
                    break
                self.buffer, count = self.buffer[length:], count - 1
            if count > 0:
                received = self.socket.recv(65536)
                if not received:
                    return False
                self.buffer += received
            count = max(count, 0)
        return True

    def close(self):
        self.socket.close()


TCP = "RTP/AVP/TCP;unicast;interleaved=0-1"
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:stream=0\r\n"
RTP = struct.pack(">BBHIIB", 0x80, 96, 1, 0, 1, 0x65) + bytes(40)
RTCP = struct.pack(">BBHI", 0x80, 201, 1, 1)


def interleaved(channel, packet):
    return b"$" + struct.pack(">BH", channel, len(packet)) + packet


# Each step is a method, what is behind the URL, headers, and a body; or bytes as they are.
PLAY = [
    ("OPTIONS", "", {}, b""), ("DESCRIBE", "", {"Accept": "application/sdp"}, b""),
    ("SETUP", "/stream=0", {"Transport": TCP}, b""), ("PLAY", "", {"Range": "npt=0-"}, b""),
    interleaved(1, RTCP), ("GET_PARAMETER", "", {}, b""), ("PAUSE", "", {}, b""), ("PLAY", "", {}, b""),
    ("SET_PARAMETER", "", {"Content-Type": "text/parameters"}, b"volume: 1\r\n"), ("TEARDOWN", "", {}, b""),
]
CONVERSATIONS = {
    "play": PLAY,
    "play over UDP": [
        step if step[0] != "SETUP" else ("SETUP", "/stream=0", {"Transport": "RTP/AVP;unicast;client_port=40010-40011"}, b"")
        for step in PLAY if not isinstance(step, bytes)
    ],
    "set up without a description": [("SETUP", "/stream=0", {"Transport": TCP}, b"") for _ in range(20)] + [("PLAY", "", {}, b"")],
    "publish": [
        ("OPTIONS", "", {}, b""), ("ANNOUNCE", "", {"Content-Type": "application/sdp"}, SDP),
        ("SETUP", "/stream=0", {"Transport": TCP + ";mode=record"}, b""), ("RECORD", "", {"Range": "npt=0-"}, b""),
        *(interleaved(0, RTP) for _ in range(10)), ("TEARDOWN", "", {}, b""),
    ],
    "packets before anything": [interleaved(number, RTP) for number in (0, 1, 7, 255)] + [("OPTIONS", "", {}, b"")],
    "within HTTP": [
        b"GET /door HTTP/1.0\r\nx-sessioncookie: c0ffee\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n",
        b"POST /door HTTP/1.0\r\nx-sessioncookie: c0ffee\r\nContent-Length: 32767\r\n\r\n"
        + base64.b64encode(b"OPTIONS rtsp://127.0.0.1/door RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
    ],
    "pipelined": [
        ("OPTIONS", "", {}, b""), ("SETUP", "/stream=0", {"Transport": TCP, "Pipelined-Requests": "1", "Require": "setup.x"}, b""),
        ("PLAY", "", {"Pipelined-Requests": "1", "Scale": "-1", "Speed": "1e308"}, b""),
    ],
}


def damage(data, chance):
    """What can happen to a message; sometimes several times."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(data) + 1)
        other = chance.randrange(len(data) + 1)
        first, last = min(at, other), max(at, other)
        lines = data.split(b"\r\n")
        kind = chance.randrange(12)
        if kind == 0 and data:
            changed = bytearray(data)
            for _ in range(chance.choice((1, 3, 20))):
                changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            data = bytes(changed)
        elif kind == 1:
            data = data[:at]
        elif kind == 2:
            data = data[:first] + data[first:last] * chance.choice((2, 3, 100)) + data[last:]
        elif kind == 3:
            data = data[:first] + data[last:]
        elif kind == 4:
            chance.shuffle(lines)
            data = b"\r\n".join(lines)
        elif kind == 5:
            line = chance.choice(lines)
            data = data.replace(line, line + chance.choice((b"A", b"/..", b"%00", b"\xff\xfe", b";", b"\0")) * chance.choice((1, 100, 5000, 70000)), 1)
        elif kind == 6:
            data = data.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\n ", b"\r\n\r\n", b"")), chance.choice((1, -1)))
        elif kind == 7:
            data = re.sub(rb"\d+", lambda found: chance.choice((found[0], b"-1", b"0", b"4294967296", b"99999999999999999999", b"1e9", b"")), data)
        elif kind == 8:
            length = chance.choice((0, 1, 40, 65536, 65537, 2**31, 2**63, -1))
            data = data.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % length, 1)
        elif kind == 9:
            data = data[:at] + bytes(chance.randrange(256) for _ in range(chance.choice((1, 10, 1000)))) + data[at:]
        elif kind == 10:
            name = chance.choice((b"Session", b"CSeq", b"Transport", b"Require", b"Authorization", b"Range", b"X"))
            value = chance.choice((b"", b"x" * 5000, b"%s%n", b"\xc3\x28", b"Digest " + b'username="' * 200, b"npt=-", b"Basic ===="))
            data = data.replace(b"\r\n\r\n", (b"\r\n" + name + b": " + value) * chance.choice((1, 2, 500)) + b"\r\n\r\n", 1)
        else:
            path = chance.choice((b"/../../etc/passwd", b"/door/../door", b"/door/stream=99999999999", b"/\xff\xfe", b"//door", b"/door?" + b"a" * 3000, b"*"))
            data = data.replace(b"/door", path, 1)
    return data


class Conversation:
    def __init__(self, seed, number, tokens):
        self.chance = random.Random(f"{seed}/{number}")
        self.role = self.chance.choice(tuple(PORTS))
        self.encrypted = self.chance.random() < 0.4
        self.name = self.chance.choice(tuple(CONVERSATIONS))
        self.credentials = self.chance.choice((None, None, (USER, "wrong"), ("door", tokens[self.role]), ("door", tokens[self.role])))
        self.base = f"rtsp://127.0.0.1:{PORTS[self.role][self.encrypted]}/door"
        self.session = self.challenge = None
        self.sequence = 0

    def message(self, step):
        if isinstance(step, bytes):
            return step
        method, behind, headers, body = step
        self.sequence += 1
        url = self.base + behind
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self.sequence}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.session:
            lines.append(f"Session: {self.session}")
        if self.challenge:
            lines.append("Authorization: " + self.answer(method, url))
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines + ["", ""]).encode() + body

    def answer(self, method, url):
        user, password = self.credentials
        if self.encrypted and self.chance.random() < 0.3:
            return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
        response = md5(f"{md5(f'{user}:Martlet:{password}')}:{self.challenge}:{md5(f'{method}:{url}')}")
        return f'Digest username="{user}", realm="Martlet", nonce="{self.challenge}", uri="{url}", response="{response}"'

    def heed(self, reply):
        if reply is None:
            return "nothing"
        status, headers = reply
        for name, value in headers:
            if name == "session":
                self.session = value.split(";")[0]
            if name == "www-authenticate" and self.credentials and (found := re.search('nonce="([^"]*)"', value)):
                self.challenge = found[1]
        return status

    def run(self):
        """What was answered, by counts."""
        answers = collections.Counter()
        steps = list(CONVERSATIONS[self.name])
        damaged = {self.chance.randrange(len(steps)) for _ in range(self.chance.choice((0, 1, 1, 2)))}
        connection = None
        try:
            connection = Connection(PORTS[self.role][self.encrypted], self.encrypted, self.chance.choice((0.05, 0.5)))
            if self.credentials:
                connection.send(self.message(("OPTIONS", "", {}, b"")))
                answers[self.heed(connection.reply())] += 1
            for index, step in enumerate(steps):
                message = self.message(step)
                if index in damaged:
                    message = damage(message, self.chance)
                connection.send(message)
                if not isinstance(step, bytes) or index in damaged:
                    answers[self.heed(connection.reply())] += 1
                if self.chance.random() < 0.03:
                    break
        except (OSError, ValueError) as error:
            answers[type(error).__name__] += 1
        finally:
            if connection:
                connection.close()
        return answers


def honest_look(tokens, patience):
    """Why somebody honest sees nothing at the store; `None` if there is a picture."""
    visitor = Conversation(0, 0, tokens)
    visitor.role, visitor.encrypted, visitor.credentials = "store", False, ("door", tokens["store"])
    visitor.base = f"rtsp://127.0.0.1:{PORTS['store'][0]}/door"
    try:
        connection = Connection(PORTS["store"][0], False, patience)
        for step in [("OPTIONS", "", {}, b"")] + PLAY[:4]:
            connection.send(visitor.message(step))
            status = visitor.heed(connection.reply())
            if status not in ("200", "401") or (status == "401" and step[0] != "OPTIONS"):
                return f"{step[0]}: {status}"
        seen = connection.packets(20)
        connection.close()
        return None if seen else "no packets"
    except OSError as error:
        return f"{type(error).__name__}: {error}"


def lost_frames(folder):
    """Where a frame of a recording does not follow the one before it by a thirtieth of a second."""
    times = []
    for file in sorted(folder.rglob("*.mp4")):
        day, hours = re.search(r"(\d{4}-\d\d-\d\d)T(\d\d-\d\d-\d\d\.\d{3})Z", file.name).groups()
        hour, minute, second = hours.split("-")
        start = time.mktime(time.strptime(day, "%Y-%m-%d")) + int(hour) * 3600 + int(minute) * 60 + float(second)
        command = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", file]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        times += [start + float(line.strip(",")) for line in lines]
    return len(times), [f"{one:.3f}→{two:.3f}" for one, two in zip(times, times[1:]) if abs(two - one - 1 / 30) > 0.01]


def main():
    options = arguments()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    PORTS.update({"camera": (options.port, options.port + 1), "store": (options.port + 2, options.port + 3)})
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-fuzz-"))
    print(f"seed {seed}, logs in {folder}", flush=True)
    daemons = Daemons(options, folder)
    troubles, answers, looks = [], collections.Counter(), collections.Counter()
    number = iter(range(1 << 62)) if options.only is None else iter([options.only])
    lock = threading.Lock()
    over = threading.Event()
    recent = collections.deque(maxlen=4 * options.connections)

    def fuzz():
        while not over.is_set():
            with lock:
                mine = next(number, None)
                recent.append(mine)
            if mine is None:
                return
            counts = Conversation(seed, mine, daemons.tokens).run()
            with lock:
                answers.update(counts)
                answers["conversations"] += 1

    time.sleep(5)
    before = daemons.sample()
    threads = [threading.Thread(target=fuzz, daemon=True) for _ in range(options.connections)]
    for thread in threads:
        thread.start()
    samples, begin = [], time.monotonic()
    while time.monotonic() < begin + options.minutes * 60 and (options.only is None or threads[0].is_alive()):
        time.sleep(2)
        if ended := daemons.ended():
            troubles.append(f"ended by itself: {ended}; the last conversations were {[number for number in recent]}")
            break
        samples.append(daemons.sample())
        trouble = honest_look(daemons.tokens, options.patience)
        looks["without a picture" if trouble else "with a picture"] += 1
        if trouble:
            troubles.append(f"{time.monotonic() - begin:.0f} s: an honest viewer: {trouble}")
    over.set()
    for thread in threads:
        thread.join(timeout=30)
    after = {}
    if not daemons.ended():
        # A session whose client has gone silent lasts a minute, and a pool's threads another moment.
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            after = daemons.sample()
            if all(after[role][index] <= before[role][index] + 2 for role in PORTS for index in (1, 2)):
                break
            time.sleep(1)
        for role in PORTS:
            for index, name in ((1, "threads"), (2, "descriptors"), (3, "viewers")):
                if after[role][index] > before[role][index] + 2:
                    troubles.append(f"{role}: {before[role][index]} {name} before, {after[role][index]} after")
            status = daemons.status(role)["cameras"][0]
            if status["state"] != "running" or (role == "camera" and status["faults"]):
                troubles.append(f"{role}: {status['state']}, {status['faults']} faults")
    ends = daemons.stop()
    if any(ends.values()):
        troubles.append(f"ended with {ends}")
    for role in PORTS:
        said = sorted({line for line in daemons.log(role).splitlines() if COMPLAINTS.search(line)})
        troubles += [f"{role} says: {line}" for line in said[:20]]
    recorded = {}
    for role in PORTS:
        recorded[role], breaks = lost_frames(folder / role)
        troubles += [f"{role}: frames are missing: {place}" for place in breaks[:10]]
    print(f"{(time.monotonic() - begin) / 60:.1f} min, {answers.pop('conversations', 0)} conversations; answers {dict(answers.most_common())}")
    print(f"an honest viewer looked {sum(looks.values())} times: {dict(looks)}; frames recorded: {recorded}")
    print("| | memory | threads | descriptors | viewers |\n|-|-|-|-|-|")
    for role in PORTS:
        series = [sample[role] for sample in samples if role in sample]
        rows = [("before", before[role]), ("most", tuple(map(max, zip(*series))) if series else None), ("after", after.get(role))]
        quarter = len(series) // 4
        if quarter:
            rows[2:2] = [("after a quarter", series[quarter]), ("at the end", series[-1])]
        for name, row in rows:
            if row:
                print(f"| {role}, {name} | {row[0]:.1f} MB | {row[1]} | {row[2]} | {row[3]} |")
    for trouble in troubles:
        print(f"TROUBLE: {trouble}")
    if troubles:
        sys.exit(f"seed {seed}; logs and footage are in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
