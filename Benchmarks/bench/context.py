# SPDX-License-Identifier: Apache-2.0
"""What a scenario is given, and where things are."""
import dataclasses
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / ".build" / "bench"


class Trouble(Exception):
    """A measurement cannot be made: what happened, for people."""


@dataclasses.dataclass
class Context:
    """One run of a scenario."""

    martlet: pathlib.Path
    """The command that is measured."""
    folder: pathlib.Path
    """Empty, on a disk, this run's own; removed after it."""
    shared: pathlib.Path
    """The same, but for all runs of the scenario: what takes long to make is made in the first."""
    quick: bool = False
    """Whether to be done soon rather than exact."""
    run: int = 1
    notes: list = dataclasses.field(default_factory=list)

    def note(self, text):
        """Something that who reads the figures must know, such as a peer that is not installed; said once."""
        if text not in self.notes:
            self.notes.append(text)
            print(f"({text})\n", flush=True)
