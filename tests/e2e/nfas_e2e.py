#!/usr/bin/env python3
"""Three spans with one trunk (NFAS), the second with the backup D-channel: calls on each span, the
D-channel lost under live calls, the drill, one line lost."""
import subprocess
import time

from lib import stage
from lib.checks import pbx_heard
from lib.simpbx import Simpbx
from lib.sip_phone import SipPhone
from lib.stage import HOST, binary, check, check_equal, step, wait_for
from lib.tandem import Gateway

CONFIG = """
media {{ workers = 2 rtp_ports = "{rtp}-{rtp_last}" }}
sip {{ listen = {{"127.0.0.1:{sip}"}} }}
span "a" {{ local = "127.0.0.1:{span_a}" peer = "127.0.0.1:{pbx_a}" buffer_min_ms = 10 buffer_max_ms = 20 }}
span "b" {{ local = "127.0.0.1:{span_b}" peer = "127.0.0.1:{pbx_b}" buffer_min_ms = 10 buffer_max_ms = 20 }}
span "c" {{ local = "127.0.0.1:{span_c}" peer = "127.0.0.1:{pbx_c}" buffer_min_ms = 10 buffer_max_ms = 20 }}
trunk "pbx" {{ spans = {{"a", "b", "c"}} backup = "b" interface_ids = {{0, 1, 5}}
	hunt = "round-robin" restart_interface = yes echo_canceller = "off" alarm_keep_ms = 1000 }}
peer "cs" {{ address = {{"127.0.0.1:{phone}"}} any_port = yes }}
rule "in" {{ from = "cs" number = "." to = "pbx" }}
rule "within" {{ from = "pbx" number = "7[0-4]XX" to = "pbx" }}
rule "out" {{ from = "pbx" number = "." to = "cs" }}
"""
PHONES = """
span t1-2 local {b} peer {gb} nfas t1-1 1 backup buffer 10 20
span t1-3 local {c} peer {gc} nfas t1-1 5 buffer 10 20
phone 7101 play tone 900 -13
phone 7111 play tone 1100 -13
phone 7121
phone 7201-7209 answer 0.1 play tone 700 -13
"""


def dchannels(tandem):
    return [m["dchannel"] for m in tandem.ask("nfas pbx")["members"]]


def pbx_dchannels(pbx):
    return [s.get("dchannel") for s in pbx.command("stats")["spans"]]


def wait_dchannels(tandem, pbx, a, b, far_a, far_b, why):
    def seen():
        return dchannels(tandem)[:2], pbx_dchannels(pbx)[:2]
    wanted = [f"primary D-channel: {a}", f"backup D-channel: {b}"], [far_a, far_b]
    wait_for(lambda: seen() == wanted, lambda: f"{why}: {seen()}, not {wanted}", 20)
    step(f"{why}: {seen()}")


def tandemctl(tandem, *words):
    done = subprocess.run([binary("tandemctl"), "-s", tandem.control_path, *words],
                          capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def start_call(pbx, caller, called):
    pbx.dial(caller, called)
    pbx.wait("connect", ext=called)
    pbx.wait("connect", ext=caller)


def end_call(tandem, pbx, caller, called, hz, least_s):
    pbx.hang_up(caller)
    heard = pbx.wait("report", ext=called)
    check_equal(heard["cause"], 16, f"cause at {called}")
    pbx_heard(tandem.stage, heard, hz, least_s)
    pbx_heard(tandem.stage, pbx.wait("report", ext=caller), 700, least_s)


def failover(tandem, pbx):
    """Silence on the D-channel in service, while two calls talk; and one is placed meanwhile."""
    start_call(pbx, "7101", "7201")
    start_call(pbx, "7111", "7202")
    spans = {name: s["slots"].count("B") for name, s in tandem.spans().items()}
    step(f"channels in use: {spans}")
    check(sum(spans.values()) == 4, "two calls have four channels")
    pbx.command("dchan t1-1 silent")
    pbx.dial("7121", "7206")    # its SETUP has nobody to hear it yet
    pbx.wait("connect", ext="7206")
    step("a call that was placed into the silence is through")
    check_equal((dchannels(tandem)[1], pbx_dchannels(pbx)[1]),
                ("backup D-channel: in service", "in-service"), "the backup")
    pbx.command("dchan t1-1 normal")
    wait_dchannels(tandem, pbx, "standby", "in service", "standby", "in-service", "repaired")
    check_equal(tandem.status()["calls"], 3, "calls")
    pbx.wait("connect", ext="7121")
    pbx.hang_up("7121")
    check_equal(pbx.wait("report", ext="7206")["cause"], 16, "cause at 7206")
    end_call(tandem, pbx, "7101", "7201", 900, 3)
    end_call(tandem, pbx, "7111", "7202", 1100, 3)
    tandem.wait_idle()


def drill(tandem, pbx):
    start_call(pbx, "7101", "7203")
    status, said = tandemctl(tandem, "nfas", "pbx", "drill")
    step(said.replace("\n", " "))
    check_equal(status, 0, "exit status of the drill")
    for words in ("Asked about 2 calls over it, it answered for 2", "Drill passed"):
        check(words in said, f'"{words}" is said')
    wait_dchannels(tandem, pbx, "standby", "in service", "standby", "in-service", "back again")
    status, said = tandemctl(tandem, "nfas", "pbx", "switch")
    check_equal(status, 0, f"exit status of switch: {said}")
    wait_dchannels(tandem, pbx, "in service", "standby", "in-service", "standby", "by order")
    pbx.command("dchan t1-2 silent")
    status, said = tandemctl(tandem, "nfas", "pbx", "drill")
    step(said.replace("\n", " "))
    check_equal(status, 1, "exit status of a drill without a backup")
    pbx.command("dchan t1-2 normal")
    wait_dchannels(tandem, pbx, "in service", "standby", "in-service", "standby", "all well")
    end_call(tandem, pbx, "7101", "7203", 900, 2)
    tandem.wait_idle()


def line_lost(tandem, pbx):
    """One line fails: its calls end, the others stay, the D-channel moves."""
    calls = [("7101", "7204"), ("7111", "7205")]
    for caller, called in calls:
        start_call(pbx, caller, called)
    busy = {name: s["slots"].count("B") for name, s in tandem.spans().items()}
    on_a = [c for c in tandem.calls() if c["from"].startswith("a/") or c["to"].startswith("a/")]
    pbx.command("alarm t1-1 yellow")
    wait_for(lambda: tandem.spans()["a"]["failed"], "the alarm is seen", 10)
    wait_for(lambda: tandem.status()["calls"] == 2 - len(on_a),
             lambda: f"calls on the line end ({on_a}, {busy}): {tandem.status()['calls']}", 10)
    wait_for(lambda: "backup D-channel: in service" in dchannels(tandem), "the backup", 10)
    check(set(tandem.spans()["a"]["slots"]) <= set("Ld"), tandem.spans()["a"]["slots"])
    pbx.command("alarm t1-1 none")
    wait_for(lambda: not tandem.spans()["a"]["failed"], "the line is good", 20)
    for caller, _ in calls:
        if any(c["state"] == "CONNECTED" and c["calling"] == caller for c in tandem.calls()):
            pbx.hang_up(caller)
    tandem.wait_idle()


def test(s):
    phone = SipPhone()
    ports = {name + x: s.port() for name in ("span_", "pbx_") for x in "abc"}
    ports.update(sip=s.port(), rtp=s.port_range(32), phone=phone.port)
    tandem = Gateway(s, CONFIG.format(rtp_last=ports["rtp"] + 31, **ports))
    pbx = Simpbx(s, ports["pbx_a"], ports["span_a"], PHONES.format(
        b=f"{HOST}:{ports['pbx_b']}", gb=f"{HOST}:{ports['span_b']}",
        c=f"{HOST}:{ports['pbx_c']}", gc=f"{HOST}:{ports['span_c']}"), span="buffer 10 20")
    wait_dchannels(tandem, pbx, "in service", "standby", "in-service", "standby", "at the start")
    tandem.wait_up("a", "b", "c")
    pbx.wait("trunk-up", timeout_s=20)     # its link has settled, too
    check_equal(tandem.spans()["c"]["slots"], "." * 24, "the third span has 24 channels")
    failover(tandem, pbx)
    drill(tandem, pbx)
    line_lost(tandem, pbx)
    tandem.check_log_clean()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
