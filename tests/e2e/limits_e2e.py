#!/usr/bin/env python3
"""Everything that can be full is filled: calls, RTP ports, a peer's calls, SIP dialogs.  The next
call is refused with the right cause and status on either side, and those that are up are not hurt;
a flood of requests fills neither the log nor anything else."""
import socket
import time

from lib import audio, stage
from lib.bed import Bed
from lib.checks import pbx_heard, phone_heard
from lib.sip_phone import SipPhone
from lib.stage import HOST, check, check_equal, step, wait_for

PHONES = """
phone 7101 answer 0 play tone 800 -13
phone 7102-7105 answer 0
"""


def refused_sip(bed, phone, status, cause, what):
    d = phone.dial(bed.sip_port, "7104")
    got = d.wait("5xx")
    d.request("ACK", branch=d.branch, uri=f"sip:7104@{HOST}:{bed.sip_port}", cseq=d.cseq)
    step(f"{what}: {got.start}, {got.get('Reason')}, Retry-After {got.get('Retry-After')}")
    check_equal(got.status, status, what)
    check(f"cause={cause}" in (got.get("Reason") or ""), f"{what}: cause {cause}")


def refused_pbx(bed, cause, what):
    bed.pbx.dial("7105", "7134")
    check_equal(bed.pbx.wait("report", ext="7105")["cause"], cause, what)


def full(s, bed, phone, what, sip_refusal, pbx_cause, **conf):
    """Two calls fill it.  sip_refusal: status and cause."""
    rtp = (bed.rtp_first, bed.rtp_last)
    peer_text = bed.peer_text.replace("domain", conf.pop("peer") + "\n\tdomain") \
        if "peer" in conf else bed.peer_text
    if "rtp_ports" in conf:
        bed.tandem._ports["rtp_last"] = bed.rtp_first + conf.pop("rtp_ports") - 1
    bed.tandem.configure(peer_text + bed.rules, **conf)
    reply = bed.tandem.ask("reload")
    check(reply["ok"], f"reload: {reply}")
    d = phone.call(bed.sip_port, "7101", hz=1200)
    second = phone.call(bed.sip_port, "7102")
    bed.pbx.wait("connect", ext="7102")
    since = time.monotonic() + 0.3
    for _ in range(3):
        refused_sip(bed, phone, *sip_refusal, f"{what}, from SIP")
        refused_pbx(bed, pbx_cause, f"{what}, from the PBX")
    check_equal(len(bed.tandem.calls()), 2, "calls up")
    time.sleep(1)
    second.bye()
    bed.pbx.wait("report", ext="7102")
    third = phone.call(bed.sip_port, "7103")     # one is free again
    third.bye()
    bed.pbx.wait("report", ext="7103")
    phone_heard(s, what, audio.Heard(d.rtp.heard(since), 800), 0.7)
    d.bye()
    pbx_heard(s, bed.pbx.wait("report", ext="7101"), 1200, 1)
    bed.tandem.wait_idle()
    bed.tandem._ports["rtp_first"], bed.tandem._ports["rtp_last"] = rtp


def flood(bed, phone):
    """Thousands of requests of a stranger, and of torn ones of the peer: a few lines of log."""
    d = phone.call(bed.sip_port, "7101", hz=1200)
    before = len(bed.tandem.process.log().splitlines())
    refused = bed.tandem.status()["sip"]["refused_stranger"]
    sent = 3000
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.bind(("127.0.0.2", 0))
        for n in range(sent):
            u.sendto(f"INVITE sip:7102@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bK{n}\r\n"
                     f"From: <sip:a@b>;tag={n}\r\nTo: <sip:7102@{HOST}>\r\nCall-ID: {n}\r\n"
                     f"CSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.2>\r\nMax-Forwards: 70\r\n"
                     f"Content-Length: 0\r\n\r\n".encode(), (HOST, bed.sip_port))
            if n % 100 == 0:
                time.sleep(0.02)
    for _ in range(500):
        phone.socket.sendto(b"INVITE nonsense SIP/2.0\r\n\r\n", (HOST, bed.sip_port))
    wait_for(lambda: bed.tandem.status()["sip"]["refused_stranger"] - refused >= sent * 0.9,
             "the flood is counted", 5)
    lines = bed.tandem.process.log().splitlines()[before:]
    step(f"{sent} requests of a stranger and 500 torn ones: {len(lines)} lines of log")
    check(len(lines) < 40, "log lines:\n" + "\n".join(lines[:10]))
    check_equal(len(bed.tandem.calls()), 1, "the call is up")
    d.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()


def test(s):
    phone = SipPhone()
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="", gateway="calls_max = 2")
    full(s, bed, phone, "calls_max", (503, 42), 42)
    bed.pbx.process.stop()
    bed.tandem.process.stop()
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="")
    full(s, bed, phone, "peer's calls_max", (503, 42), 34, peer="calls_max = 2")
    full(s, bed, phone, "RTP ports", (503, 47), 47, rtp_ports=4)
    bed.tandem.configure(bed.peer_text + bed.rules)
    check(bed.tandem.ask("reload")["ok"], "reload")
    flood(bed, phone)
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
