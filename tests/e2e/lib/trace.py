"""tandemctl trace: as text, as lines of JSON, and as a file that tshark reads."""
import json
import re
import socket
import subprocess
import time

from lib import q931
from lib.capture import Tshark
from lib.stage import binary, check_equal, wait_for

TEXT = re.compile(r"(\d\d:\d\d:\d\d\.\d{6}) +(\S+) (q931|sip) (\S+) ([<>]) (.*)")


def tandemctl(tandem, *words, status=0):
    """What it prints."""
    done = subprocess.run([binary("tandemctl"), "-s", tandem.control_path, *words], timeout=20,
                          capture_output=True, text=True)
    check_equal(done.returncode, status, f"tandemctl {' '.join(words)}: {done.stderr}")
    return done.stdout


class Tracing:
    """A tandemctl trace in the background."""

    def __init__(self, stage, tandem, name, *options, status_ok=(0,)):
        self.process = stage.start(name, [binary("tandemctl"), "-s", tandem.control_path, "trace",
                                          *options], status_ok=status_ok)
        time.sleep(0.2)                  # it connects

    def lines(self):
        """(call, protocol, where, direction, text) of each message."""
        found = (TEXT.match(line) for line in self.process.log().splitlines())
        return [m.groups()[1:] for m in found if m]

    def wait(self, pattern):
        def line():
            return next((one for one in self.lines() if re.search(pattern, one[4])), None)
        return wait_for(line, lambda: f"{pattern} in the trace: {self.lines()[-5:]}")


def recent(tandem):
    """All that the gateway remembers, each line of JSON as it came."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(tandem.control_path)
        s.sendall(b"trace recent\n")
        reply = b""
        while chunk := s.recv(65536):
            reply += chunk
    return [json.loads(line) for line in reply.splitlines()]


def judge_frames(tandem):
    """Every D-channel message that the gateway sent and remembers is as Q.931 wants it.  A trunk's
    calls are the same on each of its D-channels.  Returns the referees by span."""
    referees, by_span = {}, {}
    messages = recent(tandem)
    for m in messages:
        if "span" not in m:
            continue
        key = m["trunk"], m["switch"], m["network"]
        if key not in referees:
            referees[key] = q931.Referee(m["switch"], m["network"], m["trunk"], messages[0]["number"] > 1)
        by_span[m["span"]] = referees[key]
        octets = bytes.fromhex(m["octets"])
        (referees[key].sent if m["sent"] else referees[key].received)(octets)
    q931.judge(referees.values())
    return by_span


def check_with_tshark(stage, tandem, name="remembered.pcapng"):
    """tshark finds no fault with anything that the gateway remembers.  Returns the file."""
    path = stage.path(name)
    tandemctl(tandem, "trace", "--recent", "-w", path)
    Tshark(stage, {}).check_no_faults(path)
    return path
