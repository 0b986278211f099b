#!/usr/bin/env python3
"""The state of a line: loops and bit error tests by tandemctl, errored seconds, what calls notice."""
import subprocess
import time

from lib import stage
from lib.relay import Relay
from lib.simpbx import Simpbx
from lib.sip_phone import SipPhone
from lib.stage import HOST, Failed, binary, check, check_equal, step, wait_for
from lib.tandem import Gateway

# x and y are the two ends of one line, with the relay on the wire.
CONFIG = """
media {{ rtp_ports = "{rtp}-{rtp_last}" }}
sip {{ listen = {{"127.0.0.1:{sip}"}} }}
span "t1-1" {{ local = "127.0.0.1:{span}" peer = "127.0.0.1:{pbx}" }}
span "x" {{ local = "127.0.0.1:{x}" peer = "127.0.0.1:{to_y}" dchan_slot = 0 {buffer} }}
span "y" {{ local = "127.0.0.1:{y}" peer = "127.0.0.1:{to_x}" dchan_slot = 0 {buffer} }}
trunk "pbx" {{ span = "t1-1" }}
peer "cs" {{ address = {{"127.0.0.1:{phone}"}} }}
rule "to the PBX" {{ number = "7XXX" to = "pbx" }}
"""
BUFFER = "buffer_min_ms = 35 buffer_max_ms = 40 loss_ms = 500"
CONTROL_WORD, SLOTS = 4, 24
TRIES = 15


class Spoiler:
    """Turns one bit of a slot in each of count packets one way, with packets between them."""

    def __init__(self, relay):
        self._left, self._passed = {}, 0
        relay.change = self._change

    def spoil(self, slot, count, towards_x):
        self._left = {"slot": slot, "count": count, "towards_x": towards_x}
        wait_for(lambda: self._left["count"] == 0, "all packets to be spoilt passed", 20)

    def _change(self, data, is_to_a):
        if not self._left or self._left["count"] == 0 or is_to_a != self._left["towards_x"]:
            return data
        self._passed += 1
        if self._passed % 4:
            return data
        self._left["count"] -= 1
        at = CONTROL_WORD + self._passed // 4 % 8 * SLOTS + self._left["slot"] - 1
        return data[:at] + bytes([data[at] ^ 1 << self._passed // 32 % 8]) + data[at + 1:]


def span(tandem, name):
    return tandem.ask(f"span {name}")["span"]


def bert(tandem, name):
    reply = tandem.ask(f"span {name} bert")
    check(reply["ok"], f"bert {name}: {reply}")
    return {slot["slot"]: slot for slot in reply["bert"]["slots"]}


def refused(tandem, command, why):
    reply = tandem.ask(command)
    check(not reply["ok"] and why in reply["error"], f"{command}: {reply}")


def wire_faults(tandem):
    """What the machine itself did to the two spans: each is errors in the test."""
    counts = [span(tandem, name)["counts"] for name in "xy"]
    return [c[key] for c in counts for key in ("underruns", "slips", "late_ticks", "lost")]


def count_errors(tandem, spoiler):
    """Slot 5 on the way there, slot 7 on the way back: the same number of errors is found."""
    for _ in range(TRIES):
        faults, before = wire_faults(tandem), bert(tandem, "x")
        spoiler.spoil(5, 25, towards_x=False)
        spoiler.spoil(7, 11, towards_x=True)
        time.sleep(0.3)                      # both buffers
        after = bert(tandem, "x")
        errors = {slot: after[slot]["errors"] - before[slot]["errors"] for slot in after}
        step(f"errors found: {errors}")
        if errors == {5: 25, 7: 11, 9: 0}:
            return
        check(wire_faults(tandem) != faults, f"not what was spoilt: {errors}")
        step(f"the machine stood still: {faults}, {wire_faults(tandem)}")
    raise Failed("the machine stood still each time")


def bit_error_test(tandem, relay):
    spoiler = Spoiler(relay)
    wait_for(lambda: span(tandem, "x")["alarms"] == span(tandem, "y")["alarms"] == "none",
             "x and y hear each other", 20)
    check(tandem.ask("span y loop network")["ok"], "the far end loops")
    started = tandem.ask("span x bert start slot 5 slot 7 slot 9 pattern 2e15")
    check(started["ok"] and started["bert"]["running"], f"bert start: {started}")
    check_equal(span(tandem, "x")["slots"], "----T-T-T---------------", "slots under test")
    refused(tandem, "span x bert start", "runs already")
    wait_for(lambda: all(s["sync"] for s in bert(tandem, "x").values()), "the pattern is back", 10)
    count_errors(tandem, spoiler)
    check(tandem.ask("span y loop off")["ok"], "loop off")
    wait_for(lambda: not any(s["sync"] for s in bert(tandem, "x").values()), "it is gone", 10)
    check_equal([s["sync_losses"] > 0 for s in bert(tandem, "x").values()], [True] * 3, "losses")
    stopped = tandem.ask("span x bert stop")["bert"]
    check_equal(stopped["running"], False, "running")
    seconds = stopped["slots"][0]["seconds"]
    time.sleep(1.2)
    check_equal(bert(tandem, "x")[5]["seconds"], seconds, "the result stays as it was")


def errored_seconds(tandem, relay):
    """Lost packets are an errored second; so many that it is an alarm, a severely errored one."""
    before = span(tandem, "x")["current"]
    lost = [3]

    def drop(data, is_to_a):
        if is_to_a and lost[0] > 0:
            lost[0] -= 1
            return None
        return data
    relay.change = drop
    # A new interval may begin meanwhile: in that one, or in this.
    def counted(key):
        s = span(tandem, "x")
        return sum(i[key] for i in [s["current"]] + s["intervals"])
    wait_for(lambda: counted("es") > before["es"], "an errored second", 10)
    check(counted("pcv") >= 3, "the packets are counted")
    check_equal(counted("uas"), 0, "unavailable seconds")
    relay.change = lambda data, is_to_a: None if is_to_a else data
    wait_for(lambda: span(tandem, "x")["alarms"] == "red", "red alarm", 10)
    wait_for(lambda: counted("ses") + counted("uas") >= 2, "severely errored seconds", 10)
    relay.change = None
    wait_for(lambda: span(tandem, "x")["alarms"] == "none", "the alarm is over", 10)
    picture = subprocess.run([binary("tandemctl"), "-s", tandem.control_path, "span", "x"],
                             capture_output=True, text=True, timeout=20, check=True).stdout
    step(picture)
    check("24 hours, a letter for each quarter of an hour" in picture, "the picture")
    check("pattern 2e15, ended" in picture, "the test in the picture")


def slots_and_calls(tandem, phone, sip_port):
    """Calls keep off what is under test, tests keep off calls."""
    refused(tandem, "span t1-1 bert start slot 24", "slot 24 is the D-channel")
    refused(tandem, "span t1-1 bert start slot 25", "span NAME bert start")
    call = phone.call(sip_port, "7101")
    busy = span(tandem, "t1-1")["slots"].index("B") + 1
    refused(tandem, f"span t1-1 bert start slot {busy}", "has a call")
    refused(tandem, "span t1-1 loop network", "1 calls are up")
    check(tandem.ask("span t1-1 bert start")["ok"], "all others can be tested")
    slots = span(tandem, "t1-1")["slots"]
    check_equal((slots.count("T"), slots.count("B"), slots[23]), (22, 1, "D"), "slots")
    second = phone.dial(sip_port, "7102")
    got = second.wait("5xx")
    second.request("ACK", branch=second.branch, uri=f"sip:7102@{HOST}:{sip_port}",
                   cseq=second.cseq)
    check("cause=34" in got.get("Reason"), f"no channel is left: {got.get('Reason')}")
    check(tandem.ask("span t1-1 bert stop")["ok"], "bert stop")
    second = phone.call(sip_port, "7102")
    second.bye()
    call.bye()
    tandem.wait_idle()


def loops(tandem, phone, sip_port):
    check(tandem.ask("span t1-1 loop local")["ok"], "loop local")
    wait_for(lambda: "loop" in tandem.spans()["t1-1"]["alarms"], "the loop is shown", 5)
    check(tandem.spans()["t1-1"]["failed"], "no calls at once")
    check(tandem.ask("span t1-1 bert start pattern qrss")["ok"], "a test of ourselves")
    wait_for(lambda: all(s["sync"] for s in bert(tandem, "t1-1").values()), "the pattern", 10)
    check_equal(len(bert(tandem, "t1-1")), 23, "slots under test")
    check(tandem.ask("span t1-1 bert stop")["ok"], "bert stop")
    d = phone.dial(sip_port, "7101")
    got = d.wait("5xx")
    d.request("ACK", branch=d.branch, uri=f"sip:7101@{HOST}:{sip_port}", cseq=d.cseq)
    check("cause=38" in got.get("Reason"), f"looped: {got.get('Reason')}")
    check(tandem.ask("span t1-1 loop off")["ok"], "loop off")
    tandem.wait_up("t1-1")
    phone.call(sip_port, "7101").bye()
    tandem.wait_idle()


def commands(tandem):
    refused(tandem, "span", "span NAME")
    refused(tandem, "span z", 'no span "z"')
    refused(tandem, "span x loop sideways", "loop local|network|off")
    refused(tandem, "span x fly", "span NAME")
    refused(tandem, "span y bert", "no test ran")
    refused(tandem, "span x bert start pattern 2e99", "qrss|2e15")


def test(s):
    phone = SipPhone()
    ports = {name: s.port() for name in ("sip", "span", "pbx", "x", "y")}
    ports.update(rtp=s.port_range(32), phone=phone.port)
    relay = Relay(s, ports["x"], ports["y"])
    text = CONFIG.format(rtp_last=ports["rtp"] + 31, to_y=relay.towards_a, to_x=relay.towards_b,
                         buffer=BUFFER, **ports)
    tandem = Gateway(s, text)
    pbx = Simpbx(s, ports["pbx"], ports["span"], "phone 7101-7103 answer 0")
    tandem.wait_up("t1-1")
    commands(tandem)
    bit_error_test(tandem, relay)
    errored_seconds(tandem, relay)
    slots_and_calls(tandem, phone, ports["sip"])
    loops(tandem, phone, ports["sip"])
    # A test may run while its span goes, and while the gateway ends.
    for name in "xy":
        check(tandem.ask(f"span {name} bert start")["ok"], "bert start")
    text = "\n".join(l for l in text.splitlines() if 'span "x"' not in l)
    tandem.configure(text.replace('span "t1-1" {', 'span "t1-1" { clock = "line"'))
    report = tandem.ask("reload")["report"]
    check("span t1-1: trunk pbx is the network side" in report and "nobody leads" in report,
          f"a clock that is likely wrong is reported: {report}")
    tandem.wait_log("nobody leads")
    wait_for(lambda: set(tandem.spans()) == {"t1-1", "y"}, "span x is gone", 5)
    refused(tandem, "span x bert", 'no span "x"')
    check_equal(span(tandem, "y")["bert"]["running"], True, "the test on y runs on")
    tandem.check_log_clean()
    phone.stop()
    relay.stop()


if __name__ == "__main__":
    stage.main(test)
