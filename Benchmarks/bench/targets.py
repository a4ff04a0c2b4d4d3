# SPDX-License-Identifier: Apache-2.0
"""What Martlet is to reach: ratios and quantities that hold on any machine, each with how it is reckoned.

A function is given a `Figures`, and says the value, or `None` if it was not measured.
"""
import dataclasses
import statistics
import typing

from . import report


class Figures:
    """Medians of measurements over all runs."""

    def __init__(self, measurements):
        self.measurements = measurements

    def median(self, scenario, what, contender=report.OURS, **parameters):
        """Of one figure; `None` if there is none. Parameters that are not named may be anything."""
        found = [
            each.value
            for each in self.measurements
            if (each.scenario, each.what, each.contender) == (scenario, what, contender)
            and each.value is not None
            and all(each.parameters.get(name) == value for name, value in parameters.items())
        ]
        return statistics.median(found) if found else None


def ratio(over, under):
    return None if over is None or not under else over / under


def difference(more, less):
    return None if more is None or less is None else more - less


def a_stream_more(what):
    """What each stream from the 17th to the 64th takes."""

    def reckon(figures):
        found = [figures.median("record", what, streams=streams) for streams in (16, 64)]
        return ratio(difference(found[1], found[0]), 48)

    return reckon


@dataclasses.dataclass(frozen=True)
class Target:
    """A row of the table. `must` has to be met, `go` is what is aimed at; with `at_least` more is better."""

    name: str
    must: float
    go: float
    unit: str
    reckon: typing.Callable
    at_least: bool = False

    def meets(self, value, limit):
        return value >= limit if self.at_least else value <= limit


TARGETS = (
    Target(
        "CPU to record a stream, 16 streams, against ffmpeg",
        0.60,
        0.30,
        "",
        lambda figures: ratio(
            figures.median("record", "CPU", streams=16), figures.median("record", "CPU", "ffmpeg", streams=16)
        ),
    ),
    Target(
        "the same, 64 streams against 16",
        1.3,
        1.05,
        "",
        lambda figures: ratio(figures.median("record", "CPU", streams=64), figures.median("record", "CPU", streams=16)),
    ),
    Target("memory for a further stream", 4, 2, "MB", a_stream_more("memory")),
    Target("threads for a further stream", 6, 1, "", a_stream_more("threads")),
    Target(
        "latency that the store adds while it is watched, p95",
        15,
        8,
        "ms",
        lambda figures: figures.median("latency", "added by the store, p95"),
    ),
    Target("first picture over RTSP", 0.5, 0.3, "s", lambda figures: figures.median("first-picture", "RTSP")),
    Target("first picture over WebRTC", 1, 0.5, "s", lambda figures: figures.median("first-picture", "WebRTC, first")),
    Target(
        "first picture over WebRTC, further viewers",
        0.25,
        0.15,
        "s",
        lambda figures: figures.median("first-picture", "WebRTC, further"),
    ),
    Target("seek in the page, p95", 0.25, 0.1, "s", lambda figures: figures.median("seek", "seek, p95")),
    Target(
        "CPU of 10 more viewers of one camera",
        3,
        1.5,
        "% of a core",
        lambda figures: difference(
            figures.median("camera", "CPU", viewers=11, recorder="on"),
            figures.median("camera", "CPU", viewers=1, recorder="on"),
        ),
    ),
    Target(
        "memory of a camera's process without encoder, one viewer, recording",
        45,
        30,
        "MB",
        lambda figures: figures.median("camera", "memory", viewers=1, recorder="on"),
    ),
    Target(
        "wake-ups of a store without cameras",
        5,
        1,
        "/s",
        lambda figures: figures.median("idle", "wake-ups", process="store without cameras"),
    ),
    Target(
        "files of the page, as gzip",
        150,
        150,
        "KB",
        lambda figures: figures.median("page", "files of the page, as gzip"),
    ),
    Target(
        "download against nginx",
        0.9,
        1.2,
        "",
        lambda figures: ratio(figures.median("download", "rate"), figures.median("download", "rate", "nginx")),
        at_least=True,
    ),
)


def table(measurements, is_whole):
    """The table in Markdown, and whether every *must* that was measured is met; a whole one has what was not, too."""
    figures, all_met, lines = Figures(measurements), True, []
    for target in TARGETS:
        value, measured, said = target.reckon(figures), "", "not measured"
        sign, unit = "≥" if target.at_least else "≤", f" {target.unit}" if target.unit else ""
        if value is not None:
            is_met = target.meets(value, target.must)
            all_met = all_met and is_met
            said = "reached" if target.meets(value, target.go) else "met" if is_met else "**not met**"
            measured = f"{report.number(value)}{unit}"
        if is_whole or measured:
            cells = target.name, f"{sign} {target.must:g}{unit}", f"{sign} {target.go:g}{unit}", measured, said
            lines.append(f"| {' | '.join(cells)} |")
    head = ["| target | must | go | measured | |", "|--------|------|----|----------|-|"]
    return "\n".join(head + lines) if lines else "", all_met
