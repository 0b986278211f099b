#!/usr/bin/env python3
"""Who is heard before the answer and after the end: no silence where a phone rings by itself, tones
where the PBX tells of them, and the announcement that comes with DISCONNECT."""
import time

from lib import audio, stage
from lib.bed import Bed
from lib.sip_phone import SipPhone
from lib.stage import check, check_equal, step

PHONES = """
phone 7101 answer 1.5 play tone 800 -13
phone 7102 never ringback
phone 7103 answer 0 play tone 900 -13
"""
ANNOUNCED_S = 1.5
SPAN = f"timer t305 {ANNOUNCED_S}"


def no_silence_while_it_rings(bed, phone):
    """RFC 3960: RTP would stop the ringing tone that the phone makes itself."""
    d = phone.dial(bed.sip_port, "7101")
    ringing = d.wait(180)
    check(not ringing.body, "180 has no SDP")
    since = time.monotonic()
    time.sleep(0.8)
    check_equal(len(d.rtp.heard(since)), 0, "octets that came while it rang")
    d.take_answer(d.wait(200))
    d.ack()
    since = time.monotonic() + 0.3
    time.sleep(0.8)
    check(audio.level_of(d.rtp.heard(since), 800) > -25, "its tone, once answered")
    d.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()


def always(bed, phone):
    """A PBX that plays ringing tone without a word: early_audio = "always" lets it be heard."""
    bed.tandem.configure(bed.peer_text + bed.rules, trunk='early_audio = "always"')
    check(bed.tandem.ask("reload")["ok"], "reload")
    d = phone.dial(bed.sip_port, "7101")
    ringing = d.wait(183)
    check(ringing.body, "183 has SDP")
    d.take_answer(ringing)
    since = time.monotonic()
    time.sleep(0.6)
    check(len(d.rtp.heard(since)) > 1600, "audio comes while it rings")
    d.take_answer(d.wait(200))
    d.ack()
    d.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()
    bed.tandem.configure(bed.peer_text + bed.rules)
    check(bed.tandem.ask("reload")["ok"], "reload")


def media_that_come(bed, phone):
    """SDP in a 180 is a promise: the PBX makes the ringing tone until RTP comes, then hears it."""
    bed.pbx.dial("7101", "7134")
    d = phone.wait_call(hz=1200)
    d.rtp.sending = False
    d.reply(d.invite, 180, "Ringing", d.sdp())
    check_equal(bed.pbx.wait("alerting", ext="7101", direction="out")["inband"], False,
                "tones told of too early")
    time.sleep(0.5)
    check(not bed.pbx.find("progress", ext="7101"), "PROGRESS without RTP")
    d.rtp.sending = True
    check_equal(bed.pbx.wait("progress", ext="7101")["inband"], True, "tones told of")
    time.sleep(0.8)
    d.reply(d.invite, 486, "Busy Here")
    d.wait("ACK")
    early = bed.pbx.wait("report", ext="7101")["early"]
    check(early["tone_hz"] is not None and abs(early["tone_hz"] - 1200) < 2, f"heard: {early}")
    bed.tandem.wait_idle()


def announcement_before_the_answer(bed, phone):
    """The tones of DISCONNECT are heard before the final response says why."""
    d = phone.dial(bed.sip_port, "7102")
    d.take_answer(d.wait(183))
    bed.pbx.command("disconnect t1-1 inband")
    bed.pbx.command("hangup 7102 1")
    start = time.monotonic()
    refused = d.wait("4xx")
    took = time.monotonic() - start
    heard = d.rtp.heard(start + 0.2, start + ANNOUNCED_S - 0.2)
    level = audio.level_of(heard, 440)
    step(f"{refused.status} came {took:.2f} s after DISCONNECT, 440 Hz before it: {level:.0f} dBm0")
    check_equal(refused.status, 404, "status")
    check(took > ANNOUNCED_S * 0.8, "the announcement was cut off")
    d.request("ACK", branch=d.branch, uri=d.target, cseq=d.cseq)
    check(level > -30, "the announcement was heard")
    bed.pbx.wait("report", ext="7102")
    bed.tandem.wait_idle()


def announcement_in_a_call(bed, phone):
    """Both were talking: BYE comes when the announcement is over."""
    d = phone.call(bed.sip_port, "7103")
    bed.pbx.wait("connect", ext="7103")
    time.sleep(0.3)
    bed.pbx.hang_up("7103")
    start = time.monotonic()
    d.wait_bye()
    took = time.monotonic() - start
    check(took > ANNOUNCED_S * 0.8, f"BYE after {took:.2f} s")
    level = audio.level_of(d.rtp.heard(start + 0.2, start + ANNOUNCED_S - 0.2), 900)
    check(level > -25, f"what it played was heard: {level:.0f} dBm0")
    bed.pbx.wait("report", ext="7103")
    bed.tandem.wait_idle()


def caller_gives_up(bed, phone):
    """Nobody has to hear an announcement to its end."""
    d = phone.dial(bed.sip_port, "7102")
    d.take_answer(d.wait(183))
    bed.pbx.command("hangup 7102 1")
    time.sleep(0.3)
    d.request("CANCEL", uri=f"sip:7102@{phone.host}:{bed.sip_port}", cseq=d.cseq)
    d.wait(487)
    start = time.monotonic()
    bed.pbx.wait("report", ext="7102")
    bed.tandem.wait_idle()
    check(time.monotonic() - start < ANNOUNCED_S, "the channel is free at once")
    bed.pbx.command("disconnect t1-1 plain")


def test(s):
    phone = SipPhone()
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="", span=SPAN)
    no_silence_while_it_rings(bed, phone)
    always(bed, phone)
    media_that_come(bed, phone)
    announcement_before_the_answer(bed, phone)
    announcement_in_a_call(bed, phone)
    caller_gives_up(bed, phone)
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
