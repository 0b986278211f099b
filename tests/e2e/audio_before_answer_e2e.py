#!/usr/bin/env python3
"""What is heard before the answer, and while a call is held: early media of either side, no early
media, hold by re-INVITE in all its forms, late offers, audio that moves to another port."""
import time

from lib import audio, stage
from lib.bed import Bed
from lib.checks import pbx_heard, phone_heard
from lib.rtp_end import RtpEnd
from lib.sip_phone import SipPhone
from lib.stage import check, check_equal, step

PHONES = """
phone 7101 answer 0.2 play tone 800 -13
phone 7103 answer 2 ringback play tone 900 -13
"""


def early_media_of_sip(s, bed, phone):
    """183 with audio: the PBX is told of it and its caller hears it; the answer cuts nothing."""
    bed.pbx.dial("7101", "7134")
    d = phone.wait_call(hz=1200)
    d.reply(d.invite, 183, "Session Progress", d.sdp())
    check_equal(bed.pbx.wait("progress", ext="7101")["inband"], True, "PROGRESS tells of the tones")
    time.sleep(1.5)
    check_equal(bed.tandem.calls()[0]["state"], "PROCEEDING", "not answered yet")
    d.reply(d.invite, 200, "OK", d.sdp())
    d.wait("ACK")
    bed.pbx.wait("connect", ext="7101")
    since = time.monotonic() + 0.3
    time.sleep(1)
    d.bye()
    report = bed.pbx.wait("report", ext="7101")
    early = report["early"]
    step(f"before the answer: {early['tone_hz']} Hz for {early['heard_ms']} ms")
    check(early["tone_hz"] is not None and abs(early["tone_hz"] - 1200) < 2, f"early: {early}")
    check(early["heard_ms"] > 1000, f"early: {early}")
    pbx_heard(s, report, 1200, 0.7)
    phone_heard(s, "SIP", audio.Heard(d.rtp.heard(since), 800), 0.5)
    bed.tandem.wait_idle()


def ringing_without_media(bed, phone):
    """180 without SDP: the PBX is not told of tones, so it makes the ringing tone itself."""
    bed.pbx.dial("7101", "7134")
    d = phone.wait_call()
    d.reply(d.invite, 180, "Ringing")
    check_equal(bed.pbx.wait("alerting", ext="7101").get("inband", False), False, "no tones told")
    d.reply(d.invite, 486, "Busy Here")
    d.wait("ACK")
    check_equal(bed.pbx.wait("report", ext="7101")["cause"], 17, "cause")
    bed.tandem.wait_idle()


def tones_of_pbx(s, bed, phone):
    """ALERTING with progress indicator 8: 183 with SDP, and the caller hears the ringing tone."""
    d = phone.dial(bed.sip_port, "7103", hz=1200)
    ringing = d.wait(183)
    d.take_answer(ringing)
    check(ringing.body, "the 183 has SDP")
    since = time.monotonic() + 0.2
    ok = d.wait(200)
    until = time.monotonic() - 0.1
    d.take_answer(ok)
    check_equal(ok.media(), ringing.media(), "the answer is the same in 183 and 200")
    d.ack()
    heard = d.rtp.heard(since, until)
    levels = [audio.level_of(heard, hz) for hz in (440, 480, 900)]
    step("SIP heard before the answer: 440, 480, 900 Hz at "
         + ", ".join(f"{level:.0f}" for level in levels) + " dBm0")
    check(min(levels[:2]) > -30 and levels[2] < -45, "the ringing tone")
    since = time.monotonic() + 0.3
    time.sleep(1)
    d.bye()
    phone_heard(s, "SIP after the answer", audio.Heard(d.rtp.heard(since), 900), 0.5)
    pbx_heard(s, bed.pbx.wait("report", ext="7103"), 1200, 0.7)
    bed.tandem.wait_idle()


def hold(s, bed, phone):
    """Held in each of its forms: nothing is sent to who does not want it; then all is back."""
    d = phone.call(bed.sip_port, "7101", hz=1200)
    bed.pbx.wait("connect", ext="7101")
    time.sleep(0.6)
    for offered, wanted in (("sendonly", "recvonly"), ("inactive", "inactive"),
                            ("recvonly", "sendonly")):
        ok = d.reinvite(offered)
        check_equal(ok.direction(), wanted, f"answer to {offered}")
        d.rtp.sending = offered == "sendonly"        # music on hold
        start = time.monotonic() + 0.1
        time.sleep(0.8)
        count = len(d.rtp.heard(start)) / audio.RATE
        if offered == "recvonly":
            check(count > 0.5, f"recvonly: {count} s of audio came")
        else:
            check_equal(count, 0, f"{offered}: audio that came")
    ok = d.reinvite("sendrecv")
    d.rtp.sending = True
    check_equal(ok.direction(), "sendrecv", "answer to sendrecv")
    since = time.monotonic() + 0.3
    time.sleep(1)
    d.bye()
    phone_heard(s, "SIP, resumed", audio.Heard(d.rtp.heard(since), 800), 0.5)
    heard = bed.pbx.wait("report", ext="7101")["heard"]
    whole = sum(t["heard_ms"] - t["gap_ms_total"] for t in heard["stretches"])
    step(f"7101 heard 1200 Hz for {whole} ms: before, in music on hold, and after")
    check(1900 < whole < 2900, f"heard for {whole} ms: {heard['stretches']}")
    bed.tandem.wait_idle()


def old_hold(bed, phone):
    """RFC 2543's way: the address 0.0.0.0."""
    d = phone.call(bed.sip_port, "7101", hz=1200)
    d.reinvite(body=d.sdp().replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"))
    start = time.monotonic() + 0.1
    time.sleep(0.4)
    check_equal(len(d.rtp.heard(start)), 0, "octets of audio that came while held")
    d.rtp.peer = None
    d.reinvite()
    time.sleep(0.5)
    check(len(d.rtp.heard(start)) > 1600, "audio is back")
    d.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()


def moved(s, bed, phone):
    """The audio moves to another port in a call; what still comes from the old one is dropped."""
    d = phone.call(bed.sip_port, "7101", hz=1200)
    time.sleep(0.6)
    old, d.rtp = d.rtp, RtpEnd(1500)
    d.reinvite()
    since = time.monotonic() + 0.3
    time.sleep(1)
    check_equal(len(old.heard(since)), 0, "octets that still went to the old port")
    check(bed.tandem.calls()[0]["from_rtp"]["foreign"] > 20, "what comes from it is foreign now")
    d.bye()
    phone_heard(s, "SIP at its new port", audio.Heard(d.rtp.heard(since), 800), 0.5)
    d.rtp.stop()
    stretches = bed.pbx.wait("report", ext="7101")["heard"]["stretches"]
    check_equal([round(t["tone_hz"], -2) for t in stretches], [1200, 1500], "tones heard")
    bed.tandem.wait_idle()


def late_offers(s, bed, phone):
    """INVITE and re-INVITE without SDP: our offer is in the 200, their answer in the ACK."""
    d = phone.dial(bed.sip_port, "7101", hz=1200, with_sdp=False)
    ok = d.take_answer(d.wait(200))
    check(ok.body, "the 200 has our offer")
    d.ack(d.sdp())
    time.sleep(0.6)
    d.request("INVITE")
    again = d.take_answer(d.wait(200))
    check_equal(again.media()[0], ok.media()[0], "address and port we offer again")
    d.ack(d.sdp())
    since = time.monotonic() + 0.2
    time.sleep(1)
    d.bye()
    phone_heard(s, "SIP, late offers", audio.Heard(d.rtp.heard(since), 800), 0.5)
    pbx_heard(s, bed.pbx.wait("report", ext="7101"), 1200, 1)
    bed.tandem.wait_idle()


def test(s):
    phone = SipPhone()
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="")
    early_media_of_sip(s, bed, phone)
    ringing_without_media(bed, phone)
    tones_of_pbx(s, bed, phone)
    hold(s, bed, phone)
    old_hold(bed, phone)
    moved(s, bed, phone)
    late_offers(s, bed, phone)
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
