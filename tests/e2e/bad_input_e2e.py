#!/usr/bin/env python3
"""Torn, replayed and foreign datagrams on the SIP, RTP and pseudowire ports, while calls are up:
each is dropped and counted, and no call is hurt."""
import random
import socket
import time

from lib import audio, stage
from lib.bed import Bed
from lib.checks import pbx_heard, phone_heard
from lib.relay import Relay
from lib.rtp_bank import RtpBank
from lib.sipp import Sipp
from lib.stage import HOST, check, check_equal, step, wait_for

STRANGER = "127.0.0.2"
HOLD_MS = 7000

INVITE = """INVITE sip:7102@{host}:{port} SIP/2.0
Via: SIP/2.0/UDP {source};branch=z9hG4bK{n}
From: <sip:stranger@{source}>;tag={n}
To: <sip:7102@{host}:{port}>
Call-ID: {n}@{source}
CSeq: 1 INVITE
Contact: <sip:stranger@{source}>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: {length}

{body}"""
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" \
      "m=audio 4000 RTP/AVP 0\r\n"


def invite(bed, source, n):
    text = INVITE.format(host=HOST, port=bed.sip_port, source=source, n=n, length=len(SDP),
                         body="{body}")
    return (text.replace("\n", "\r\n").replace("{body}", SDP)).encode()


def rises(read, what, least=1):
    """A context-like helper: returns a function that checks that the count has risen since."""
    before = read()

    def check_risen():
        wait_for(lambda: read() >= before + least,
                 lambda: f"{what} rises by {least} from {before}: {read()}", 5)
        step(f"{what}: +{read() - before}")
    return check_risen


def udp(host):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((host, 0))
    return s


def sip_port(bed, seed):
    """Strangers get no call; torn messages from the peer's own address are counted."""
    count = lambda name: lambda: bed.tandem.status()["sip"][name]
    to = (HOST, bed.sip_port)
    strangers = rises(count("refused_stranger"), "requests of strangers refused", 10)
    with udp(STRANGER) as s:
        for n in range(10):
            s.sendto(invite(bed, STRANGER, f"s{n}"), to)
        for n in range(50):
            s.sendto(seed.randbytes(seed.randrange(1, 1400)), to)
    strangers()
    malformed = rises(count("refused_malformed"), "malformed messages", 50)
    whole = invite(bed, f"{HOST}:4000", "torn")
    with udp(HOST) as s:
        for cut in range(1, whole.index(b"\r\n\r\n"), 5):
            s.sendto(whole[:cut], to)
        for n in range(50):
            s.sendto(seed.randbytes(seed.randrange(1, 1400)), to)
        s.sendto(b"", to)
        s.sendto(b"\r\n\r\n", to)        # keep-alive: no fault
    malformed()
    stray = rises(count("stray"), "stray responses")
    with udp(HOST) as s:
        s.sendto(f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {HOST}:{bed.sip_port};branch=z9hG4bKnone\r\n"
                 f"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: none\r\n"
                 f"CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n".encode(), to)
    stray()


def replayed_invite(s, bed):
    """The same INVITE again and again is one call, not many."""
    total = bed.tandem.status()["calls_total"]
    again = rises(lambda: bed.tandem.status()["sip"]["retransmits_in"], "repeated requests", 5)
    with udp(HOST) as u:
        message = invite(bed, f"{HOST}:{u.getsockname()[1]}", "again").replace(
            b"sip:7102", b"sip:9999")
        for _ in range(8):
            u.sendto(message, (HOST, bed.sip_port))
            time.sleep(0.01)
    again()
    check_equal(bed.tandem.status()["calls_total"] - total, 1, "calls made by 8 equal INVITEs")


def rtp_port(bed, end, seed):
    count = lambda name: lambda: bed.tandem.calls()[0]["from_rtp"][name]
    to = end.peer
    foreign = rises(count("foreign"), "RTP from elsewhere", 50)
    with udp(STRANGER) as s:
        for n in range(60):
            s.sendto(bytes([0x80, 0]) + seed.randbytes(170), to)
    foreign()
    malformed = rises(count("malformed"), "RTP that is none", 40)
    for size in range(1, 12):
        end.socket.sendto(bytes([0x80, 0]) + bytes(size - 1), to)
    for n in range(40):
        end.socket.sendto(bytes([seed.randrange(0x40)]) + seed.randbytes(100), to)  # version 0
    malformed()
    replayed = rises(lambda: count("duplicate")() + count("late")(), "RTP replayed", 20)
    packet = end.latest
    for _ in range(30):
        end.socket.sendto(packet, to)
    replayed()
    with udp(STRANGER) as s:
        s.sendto(seed.randbytes(100), (to[0], to[1] + 1))
    bad = rises(count("rtcp_bad"), "RTCP that is none", 5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((HOST, end.port + 1))
        for n in range(10):
            s.sendto(bytes([0x80, 200]) + seed.randbytes(20), (to[0], to[1] + 1))
    bad()


def wire_port(bed, relay, seed):
    count = lambda name: lambda: bed.tandem.span()["counts"][name]
    foreign = rises(count("foreign"), "pseudowire packets from elsewhere", 50)
    with udp(STRANGER) as s:
        for n in range(60):
            s.sendto(bytes([0, 0]) + seed.randbytes(194), (HOST, bed.span_port))
    foreign()
    malformed = rises(count("malformed"), "pseudowire packets of another shape", 50)
    for size in list(range(0, 196, 4)) + [197, 400, 1400]:
        relay.put_to_a(bytes(size))
    malformed()
    replayed = rises(lambda: count("duplicate")() + count("late")(), "pseudowire replays", 20)
    for packet in relay.to_a[-60:-30]:
        relay.put_to_a(packet)
    replayed()


def test(s):
    seed = random.Random(7)
    relays = []

    def between(gateway_port, pbx_port):
        relay = Relay(s, gateway_port, pbx_port)
        relays.append(relay)
        return relay.towards_a, relay.towards_b

    bed = Bed(s, "phone 7101 answer 0.1 play tone 800 -13\nphone 7102 answer 0.1",
              between=between)
    media = s.port_range(2)
    bank = RtpBank([(media, 1200)])
    caller = Sipp(s, "caller", "uac_call", to=bed.sip_port, number="7101", media=media,
                  hold_ms=HOLD_MS, **{"from": "7134"})
    bed.pbx.wait("connect", ext="7101")
    time.sleep(0.5)
    sip_port(bed, seed)
    rtp_port(bed, bank.ends[0], seed)
    wire_port(bed, relays[0], seed)
    check_equal(len(bed.tandem.calls()), 1, "the call is up, and no other")
    replayed_invite(s, bed)
    pbx_heard(bed.stage, bed.pbx.wait("report", timeout_s=15, ext="7101"), 1200, HOLD_MS / 1000 - 1)
    caller.finish()
    bank.stop()
    phone_heard(bed.stage, "SIP", audio.Heard(bank.ends[0].heard(0.2), 800), HOLD_MS / 1000 - 1.5)
    check_equal(bed.pbx.find("setup", ext="7102"), [], "calls to 7102, dialled by strangers only")
    bed.tandem.wait_idle()
    bed.pbx.process.stop()
    bed.tandem.process.stop()
    relays[0].stop()


if __name__ == "__main__":
    stage.main(test)
