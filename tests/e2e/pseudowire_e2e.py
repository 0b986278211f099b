#!/usr/bin/env python3
"""The pseudowire as it may be set up: our clock from the line, the RTP header on either or both
ends, other packet sizes, the D-channel in another slot.  In each a call both ways is heard, and
nothing slips once the buffers have settled."""
import time

from lib import audio, stage
from lib.checks import pbx_heard, phone_heard
from lib.simpbx import Simpbx
from lib.sip_phone import SipPhone
from lib.stage import check, check_audio, check_equal, step
from lib.tandem import Gateway

CONFIG = """
media {{ rtp_ports = "{rtp}-{rtp_last}" }}
sip {{ listen = {{"127.0.0.1:{sip}"}} }}
span "t1-1" {{ local = "127.0.0.1:{span}" peer = "127.0.0.1:{pbx}"
	{keys} }}
trunk "pbx" {{ span = "t1-1" }}
peer "cs" {{ address = {{"127.0.0.1:{phone}"}} }}
rule "in" {{ from = "cs" number = "." to = "pbx" }}
"""
PHONES = "phone 7101 answer 0 play tone 800 -13"
BUFFER = "buffer_min_ms = 10 buffer_max_ms = 20 "


def variant(s, name, ours, theirs, packets_per_s=1000):
    phone = SipPhone()
    ports = {key: s.port() for key in ("sip", "span", "pbx")}
    ports.update(rtp=s.port_range(16), phone=phone.port)
    tandem = Gateway(s, CONFIG.format(rtp_last=ports["rtp"] + 15, keys=BUFFER + ours, **ports))
    pbx = Simpbx(s, ports["pbx"], ports["span"], PHONES, span="buffer 10 20 " + theirs, name=name)
    tandem.wait_up("t1-1")
    d = phone.call(ports["sip"], "7101", hz=1200)
    since = time.monotonic() + 0.3
    before, start = tandem.spans()["t1-1"]["counts"], time.monotonic()
    time.sleep(2.5)
    after, took = tandem.spans()["t1-1"]["counts"], time.monotonic() - start
    d.bye()
    phone_heard(s, f"{name}: SIP", audio.Heard(d.rtp.heard(since), 800), 1.8)
    pbx_heard(s, pbx.wait("report", ext="7101"), 1200, 1.8)
    rose = {key: after[key] - before[key] for key in after}
    for key in ("rx_packets", "tx_packets"):
        check(abs(rose[key] / took / packets_per_s - 1) < 0.05,
              f"{name}: {key} {rose[key] / took:.0f}/s, {packets_per_s} expected")
    for key in ("lost", "malformed", "foreign", "tx_errors"):
        check_equal(rose[key], 0, f"{name}: {key}")
    # A packet of idle put in, or one left out, breaks a D-channel frame too.
    for key in ("underruns", "slips", "late", "hdlc_crc", "hdlc_abort"):
        check_audio(rose[key] == 0 or s.strain.seen()[0], f"{name}: {key} {rose[key]}")
    tandem.check_log_clean()
    pbx.process.stop()
    tandem.process.stop()
    phone.stop()
    step(f"{name}: good")


def test(s):
    variant(s, "line", 'clock = "line"', "clock own")
    variant(s, "rtp-both", "rtp_header = true", "rtp")
    variant(s, "rtp-theirs", "", "rtp")
    variant(s, "rtp-ours", "rtp_header = true", "")
    variant(s, "frames-1", "frames_per_packet = 1", "frames 1", 8000)
    variant(s, "frames-40", "frames_per_packet = 40", "frames 40", 200)
    variant(s, "frames-5-line", 'frames_per_packet = 5 clock = "line"', "frames 5", 1600)
    variant(s, "dchan-16", "dchan_slot = 16", "dchan 16 slots 1-15")


if __name__ == "__main__":
    stage.main(test)
