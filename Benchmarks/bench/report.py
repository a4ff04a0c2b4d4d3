# SPDX-License-Identifier: Apache-2.0
"""Tables of measurements, and the machine that they were made on."""
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess

from .context import REPOSITORY

# Whom the others are compared with.
OURS = "martlet"


def number(value):
    """Three digits that count, as people write numbers."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def grouped(measurements):
    """By what was measured, and by contender, in the order in which they came: {key: {contender: [Measurement]}}."""
    groups = {}
    for each in measurements:
        groups.setdefault(each.key, {}).setdefault(each.contender, []).append(each)
    return groups


def values(measurements):
    return [each.value for each in measurements if each.value is not None]


def table(measurements):
    """A table of one scenario's measurements: median, least and most of all runs, and the ratio to each peer."""
    lines = [
        "| what | with | who | median (least … most) | unit | martlet / this |",
        "|------|------|-----|-----------------------|------|----------------|",
    ]
    groups, last = grouped(measurements), None
    order = list(dict.fromkeys(what for _, what, _, _ in groups))
    for (_, what, unit, parameters), contenders in sorted(groups.items(), key=lambda group: order.index(group[0][1])):
        ours = values(contenders.get(OURS, []))
        circumstances = ", ".join(f"{name.replace('_', ' ')} {given}" for name, given in parameters)
        for contender, all_of_it in contenders.items():
            known = values(all_of_it)
            figures = "void: " + "; ".join(dict.fromkeys(each.void for each in all_of_it if each.void))
            if known:
                spread = f" ({number(min(known))} … {number(max(known))})" if len(known) > 1 else ""
                void = f"; {len(all_of_it) - len(known)} {figures}" if len(known) < len(all_of_it) else ""
                figures = number(statistics.median(known)) + spread + void
            ratio = ""
            if contender != OURS and ours and known and statistics.median(known):
                ratio = f"{statistics.median(ours) / statistics.median(known):.2f}"
            shown = "" if what == last else what
            lines.append(f"| {shown} | {circumstances} | {contender} | {figures} | {unit} | {ratio} |")
            last = what
    return "\n".join(lines)


def _first_line(*command):
    """What a program says of itself; nothing if it is not there."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return re.sub(r"(, | )(Copyright|built on).*", "", lines[0]) if lines else None


def _text(path):
    try:
        return pathlib.Path(path).read_text().strip("\0\n ")
    except OSError:
        return None


def processor():
    """The processor's name, or the board's where the processor has none."""
    for line in (_text("/proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return _text("/proc/device-tree/model") or platform.machine()


def slug():
    """The machine's name for a file: its board's or its processor's, and the number of cores."""
    name = _text("/proc/device-tree/model") or processor()
    return re.sub(r"[^a-z0-9]+", "-", f"{name} {os.cpu_count()} cores".lower()).strip("-")


def machine(martlet, folder):
    """What the figures depend on, as a list of Markdown."""
    memory = int((_text("/proc/meminfo") or "MemTotal: 0").split()[1]) * 1024
    system = re.search(r'PRETTY_NAME="(.*)"', _text("/etc/os-release") or "")
    mounted = subprocess.run(["findmnt", "-no", "FSTYPE", "-T", folder], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(
        ["git", "-C", REPOSITORY, "describe", "--always", "--dirty"], capture_output=True, text=True
    ).stdout.strip()
    governor = _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    parts = {
        "machine": f"{os.cpu_count()} cores of {processor()}, {memory / 1e9:.1f} GB of memory"
        + (f", governor {governor}" if governor else "")
        + (", virtual" if " hypervisor" in (_text("/proc/cpuinfo") or "") else ""),
        "system": f"{system[1] if system else platform.system()}, Linux {platform.release()}, files on {mounted}",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "commit": commit,
        "martlet": _first_line(str(martlet), "--version"),
        "GStreamer": _first_line("gst-launch-1.0", "--version"),
        "ffmpeg": _first_line("ffmpeg", "-version"),
        "nginx": _first_line("nginx", "-v"),
        "motion": _first_line("motion", "-h"),
        "Chromium": _first_line("chromium", "--version"),
    }
    return "\n".join(f"- {name}: {value or 'not installed'}" for name, value in parts.items())
