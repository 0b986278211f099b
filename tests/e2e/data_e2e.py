#!/usr/bin/env python3
"""Data calls bit by bit: from trunk to trunk, and through SIP as CLEARMODE, which tshark reads.  The
echo canceller is on, and must not be heard of.  User-user and what else a SETUP has go along."""
import time

from lib import stage
from lib.capture import Capture, Tshark
from lib.simpbx import Simpbx
from lib.stage import check, check_equal, step
from lib.tandem import Gateway

# The peer "loop" is the gateway itself: what goes out to it comes in from it.
CONFIG = """
media {{ workers = 2 rtp_ports = "{rtp}-{rtp_last}" }}
sip {{ listen = {{"127.0.0.1:{sip}"}} }}
span "a" {{ local = "127.0.0.1:{span_a}" peer = "127.0.0.1:{pbx_a}"
	buffer_min_ms = 10 buffer_max_ms = 20 }}
span "b" {{ local = "127.0.0.1:{span_b}" peer = "127.0.0.1:{pbx_b}"
	buffer_min_ms = 10 buffer_max_ms = 20 }}
trunk "east" {{ span = "a" echo_canceller = "own" user_to_user = yes line_information = yes }}
trunk "west" {{ span = "b" echo_canceller = "own" user_to_user = yes line_information = yes
	data_bearer = "{data_bearer}" }}
peer "loop" {{ address = {{"127.0.0.1:{sip}"}} clearmode = {clearmode} user_to_user = yes
	line_information = "isup-oli" }}
rule "direct" {{ from = "east" number = "71XX" to = "west" strip = 2 prefix = "72" }}
rule "out" {{ from = "east" number = "72XX" to = "loop" }}
rule "in" {{ from = "loop" number = "." to = "west" }}
"""
INTERVAL_S = 0.4


def bert(pbx, ext):
    return pbx.command(f"report {ext}")["report"]["heard"]["bert"]


def right_in_a_row(a, b, what):
    """Intervals without a wrong bit one after another, at both ends: a gap or slip because the
    machine stood still begins anew, anything that touches the octets is in every one."""
    best = row = 0
    before = None
    for _ in range(25):
        time.sleep(INTERVAL_S)
        now = (bert(a, "7101"), bert(b, "7201"))
        good = before is not None and all(
            n["errors"] == o["errors"] and n["sync_losses"] == o["sync_losses"]
            and n["bits"] - o["bits"] > INTERVAL_S * 64000 * 0.8 for n, o in zip(now, before))
        row = row + 1 if good else 0
        best = max(best, row)
        before = now
        if best == 4:
            break
    step(f"{what}: {before[0]} and {before[1]}")
    check(best == 4, f"{what}: at most {best} times {INTERVAL_S} s in a row are without a wrong bit")


def data_call(a, b, number, words, what):
    a.command(f"dial 7101 {number} {words}")
    setup = b.wait("setup", ext="7201")
    a.wait("connect", ext="7101")
    right_in_a_row(a, b, what)
    a.hang_up("7101")
    check_equal(b.wait("report", ext="7201")["cause"], 16, "cause at the far PBX")
    a.wait("report", ext="7101")
    return setup


def between_trunks(tandem, a, b):
    elements = {"bearer": "8890a8", "llc": "8890a8", "hlc": "9181", "calling-sub": "8050414243",
                "called-sub": "80503132", "uui": "044869"}
    setup = data_call(a, b, "7101", " ".join(f"{k} {v}" for k, v in elements.items()) + " oli 62",
                      "trunk to trunk")
    check_equal({k: setup.get(k) for k in elements}, elements, "elements at the far PBX")
    check_equal(setup["oli"], 62, "originating line information")
    tandem.wait_idle()


def through_sip(tandem, a, b):
    setup = data_call(a, b, "7201", "bearer 8890 uui 044869 oli 62", "through SIP")
    check_equal((setup["bearer"], setup.get("uui"), setup.get("oli")), ("8890", "044869", 62),
                "bearer, user-user and line information at the far PBX")
    tandem.wait_idle()


def check_wire(s, ports, path):
    tshark = Tshark(s, {ports["sip"]: "sip"})
    tshark.check_no_faults(path)
    packets = tshark.fields(path, "sip.Method", "sip.Status-Code", "sdp.media", "sdp.mime.type",
                            "sip.From", "sip.msg_hdr")
    invite = next(p for p in packets if p["sip.Method"] == "INVITE")
    answer = next(p for p in packets if p["sip.Status-Code"] == "200" and p["sdp.media"])
    step(f"tshark: {invite['sdp.media']} as {invite['sdp.mime.type']}; {invite['sip.From']}")
    for p in (invite, answer):
        check(p["sdp.media"].endswith("RTP/AVP 97"), f"payload type 97: {p['sdp.media']}")
        check_equal(p["sdp.mime.type"], "CLEARMODE", "type of the stream")
    check(";isup-oli=62>" in invite["sip.From"], "isup-oli in From")
    check("User-to-User: 044869;encoding=hex;purpose=isdn-uui" in invite["sip.msg_hdr"],
          "User-to-User of INVITE")


def refused(tandem, a, b):
    """A peer without clearmode; and a bearer that is carried nowhere."""
    a.command("dial 7101 7201 bearer 8890")
    check_equal(a.wait("report", ext="7101")["cause"], 65, "data to a peer without clearmode")
    a.command("dial 7101 7101 bearer 9890a5")
    check_equal(a.wait("report", ext="7101")["cause"], 65, "video")
    check_equal(b.find("setup"), [], "calls at the far PBX")
    tandem.wait_idle()


def test(s):
    ports = {name: s.port() for name in ("sip", "span_a", "span_b", "pbx_a", "pbx_b")}
    ports.update(rtp=s.port_range(32))
    values = {"rtp_last": ports["rtp"] + 31, "data_bearer": "64k", **ports}
    tandem = Gateway(s, CONFIG.format(clearmode="yes", **values))
    a = Simpbx(s, ports["pbx_a"], ports["span_a"], "phone 7101 bert qrss", span="buffer 10 20",
               name="pbx-a")
    b = Simpbx(s, ports["pbx_b"], ports["span_b"],
               "phone 7201 answer 0 bert qrss",
               span="buffer 10 20", name="pbx-b")
    tandem.wait_up("a", "b")
    between_trunks(tandem, a, b)
    capture = Capture(s, [ports["sip"]])
    through_sip(tandem, a, b)
    capture.stop()
    check_wire(s, ports, capture.path)
    tandem.configure(CONFIG.format(clearmode="no", **values))
    check(tandem.ask("reload")["ok"], "reload")
    refused(tandem, a, b)
    tandem.check_log_clean()


if __name__ == "__main__":
    stage.main(test)
