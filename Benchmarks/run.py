#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Martlet beside its peers: all scenarios, or those that are named.

Each scenario is run several times, with all its contenders in turn in each run, so that what changes on the machine
meanwhile changes for all of them. Prints a table for each scenario, and in the end what there is to reach. With all
scenarios, or with --output, everything is kept: the report as DATE-MACHINE.md, and each single measurement as a line of
JSON beside it.

Exits with 1 if a scenario failed, a measurement is void, or something that must be reached was measured and is not.
"""
import argparse
import datetime
import importlib
import pathlib
import sys
import tempfile
import time
import traceback

from bench import report, targets
from bench.context import Context, Trouble

FOLDER = pathlib.Path(__file__).resolve().parent
SCENARIOS = sorted(file.stem.replace("_", "-") for file in (FOLDER / "scenarios").glob("[!_]*.py"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="scenarios: " + ", ".join(SCENARIOS))
    parser.add_argument("names", metavar="NAME", nargs="*", help="a scenario; all of them by default")
    parser.add_argument("--martlet", required=True, type=pathlib.Path, help="the release build's command")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="shorter, to see whether everything works")
    parser.add_argument("--output", type=pathlib.Path, help="where to keep the report; the measurements go beside it")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in SCENARIOS]:
        parser.error(f"there is no scenario {unknown[0]}; there are {', '.join(SCENARIOS)}")
    options.martlet = options.martlet.resolve()
    return options


class Report:
    """What is printed, and kept in files if there are any."""

    def __init__(self, file):
        self.file, self.lines = file, file and file.with_suffix(".jsonl")
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("")
            self.lines.write_text("")

    def say(self, text):
        print(text + "\n", flush=True)
        if self.file:
            with self.file.open("a") as file:
                file.write(text + "\n\n")

    def keep(self, measurement):
        if self.lines:
            with self.lines.open("a") as file:
                file.write(measurement.json() + "\n")


def run(name, options, report_to):
    """Every measurement of a scenario, and whether it went well."""
    module = importlib.import_module(f"scenarios.{name.replace('-', '_')}")
    measurements, notes, trouble = [], [], None
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="martlet-bench-", dir="/var/tmp") as shared:
        for number in range(1, options.runs + 1):
            print(f"{name}: run {number} of {options.runs}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="martlet-bench-", dir="/var/tmp") as folder:
                folders = pathlib.Path(folder), pathlib.Path(shared)
                context = Context(options.martlet, *folders, quick=options.quick, run=number, notes=notes)
                try:
                    for measurement in module.measure(context):
                        measurements.append(measurement.in_run(number))
                        report_to.keep(measurements[-1])
                except Trouble as error:
                    trouble = f"Run {number} failed: {error}"
                except Exception:
                    trouble = f"Run {number} failed:\n{traceback.format_exc()}"
            if trouble:
                break
    first = module.__doc__.strip().splitlines()[0]
    lasted = time.monotonic() - begin
    report_to.say(f"## {name}\n\n{first}\n\n{report.table(measurements)}")
    for note in notes:
        report_to.say(note)
    if trouble:
        report_to.say(f"```\n{trouble}\n```")
    report_to.say(f"{options.runs} {'run' if options.runs == 1 else 'runs'} in {lasted:.0f} s.")
    is_void = any(each.void and each.contender == report.OURS for each in measurements)
    return measurements, trouble is None and not is_void


def main():
    options = arguments()
    today = datetime.date.today().isoformat()
    file = options.output
    if file is None and not options.names:
        file = FOLDER / "results" / f"{today}-{report.slug()}.md"
    report_to = Report(file)
    report_to.say(f"# Martlet beside its peers, {today}\n\n{report.machine(options.martlet, '/var/tmp')}")
    if options.quick:
        report_to.say("Made in a hurry (`--quick`): shows that everything works, not what it costs.")
    measurements, is_well = [], True
    for name in options.names or SCENARIOS:
        found, went_well = run(name, options, report_to)
        measurements += found
        is_well = is_well and went_well
    text, all_met = targets.table(measurements, is_whole=not options.names)
    if text:
        report_to.say(f"## What there is to reach\n\n{text}")
    if file:
        print(f"kept: {file}")
    sys.exit(0 if is_well and all_met else 1)


if __name__ == "__main__":
    main()
