#!/usr/bin/env python3
"""Two spans on two media workers, a trunk on each: ISDN to ISDN bit by bit, a group that hunts over
both, one line lost while the other carries on."""
import array
import random
import time

from lib import audio, stage
from lib.rtp_bank import DECODE
from lib.checks import pbx_heard
from lib.simpbx import Simpbx
from lib.sip_phone import SipPhone
from lib.stage import HOST, check, check_audio, check_equal, step, wait_for
from lib.tandem import Gateway

CONFIG = """
media {{ workers = 2 rtp_ports = "{rtp}-{rtp_last}" }}
sip {{ listen = {{"127.0.0.1:{sip}"}} }}
span "a" {{ local = "127.0.0.1:{span_a}" peer = "127.0.0.1:{pbx_a}"
	buffer_min_ms = 10 buffer_max_ms = 20 }}
span "b" {{ local = "127.0.0.1:{span_b}" peer = "127.0.0.1:{pbx_b}"
	buffer_min_ms = 10 buffer_max_ms = 20 }}
trunk "east" {{ span = "a" group = "both" slots = "1-2" }}
trunk "west" {{ span = "b" group = "both" }}
peer "cs" {{ address = {{"127.0.0.1:{phone}"}} }}
rule "to the other" {{ from = "east" number = "72XX" to = "west" }}
rule "and back" {{ from = "west" number = "71XX" to = "east" }}
rule "hairpin" {{ from = "west" number = "73XX" to = "west" strip = 1 prefix = "2" }}
rule "group" {{ from = "cs" number = "." to = "both" }}
rule "from any" {{ from = "both" number = "8." to = "cs" }}
"""
OCTETS = 24000


def raw_octets(samples):
    """mu-law octets of decoded samples; both zeros are one here."""
    table = {DECODE[o]: o for o in reversed(range(256))}
    return bytes(table[s] for s in samples)


def bit_exact(s, a, b, noise):
    """Noise in every octet value, found in the other's recording octet by octet."""
    call = a.dial("7101", "7201")["call"]
    b.wait("connect", ext="7201")
    time.sleep(4)
    a.hang_up("7101")
    report = b.wait("report", ext="7201")
    check_equal(report["cause"], 16, "cause at the far PBX")
    a.wait("report", ext="7101")
    for name in ("heard-7201.wav", "heard-7101.wav"):
        got = raw_octets(audio.read_wav(s.path(name)))
        wanted = raw_octets(DECODE[o] for o in noise)
        doubled = wanted * 3
        # the longest stretch that is as it was played
        best, at = 0, 0
        while at < len(got) - 200:
            place = doubled.find(got[at:at + 100])
            if place < 0:
                at += 100
                continue
            n = 100
            while at + n < len(got) and place + n < len(doubled) and got[at + n] == doubled[place + n]:
                n += 1
            best, at = max(best, n), at + n
        step(f"call {call}: {name}: {best} octets in a row are as they were played, of {len(got)}")
        least = 30000 if s.strain.seen()[0] == 0 else 16000
        check_audio(best > least, f"{name}: only {best} octets in a row are right, not {least}")


def group_hunts(tandem, phone, ports, a, b):
    """Two slots of east, then west; with one trunk silent all go to the other."""
    a.events.clear()
    b.events.clear()
    calls = [phone.call(ports["sip"], number) for number in ("7110", "7111", "7210", "7211")]
    check_equal((len(a.find("connect")), len(b.find("connect"))), (2, 2), "calls per PBX")
    for call in calls:
        call.bye()
    tandem.wait_idle()
    for pbx in (a, b):
        for n in range(2):
            pbx.wait("report")
    a.command("alarm t1-1 yellow")
    wait_for(lambda: tandem.spans()["a"]["failed"], "the alarm is seen", 10)
    call = phone.call(ports["sip"], "7210")
    call.bye()
    check_equal(b.wait("report", ext="7210")["cause"], 16, "the call took the other trunk")
    tandem.wait_idle()
    b.command("alarm t1-1 yellow")
    wait_for(lambda: tandem.spans()["b"]["failed"], "the alarm is seen", 10)
    call = phone.dial(ports["sip"], "7210")
    refused = call.wait("5xx")
    call.request("ACK", branch=call.branch, uri=f"sip:7210@{HOST}:{ports['sip']}", cseq=call.cseq)
    step(f"both lines in alarm: {refused.start}; {refused.get('Reason')}")
    check("cause=38" in refused.get("Reason"), "cause 38, network out of order")
    for pbx in (a, b):
        pbx.command("alarm t1-1 none")
    tandem.wait_up("a", "b")


def hairpin(tandem, b):
    """In and out on one span."""
    b.dial("7210", "7311")
    report = b.wait("connect", ext="2311")
    time.sleep(1.5)
    b.hang_up("7210")
    heard = b.wait("report", ext="2311")
    pbx_heard(tandem.stage, heard, 700, 1)
    pbx_heard(tandem.stage, b.wait("report", ext="7210"), 900, 1)
    check(report["slot"] != heard.get("caller"), "another slot")


def test(s):
    seed = random.Random(3)
    noise = bytes(o for o in (seed.randrange(256) for _ in range(OCTETS)))
    with open(s.path("noise.wav"), "wb"):
        pass
    audio.write_wav(s.path("noise.wav"), array.array("h", (DECODE[o] for o in noise)))
    phone = SipPhone()
    ports = {name: s.port() for name in ("sip", "span_a", "span_b", "pbx_a", "pbx_b")}
    ports.update(rtp=s.port_range(32), phone=phone.port)
    tandem = Gateway(s, CONFIG.format(rtp_last=ports["rtp"] + 31, **ports))
    a = Simpbx(s, ports["pbx_a"], ports["span_a"], f"""
phone 7101 play file {s.path("noise.wav")} record {s.path("heard-7101.wav")}
phone 7110-7111 answer 0
phone 7210-7211 answer 0
""", span="buffer 10 20 slots 1-2", name="pbx-a")
    b = Simpbx(s, ports["pbx_b"], ports["span_b"], f"""
phone 7201 answer 0.1 play file {s.path("noise.wav")} record {s.path("heard-7201.wav")}
phone 7110-7111 answer 0
phone 7210-7211 answer 0 play tone 700 -13
phone 2311 answer 0 play tone 900 -13
""", span="buffer 10 20", name="pbx-b")
    tandem.wait_up("a", "b")
    bit_exact(s, a, b, noise)
    group_hunts(tandem, phone, ports, a, b)
    hairpin(tandem, b)
    tandem.wait_idle()
    tandem.check_log_clean()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
