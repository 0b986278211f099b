#!/usr/bin/env python3
"""tandem probe: every far end is recognised for what it is and never for what it is not; what it prints
is a configuration that works."""
import re
import signal
import socket
import subprocess

from lib import stage
from lib.far_slots import FarSlots, Hdlc, robbed
from lib.simpbx import Simpbx
from lib.stage import Distorted, HOST, binary, check, check_equal, step
from lib.tandem import Gateway

PHONES = 'phone 7101 name "Anna" answer 0'
BUSY = ("loss_ms=500", "buffer_min_ms=10", "buffer_max_ms=40")
US = {"ni2", "5ess", "dms100", "4ess"}
# What the simulated PBX sends of each dialect leaves these: its own must be among them.
FITS = {"ni2": US, "5ess": US, "dms100": US, "4ess": US, "qsig": {"qsig"}, "euroisdn": {"euroisdn"}}
SABME_USER, UA_USER = b"\x00\x01\x7f", b"\x02\x01\x73"
SETUP_USER = bytes.fromhex("00010000" "0802000105" "04028090" "1803a18397" "70058137313334")


class Probe:
    def __init__(self, s, name, *words, seconds=8):
        self.name = name
        self.process = s.start(f"probe-{name}", [binary("tandem"), "probe", "-t", str(seconds),
                                                 *words], status_ok=None)

    def end(self, status):
        """What it printed, once it has ended with that status."""
        got = self.process.wait(40)
        text = self.process.log()
        check_equal(got, status, f"{self.name}: status; it said:\n{text}")
        return text


def wire(s, *more):
    """Ports (of the gateway's end, of the far end) and the words for a probe between them."""
    near, far = s.port(), s.port()
    return near, far, ("wire", f"local={HOST}:{near}", f"peer={HOST}:{far}", *BUSY, *more)


def has(text, pattern, name):
    check(re.search(pattern, text, re.M), f"{name}: {pattern!r} is said in:\n{text}")


def hasnt(text, pattern, name):
    check(not re.search(pattern, text, re.M), f"{name}: {pattern!r} is not said in:\n{text}")


def block_of(text):
    return text.split("# --- for tandem.conf ---\n")[1]


def verdict_of(text):
    """The switch types it leaves; None = it does not say."""
    said = re.search(r"^Switch type  (.*)$", text, re.M).group(1)
    if said.startswith("not "):
        return None
    return set(re.sub("likely |one of ", "", said).split())


def dialects(s):
    """Each dialect on either side and in several slots: side and slot are found, the dialect never
    missed."""
    cases = [("ni2", "user", 24), ("4ess", "network", 1), ("qsig", "user", 16),
             ("5ess", "network", 24), ("dms100", "user", 24), ("euroisdn", "network", 24)]
    runs = []
    for switch, side, slot in cases:
        near, far, words = wire(s)
        pbx = Simpbx(s, far, near, PHONES, name=f"pbx-{switch}", span=(
            f"switch {switch} side {side} dchan {slot} buffer 10 40"))
        runs.append((switch, side, slot, near, far, pbx,
                     Probe(s, switch, *words, seconds=60 if switch == "ni2" else 10)))
    for run in runs:
        run[5].wait("trunk-up", timeout_s=15)
        run[5].command("dial 7101 7134")
    for switch, side, slot, near, far, pbx, probe in runs:
        if switch == "ni2":
            pbx.wait("clearing", ext="7101", cause=41)
            probe.process.popen.send_signal(signal.SIGINT)
        text = probe.end(0)
        pbx.wait("trunk-down")      # it said goodbye
        has(text, rf"^D-channel    slot {slot}: HDLC, ", switch)
        has(text, rf"^Far end      plays the {side}: ", switch)
        has(text, "<-- SETUP", switch)
        has(text, "--> RELEASE COMPLETE", switch)
        got = verdict_of(text)
        check(got is None or switch in got, f"{switch}: verdict {got} in:\n{text}")
        check_equal(got, FITS[switch], f"{switch}: verdict")
        ours = "network" if side == "user" else "user"
        has(block_of(text), rf'side = "{ours}"', switch)
        has(block_of(text), rf"dchan_slot = {slot}$", switch)
        step(f"{switch}, {side}, slot {slot}: {got or 'type not known'}")
        if switch == "4ess":
            pasted_block_works(s, block_of(text))
        pbx.process.stop()


def pasted_block_works(s, block):
    """The block as it stands, and a rule or two, make the trunk come up."""
    phone = s.port()
    tandem = Gateway(s, f'media {{ rtp_ports = "{s.port_range(16)}-65535" }}\n'
                        f'sip {{ listen = {{"{HOST}:{s.port()}"}} }}\n'
                        f'peer "cs" {{ address = {{"{HOST}:{phone}"}} }}\n' + block)
    tandem.wait_up("t1-1")
    printed = subprocess.run([binary("tandem"), "-c", tandem.config, "--print-config"],
                             capture_output=True, text=True, timeout=30, check=True).stdout
    has(printed, r"dchan_slot = 1$", "block")
    words = ["probe", "-c", tandem.config, "t1-1"]
    done = subprocess.run([binary("tandem"), *words], capture_output=True, text=True, timeout=30)
    check_equal(done.returncode, 1, "probe of a span that the gateway has")
    check("stop it first" in done.stderr, done.stderr)
    tandem.process.stop()
    step("the block that was printed brings the trunk up; a running gateway is not disturbed")


def far_ends(s):
    """What is no good D-channel, or no far end at all."""
    runs, ends = {}, []

    def add(name, far_end, *more, seconds=8):
        near, far, words = wire(s, *more)
        if far_end:
            ends.append(far_end(far, near))
        runs[name] = Probe(s, name, *words, seconds=seconds)

    def answers(far, frame):
        if frame[0] == 2 and frame[2] == 0x7f:      # SABME of a network
            far.slots[16].send(UA_USER)
            far.slots[16].send(SETUP_USER)
    frames = "frames_per_packet=40"
    add("idle", FarSlots, frames, seconds=10)
    add("robbed", lambda a, b: FarSlots(a, b, {n: robbed for n in range(1, 25)}), frames)
    add("loop", lambda a, b: FarSlots(a, b, loop=True), seconds=10)
    add("inverted", lambda a, b: FarSlots(a, b, {24: Hdlc(0xff, 1, SABME_USER)}), frames)
    add("asked", lambda a, b: FarSlots(a, b, {16: Hdlc()}, 16, answers), frames, seconds=14)
    add("packets", lambda a, b: FarSlots(a, b, {24: Hdlc(0, 1, SABME_USER)}), "frames_per_packet=8",
        seconds=12)
    add("other-shape", lambda a, b: FarSlots(a, b, more=b"?"), frames, seconds=12)
    add("nobody", None)
    near, far, words = wire(s)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind((HOST, near))
    taken = Probe(s, "taken", *words)
    near, far, words = wire(s)
    pbx = Simpbx(s, far, near, PHONES, name="pbx-silent")
    pbx.command("dchan t1-1 silent")
    runs["silent"] = Probe(s, "silent", *words, seconds=14)

    text = taken.end(1)
    has(text, "is the gateway running on it", "taken")
    other.close()
    text = runs["idle"].end(1)
    has(text, "all slots are idle", "idle")
    has(text, "asks in slot 24 all the same", "idle")
    text = runs["robbed"].end(1)
    has(text, "24 slots look like robbed-bit signalling", "robbed")
    hasnt(text, "-->", "robbed: nothing was sent")
    text = runs["loop"].end(1)
    has(text, "the line (is|looks) looped", "loop")
    text = runs["inverted"].end(1)
    has(text, "slot 24: HDLC inverted", "inverted")
    has(text, "plays the user", "inverted")
    hasnt(text, "-->", "inverted: nothing was sent")
    text = runs["asked"].end(0)
    has(text, "silent until asked", "asked")
    has(text, "slot 16: HDLC, ", "asked")
    has(text, "plays the user", "asked")
    check_equal(verdict_of(text), {"4ess"}, "asked: verdict")
    text = runs["packets"].end(0)
    has(text, "packets have 40 frames, not 8", "packets")
    has(block_of(text), "frames_per_packet = 40", "packets")
    text = runs["other-shape"].end(1)
    has(text, "of another shape", "other-shape")
    text = runs["nobody"].end(1)
    has(text, "nothing arrives", "nobody")
    text = runs["silent"].end(1)
    has(text, "slot 24: HDLC flags", "silent")
    has(text, "silent, also when asked", "silent")
    has(block_of(text), "not known", "silent")
    for name in runs:
        hasnt(runs[name].process.log(), "likely (ni2|5ess|dms100|qsig|euroisdn)", name)
    for end in ends:
        end.stop()
    step("idle, robbed-bit, looped, inverted, silent and absent far ends: " + ", ".join(runs))


def run(*words):
    return subprocess.run([binary("tandem"), *words], capture_output=True, text=True, timeout=30)


def command_line(s):
    keys = run("--keys")
    check(keys.returncode == 0 and "span.dchan_slot" in keys.stdout, "--keys")
    check_equal(run("probe", "--help").returncode, 0, "--help")
    conf = s.write("two.conf", 'span "a" { peer = "127.0.0.1" }\n')
    for words in (["--nonsense"], ["-t", "4"], ["-t", "x"], ["wire", "peer"], ["-c", conf, "a", "b"],
                  ["wire", "peer=1.2.3.4", 'local=" }'], ["wire", "peer=nowhere"], ["wire"],
                  ["wire", "peer=1.2.3.4", "colour=red"]):
        check_equal(run("probe", *words).returncode, 2, f"probe {words}")
    for words, what in ((["-c", conf, "b"], 'no span "b"'), (["-c", s.path("none")], "none")):
        done = run("probe", *words)
        check_equal(done.returncode, 1, f"probe {words}")
        check(what in done.stderr, done.stderr)
    step("the command line")


def test(s):
    command_line(s)
    try:
        dialects(s)
        far_ends(s)
    except stage.Failed as e:
        if s.strain.seen()[0]:      # frames that are cut up are not recognised
            raise Distorted(str(e)) from e
        raise


if __name__ == "__main__":
    stage.main(test)
