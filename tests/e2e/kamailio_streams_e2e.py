#!/usr/bin/env python3
"""Kamailio between the gateway and a registered phone, over TCP and over TLS with mutual authentication:
calls both ways."""
import socket
import time

from lib import audio, stage
from lib.baresip import Baresip
from lib.bed import Bed
from lib.certificates import Authority
from lib.checks import ended, pbx_heard, phone_heard
from lib.kamailio import Kamailio
from lib.stage import HOST, check, check_equal, step

TALK_S = 1.0


def finish(bed, phone, what):
    report = bed.pbx.wait("report", ext="7101")
    check_equal(report["cause"], 16, f"{what}: cause at the PBX")
    pbx_heard(bed.stage, report, phone.hz, TALK_S - 0.4)
    time.sleep(0.3)                      # baresip closes its recording
    phone_heard(bed.stage, phone.number, audio.Heard(phone.heard(), 800), TALK_S - 0.4)
    bed.tandem.wait_idle()
    ended(bed, what, 16, 16, 16)
    step(f"{what}: good")


def calls(bed, phone, what):
    bed.pbx.dial("7101", phone.number)
    bed.pbx.wait("connect", ext="7101", timeout_s=10)
    phone.wait_event("CALL_ESTABLISHED")
    time.sleep(TALK_S)
    phone.hang_up()
    finish(bed, phone, f"{what}: PBX calls, phone hangs up")
    phone.dial("7101")
    bed.pbx.wait("connect", ext="7101")
    phone.wait_event("CALL_ESTABLISHED")
    time.sleep(TALK_S)
    bed.pbx.hang_up("7101")
    phone.wait_event("CALL_CLOSED")
    finish(bed, phone, f"{what}: phone calls, PBX hangs up")
    check_equal(bed.tandem.status()["sip"]["retransmits_out"], 0, f"{what}: repeated by us")


def over(s, number, transport, sip="", more="", certificate=None):
    proxy_port, gateway_port = s.port(socket.SOCK_STREAM), s.port(socket.SOCK_STREAM)
    bed = Bed(s, 'phone 7101 name "Anna" answer 0.2 play tone 800 -13', peer_name="cs",
              peer_port=proxy_port, peer_more=f"transport = {transport}\n\t{more}",
              sip=f'listen = {{"{transport}:{HOST}:{gateway_port}"}}\n{sip}')
    proxy = Kamailio(s, gateway_port, transport=transport, stream_port=proxy_port,
                     certificate=certificate)
    phone = Baresip(s, number, proxy.port, 440)
    calls(bed, phone, transport.upper())
    seen = bed.tandem.status()["sip"]
    check(seen["connections"] <= 3, f"connections are used again: {seen['connections']}")
    bed.finish()
    for process in (phone.process, proxy.process, bed.pbx.process, bed.tandem.process):
        process.stop()


def test(s):
    over(s, "7134", "tcp")
    authority = Authority(s)
    own = authority.issue("gateway", "gateway.example")
    over(s, "7135", "tls", f'certificate = "{own.path}"\nkey = "{own.key}"\nca = "{own.ca}"\n'
         "verify_client = true", "tls_name = proxy.example",
         authority.issue("proxy", "proxy.example"))


if __name__ == "__main__":
    stage.main(test)
