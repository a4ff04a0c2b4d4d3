# SPDX-License-Identifier: Apache-2.0
"""What processes cost, counted by the kernel; and processes that run for a while, with a log."""
import dataclasses
import os
import pathlib
import signal
import subprocess
import time

from .context import Trouble

TICKS = os.sysconf("SC_CLK_TCK")


def tree(pids):
    """The processes and all their descendants."""
    found = list(pids)
    for pid in found:
        for task in _tasks(pid):
            try:
                found += [int(child) for child in (task / "children").read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def _tasks(pid):
    try:
        return list(pathlib.Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return []


def _lines(path):
    """The lines `name: number …` of a file in /proc; nothing of a process that has just ended."""
    try:
        text = pathlib.Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    fields = (line.partition(":") for line in text.splitlines())
    return {name: rest.split()[0] for name, _, rest in fields if rest.split()}


def cpu(pids):
    """Seconds of user and system time of the whole trees, with those of children that have ended.

    By the processes' own clocks (clock_getcpuclockid), which know nanoseconds where /proc knows hundredths of a second.
    """
    total = 0.0
    for pid in tree(pids):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += time.clock_gettime((~pid << 3) | 2) + (int(fields[13]) + int(fields[14])) / TICKS
        except (OSError, ProcessLookupError):
            continue
    return total


def memory(pids, field="Pss"):
    """MB (10⁶ bytes) of the whole trees: the proportional set size, which divides what is shared among its sharers."""
    return sum(int(_lines(f"/proc/{pid}/smaps_rollup").get(field, 0)) for pid in tree(pids)) * 1024 / 1e6


def status(pids, field):
    """The sum of a field of /proc/PID/status, such as RssAnon, in MB if it is one of memory."""
    total = 0
    for pid in tree(pids):
        total += int(_lines(f"/proc/{pid}/status").get(field, 0))
    return total * 1024 / 1e6 if field.startswith(("Vm", "Rss")) else total


def threads(pids):
    return sum(len(_tasks(pid)) for pid in tree(pids))


def descriptors(pids):
    total = 0
    for pid in tree(pids):
        try:
            total += len(os.listdir(f"/proc/{pid}/fd"))
        except FileNotFoundError:
            continue
    return total


def written(pids):
    """Bytes that the trees made the kernel write to disks (pages that became dirty, each time they did)."""
    return sum(int(_lines(f"/proc/{pid}/io").get("write_bytes", 0)) for pid in tree(pids))


def switches(pids):
    """How often each thread of the trees was put on a core."""
    found = {}
    for pid in tree(pids):
        for task in _tasks(pid):
            lines = _lines(task / "status")
            if "voluntary_ctxt_switches" in lines:
                found[int(task.name)] = int(lines["voluntary_ctxt_switches"]) + int(lines["nonvoluntary_ctxt_switches"])
    return found


@dataclasses.dataclass(frozen=True)
class Used:
    """What processes have used within a span of time."""

    seconds: float
    cpu: float
    """Seconds of user and system time."""
    switches: int
    """How often a thread was put on a core."""
    written: int
    """Bytes."""


class Meter:
    """Counts what processes use from its making on."""

    def __init__(self, pids):
        self.pids = list(pids)
        self._begin = self._read()

    def _read(self):
        return time.monotonic(), cpu(self.pids), switches(self.pids), written(self.pids)

    def read(self):
        """What was used since the meter was made."""
        begin, end = self._begin, self._read()
        return Used(
            end[0] - begin[0],
            end[1] - begin[1],
            sum(count - begin[2].get(task, 0) for task, count in end[2].items()),
            end[3] - begin[3],
        )

    def after(self, seconds):
        """What is used in so many seconds from now on."""
        self._begin = self._read()
        time.sleep(seconds)
        return self.read()


class Daemon:
    """A process that runs until it is stopped; what it says goes to a file.

    With a folder of its own to stand in, if one is given. As a context it is stopped in the end, whatever happened.
    """

    def __init__(self, command, log, folder=None, environment=None):
        self.command = [str(part) for part in command]
        self.log, self.folder, self.environment = pathlib.Path(log), folder, environment
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self._already = log.tell()
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.environment} if self.environment else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        """What it has said since it was started the last time."""
        with open(self.log, "rb") as log:
            log.seek(self._already)
            return log.read().decode(errors="replace")

    def wait_for(self, words, seconds=60, times=1):
        """Returns once the log has the words, so many times."""
        deadline = time.monotonic() + seconds
        while self.said().count(words) < times:
            self.must_run()
            if time.monotonic() > deadline:
                raise Trouble(f"{self.name}: '{words}' did not come within {seconds:g} s\n{self.tail()}")
            time.sleep(0.05)

    @property
    def name(self):
        return " ".join([pathlib.Path(self.command[0]).name, *self.command[1:2]])

    def tail(self, lines=15):
        return "\n".join(self.said().splitlines()[-lines:])

    def must_run(self):
        if (code := self.process.poll()) is not None:
            raise Trouble(f"{self.name} ended by itself with {code}\n{self.tail()}")

    def stop(self, by=signal.SIGTERM, seconds=30, expected=None):
        """Ends it, if it runs; with `expected` codes anything else is trouble."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(by)
        self.wait_for_end(seconds, expected)

    def wait_for_end(self, seconds=30, expected=None):
        """Waits for what has been told to end."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Trouble(f"{self.name} did not end within {seconds:g} s\n{self.tail()}") from None
        if expected is not None and code not in expected:
            raise Trouble(f"{self.name} ended with {code}\n{self.tail()}")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self.start() if self.process is None or self.process.poll() is not None else self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.stop()
        else:
            self.kill()


def run(command, **options):
    """A command that must succeed; what it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def until(condition, what, seconds=60, every=0.05):
    """Waits until a function gives something, and returns that."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise Trouble(f"{what}: not within {seconds:g} s")
        time.sleep(every)
    return found


class Group:
    """Daemons that do one job together."""

    def __init__(self, daemons, by=signal.SIGTERM, expected=(0,)):
        self.daemons, self.by, self.expected = list(daemons), by, expected

    @property
    def pids(self):
        return [daemon.pid for daemon in self.daemons]

    def must_run(self):
        for daemon in self.daemons:
            daemon.must_run()

    def stop(self):
        """Ends them all at once."""
        self.must_run()
        for daemon in self.daemons:
            daemon.process.send_signal(self.by)
        for daemon in self.daemons:
            daemon.wait_for_end(expected=self.expected)

    def __enter__(self):
        for daemon in self.daemons:
            daemon.start()
        return self

    def __exit__(self, kind, error, trace):
        for daemon in self.daemons:
            daemon.kill()
