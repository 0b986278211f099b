#!/usr/bin/env python3
"""SIP over TCP: calls both ways, torn messages, a connection that breaks in a call, and nobody there."""
import socket
import time

from lib import audio, stage
from lib.bed import Bed
from lib.capture import Tshark, Capture
from lib.checks import ended, pbx_heard, phone_heard
from lib.stage import HOST, check, check_equal, step, wait_for
from lib.stream_phone import StreamPhone

PHONES = 'phone 7101 name "Anna" answer 0.1 play tone 800 -13'


def heard_both(bed, d, what, hang_up):
    since = time.monotonic() + 0.3
    time.sleep(1.3)
    hang_up()
    report = bed.pbx.wait("report", ext="7101")
    phone_heard(bed.stage, what, audio.Heard(d.rtp.heard(since), 800), 0.7)
    pbx_heard(bed.stage, report, 1200, 0.9)
    bed.tandem.wait_idle()
    ended(bed, what, 16)
    step(f"{what}: good")


def sip(bed):
    return bed.tandem.status()["sip"]


def phone_calls(bed, phone, what):
    d = phone.call(bed.sip_port, "7101", hz=1200)
    heard_both(bed, d, what, d.bye)


def pbx_calls(bed, phone, what):
    bed.pbx.dial("7101", "7134")
    d = phone.answer(hz=1200)
    bed.pbx.wait("connect", ext="7101")

    def hang_up():
        bed.pbx.hang_up("7101")
        d.wait_bye()
    heard_both(bed, d, what, hang_up)


def connection_breaks(bed, phone):
    """Found when there is something to say: the BYE goes by a new connection, to the Contact."""
    d = phone.call(bed.sip_port, "7101", hz=1200)
    accepted = phone.accepted
    phone.cut()
    wait_for(lambda: not phone.connections, "the connection is gone")

    def hang_up():
        bed.pbx.hang_up("7101")
        d.wait_bye()
    heard_both(bed, d, "connection cut in the call", hang_up)
    check_equal(phone.accepted, accepted + 1, "connections the gateway opened for the BYE")


def nobody_there(bed, phone):
    """Refused at once, not after 32 s."""
    phone.cut()
    phone.stop()
    before = len(bed.tandem.records())
    bed.pbx.dial("7101", "7134")
    begun = time.monotonic()
    wait_for(lambda: len(bed.tandem.records()) > before, "the call has ended", 5)
    check(time.monotonic() - begun < 3, "a refused connection fails the call at once")
    ended(bed, "nobody there", 41)
    bed.tandem.wait_log("cs cannot be reached: Connection refused")
    bed.tandem.wait_idle()
    step("nobody listens: told at once")


def test(s):
    phone = StreamPhone()
    sip_port = s.port(socket.SOCK_STREAM)
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="transport = tcp",
              sip=f'listen = {{"tcp:{HOST}:{sip_port}"}}')
    bed.sip_port = sip_port
    capture = Capture(s, [sip_port, phone.port], transport="tcp")
    pbx_calls(bed, phone, "PBX calls over TCP")
    check_equal(phone.accepted, 1, "connections the gateway opened")
    phone_calls(bed, phone, "phone calls over TCP")
    phone.piece = 1
    phone_calls(bed, phone, "phone calls, octet by octet")
    phone.piece = None
    connection_breaks(bed, phone)
    check_equal(sip(bed)["retransmits_out"], 0, "repeated by us")
    check_equal(len(phone.messages), len({(m.start, m.get("Via"), m.get("CSeq"), m.get("Call-ID"))
                                          for m in phone.messages}), "messages, each once")
    capture.stop()
    Tshark(s, {bed.sip_port: "sip", phone.port: "sip"}, "tcp").check_no_faults(capture.path)
    nobody_there(bed, phone)
    bed.finish()


if __name__ == "__main__":
    stage.main(test)
