#!/usr/bin/env python3
"""All over IPv6: SIP, RTP and the pseudowire; calls both ways, heard both ways."""
import time

from lib import audio, stage
from lib.capture import Capture, Tshark
from lib.checks import pbx_heard, phone_heard
from lib.simpbx import Simpbx
from lib.sip_phone import SipPhone
from lib.stage import check, step
from lib.tandem import Gateway

CONFIG = """
media {{ rtp_ports = "{rtp}-{rtp_last}" }}
sip {{ listen = {{"[::1]:{sip}"}} }}
span "t1-1" {{ local = "[::1]:{span}" peer = "[::1]:{pbx}" buffer_min_ms = 10 buffer_max_ms = 20 }}
trunk "pbx" {{ span = "t1-1" }}
peer "cs" {{ address = {{"[::1]:{phone}"}} domain = "cs" }}
rule "out" {{ from = "pbx" number = "7134" to = "cs" }}
rule "in" {{ from = "cs" number = "71XX" to = "pbx" }}
"""


def heard_both(s, bed, d, who):
    since = time.monotonic() + 0.3
    time.sleep(2)
    d.bye()
    phone_heard(s, f"{who}: SIP", audio.Heard(d.rtp.heard(since), 800), 1.3)
    pbx_heard(s, bed.wait("report", ext="7101"), 1200, 1.5)


def test(s):
    phone = SipPhone("::1")
    ports = {"sip": s.port(), "span": s.port(), "pbx": s.port(), "rtp": s.port_range(16),
             "phone": phone.port}
    tandem = Gateway(s, CONFIG.format(rtp_last=ports["rtp"] + 15, **ports))
    pbx = Simpbx(s, f"[::1]:{ports['pbx']}", f"[::1]:{ports['span']}",
                 "phone 7101 answer 0.2 play tone 800 -13", span="buffer 10 20")
    tandem.wait_up("t1-1")
    tshark = Tshark(s, {ports["sip"]: "sip", ports["span"]: "pwcesopsn"})
    capture = Capture(s, [ports["sip"], ports["span"]], [(ports["rtp"], ports["rtp"] + 15)])
    d = phone.call(ports["sip"], "7101", hz=1200)
    check("IN IP6 ::1" in phone.messages[-1].body, "our SDP speaks of IP6")
    heard_both(s, pbx, d, "SIP calls")
    pbx.dial("7101", "7134")
    d = phone.answer(hz=1200)
    pbx.wait("connect", ext="7101")
    heard_both(s, pbx, d, "PBX calls")
    tandem.wait_idle()
    capture.stop()
    tandem.check_log_clean()
    tshark.check_no_faults(capture.path)
    seen = tshark.fields(capture.path, "frame.protocols")
    for name, least in (("sip", 12), ("rtp", 300), ("pwcesopsn", 5000)):
        count = sum(f"ipv6:udp:{name}" in packet["frame.protocols"] for packet in seen)
        check(count >= least, f"{count} packets of {name} over IPv6, at least {least} expected")
    step("both ways over IPv6")
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
