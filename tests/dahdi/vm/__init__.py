"""Tests that run in a virtual machine with the real DAHDI driver.

A test is a program like those in tests/e2e:

    def test(stage):
        ...
    if __name__ == "__main__":
        vm.main(test)

Started on the host it boots the machine, runs itself there, and ends with the status it had there.
Everything of the host can be read in the machine, at the same place.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

from lib import stage                       # noqa: E402  pylint: disable=wrong-import-position
from vm import host                         # noqa: E402  pylint: disable=wrong-import-position

# The transmit lead in the machine is 160 ms: who stands still for longer than this loses audio.
# Its clock ticks every 10 ms, and so late anybody may be woken there.
HELD_UP_MS, LATE_S = 60, 0.03


def main(test, limit_s=280):
    if os.environ.get("TANDEM_GUEST"):
        stage.HELD_UP_MS, stage.Strain.LATE_S, stage.Strain.PERIOD_S = HELD_UP_MS, LATE_S, 0.01
        stage._own_network = lambda: True      # nobody else is here; the driver knows this one only
        stage.main(test)
    else:
        machine = host.Machine(os.path.basename(sys.argv[0]).replace("_vm.py", ""))
        sys.exit(machine.run([sys.executable, os.path.abspath(sys.argv[0])], limit_s))
