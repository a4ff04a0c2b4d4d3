# SPDX-License-Identifier: Apache-2.0
"""One figure, of one contender, in one run."""
import dataclasses
import json


@dataclasses.dataclass(frozen=True, init=False)
class Measurement:
    """`what` was measured of whom, as a number with a unit; `parameters` say under which circumstances.

    Measurements of one scenario, `what` and parameters are compared with one another, from run to run and between
    contenders. One that is void has no value, but says why.
    """

    scenario: str
    what: str
    contender: str
    value: float | None
    unit: str
    parameters: dict
    run: int
    void: str | None

    def __init__(self, scenario, what, contender, value, unit, *, run=0, void=None, **parameters):
        for name, given in (
            ("scenario", scenario),
            ("what", what),
            ("contender", contender),
            ("value", None if void else float(value)),
            ("unit", unit),
            ("parameters", parameters),
            ("run", run),
            ("void", void),
        ):
            object.__setattr__(self, name, given)

    def in_run(self, run):
        """The same, as a measurement of a run."""
        return Measurement(
            self.scenario, self.what, self.contender, self.value, self.unit, run=run, void=self.void, **self.parameters
        )

    @property
    def key(self):
        """What measurements of several contenders have in common that can be compared."""
        return self.scenario, self.what, self.unit, tuple(self.parameters.items())

    def json(self):
        """A line of JSON; what does not apply is left out."""
        fields = {name: given for name, given in dataclasses.asdict(self).items() if given not in (None, {})}
        return json.dumps(fields, ensure_ascii=False)
