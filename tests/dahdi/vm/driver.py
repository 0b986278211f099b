"""The DAHDI driver in the machine: its modules, its spans, and the line between two of them.

dahdi_dynamic_loc joins two spans of one key back to back.  A Line is longer: gateway's span - 1:1,
joined slot by slot in the driver with - 2:0 - PBX's span.  The middle can be cut while both ends
keep their spans open, as a cable is; an end that is open cannot be taken away.
"""
import glob
import os
import re
import subprocess

from lib.stage import check, wait_for
from vm import host

MODULES = ("crc-ccitt", "dahdi", "dahdi_dynamic", "dahdi_dynamic_loc")
SYSFS = "/sys/bus/dahdi_devices/devices"


def _run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"{' '.join(argv)}: {done.stdout.strip()} {done.stderr.strip()}")
    return done.stdout.strip()


def line(*words):
    return _run(os.path.join(host.OUT, "tests", "dahdi", "line"), *map(str, words))


def load(*names):
    for name in names:
        # By itself the driver waits for a program to number the spans.
        more = ["auto_assign_spans=1"] if name == "dahdi" else []
        _run("insmod", os.path.join(host.RIG, name + ".ko"), *more)


def unload(*names):
    for name in names:
        _run("rmmod", name)


def create(address, driver="loc"):
    """A span; its number."""
    return int(line("create", driver, address))


def destroy(address, driver="loc"):
    line("destroy", driver, address)


def pair(key=1):
    """Two spans back to back; their numbers."""
    return create(f"{key}:0"), create(f"{key}:1")


def alarms(number):
    """As the driver names them: {"RED", "YELLOW"}."""
    with open(f"/proc/dahdi/{number}", encoding="ascii") as f:
        head = f.readline()
    return set(re.findall(r"\b(RED|YELLOW|BLUE|RECOVERING|LOOP)\b", head.rpartition('"')[2]))


def wait_alarms(number, *wanted):
    wait_for(lambda: alarms(number) == set(wanted),
             lambda: f"the driver's alarms of span {number}: {alarms(number)}, not {wanted}", 10)


def device(address):
    """The folder of a span's device in /sys."""
    for path in glob.glob(SYSFS + "/*"):
        with open(path + "/hardware_id", encoding="ascii") as f:
            if f.read().strip() == "DYN/loc/" + address:
                return path
    return None


def take_away(address):
    """As when a card is pulled, whoever has it open."""
    with open(device(address) + "/unassign_span", "w", encoding="ascii") as f:
        f.write("1\n")


def give_back(address):
    with open(device(address) + "/assign_span", "w", encoding="ascii") as f:
        f.write("1:0:0\n")


class Line:
    """Ends: spans of the numbers `near` (the gateway's) and `far` (the PBX's)."""

    def __init__(self):
        self.near, self._middle_near = create("1:0"), create("1:1")
        self._middle_far, self.far = create("2:0"), create("2:1")
        line("join", self._middle_near, self._middle_far)

    def cut(self):
        """Nothing arrives at the near end: RED after one to two seconds."""
        destroy("1:1")

    def mend(self):
        self._middle_near = create("1:1")
        line("join", self._middle_near, self._middle_far)

    def part(self, *slots):
        """These slots carry idle both ways, the others go on."""
        line("part", self._middle_near, self._middle_far, *slots)

    def join(self, *slots):
        line("join", self._middle_near, self._middle_far, *slots)
