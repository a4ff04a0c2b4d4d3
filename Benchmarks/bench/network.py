# SPDX-License-Identifier: Apache-2.0
"""A network of a camera's own, which can be cut: a namespace of Linux, with a cable to this one. Needs root."""
import os
import shutil

from . import processes

HERE, THERE = "10.77.0.1", "10.77.0.2"
CHAIN = "chain {0} {{\n type filter hook {0} priority 0; policy drop;\n}}\n"


def is_possible():
    """Whether one can be made: by root, with iproute2 and nftables."""
    return os.geteuid() == 0 and all(shutil.which(tool) for tool in ("ip", "nft"))


class Network:
    """As a context: who is started with `inside` before the command has the address `THERE`, all others `HERE`."""

    def __init__(self, name="martlet-bench"):
        self.name, self.inside = name, ["ip", "netns", "exec", name]

    def __enter__(self):
        near, far = f"{self.name}0", f"{self.name}1"
        processes.run(["ip", "netns", "add", self.name])
        try:
            for command in (
                ["ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", self.name],
                ["ip", "address", "add", f"{HERE}/24", "dev", near],
                ["ip", "link", "set", near, "up"],
                ["ip", "-n", self.name, "address", "add", f"{THERE}/24", "dev", far],
                ["ip", "-n", self.name, "link", "set", far, "up"],
                ["ip", "-n", self.name, "link", "set", "lo", "up"],
            ):
                processes.run(command)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        processes.run(["ip", "netns", "delete", self.name])

    def cut(self):
        """Nothing comes through any more, and nobody is told."""
        rules = "table inet cut {\n" + CHAIN.format("input") + CHAIN.format("output") + "}\n"
        processes.run([*self.inside, "nft", "-f", "-"], input=rules)

    def mend(self):
        processes.run([*self.inside, "nft", "delete", "table", "inet", "cut"])
