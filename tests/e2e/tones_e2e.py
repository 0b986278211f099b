#!/usr/bin/env python3
"""The gateway's own tones, as heard at both ends: dial tone on SETUP ACKNOWLEDGE, ringing tone until RTP
arrives, busy tone before a failed call is cleared."""
import time

from lib import audio, stage
from lib.bed import Bed
from lib.checks import pbx_heard
from lib.sip_phone import SipPhone
from lib.stage import check, check_audio, check_equal, step

FAILURE_S = 1.6
GAP_S = 0.8
DIAL, RINGBACK, BUSY = (350, 440), (440, 480), (480, 620)
LEVEL = {DIAL: -10, RINGBACK: -16, BUSY: -21}   # of both together, the precise tone plan
TRUNK = ('switch_type = "euroisdn"\n\toverlap = "receive"\n\tdial_tone = true\n\tringback = "own"\n\t'
         f'failure_tone_ms = {int(FAILURE_S * 1000)}')
PEER = f'ringback = "own"\n\tfailure_tone_ms = {int(FAILURE_S * 1000)}'
PHONES = """
phone 7101 answer 0 play tone 800 -13
phone 7102 never
phone 7103 busy
"""


def pair(report, hz):
    """How long the PBX's phone heard the two frequencies, in ms; their level is right."""
    heard = [t for t in report["early"]["stretches"] if "tone2_hz" in t
             and sorted((round(t["tone_hz"]), round(t["tone2_hz"]))) == list(hz)]
    ms = sum(t["heard_ms"] for t in heard)
    step(f"{hz[0]} and {hz[1]} Hz for {ms:.0f} ms at {[t['level_dbm0'] for t in heard]} dBm0")
    check(heard, f"{hz} was not heard: {report['early']}")
    for t in heard:
        check_audio(abs(t["level_dbm0"] - LEVEL[hz]) < 1.5, f"level of {hz}: {t}")
    return ms


def dial_tone_and_busy(bed, phone):
    """No digit in SETUP: dial tone until the first; then the number is busy, which is heard too."""
    bed.pbx.command(f"dial 7101 7134 overlap {GAP_S}")
    d = phone.wait_call()
    d.reply(d.invite, 486, "Busy Here")
    d.wait("ACK")
    check_equal(bed.pbx.wait("progress", ext="7101")["inband"], True, "PROGRESS tells of busy tone")
    start = time.monotonic()
    report = bed.pbx.wait("report", ext="7101")
    took = time.monotonic() - start
    check_equal(report["cause"], 17, "cause")
    check(took > FAILURE_S - 0.4, f"cleared {took:.2f} s after PROGRESS, too soon")
    check_audio(took < FAILURE_S + 0.6, f"cleared {took:.2f} s after PROGRESS")
    ms = pair(report, DIAL)
    check_audio(abs(ms - GAP_S * 1000) < 250, f"dial tone for {ms} ms")
    ms = pair(report, BUSY)
    check_audio(FAILURE_S * 1000 - 900 < ms < FAILURE_S * 1000 + 300, f"busy tone for {ms} ms")
    bed.tandem.wait_idle()


def ringing_until_rtp_comes(s, bed, phone):
    """180 with SDP but no RTP yet: our ringing tone; then what the phone plays, then its answer."""
    bed.pbx.dial("7101", "7134")
    d = phone.wait_call(hz=1200)
    d.rtp.sending = False
    d.reply(d.invite, 180, "Ringing", d.sdp())
    check_equal(bed.pbx.wait("alerting", ext="7101")["inband"], True, "ALERTING tells of tones")
    time.sleep(1.5)
    d.rtp.sending = True
    time.sleep(1.0)
    d.reply(d.invite, 200, "OK", d.sdp())
    d.wait("ACK")
    bed.pbx.wait("connect", ext="7101")
    time.sleep(1.0)
    d.bye()
    report = bed.pbx.wait("report", ext="7101")
    ms = pair(report, RINGBACK)
    check_audio(1200 < ms < 2000, f"ringing tone for {ms} ms")
    remote = [t for t in report["early"]["stretches"] if abs(t["tone_hz"] - 1200) < 2]
    check_audio(remote and remote[0]["heard_ms"] > 600, f"what came early: {report['early']}")
    pbx_heard(s, report, 1200, 0.7)
    bed.tandem.wait_idle()


def ringing_to_sip(bed, phone):
    """ALERTING without tones: 183 with our ringing tone for a peer that makes none."""
    d = phone.dial(bed.sip_port, "7102")
    d.take_answer(d.wait(183))
    since = time.monotonic() + 0.2
    time.sleep(1.2)
    levels = [audio.level_of(d.rtp.heard(since), hz) for hz in RINGBACK]
    step("SIP heard 440 and 480 Hz at " + ", ".join(f"{level:.1f}" for level in levels) + " dBm0")
    check_audio(all(abs(level + 19) < 1.5 for level in levels), "ringing tone of the tone plan")
    d.request("CANCEL", uri=f"sip:7102@{phone.host}:{bed.sip_port}", cseq=d.cseq)
    d.wait(487)
    bed.pbx.wait("report", ext="7102")
    bed.tandem.wait_idle()


def busy_to_sip(bed, phone):
    """Refused by the PBX: busy tone as early media, then 486."""
    d = phone.dial(bed.sip_port, "7103")
    d.take_answer(d.wait(183))
    start = time.monotonic()
    refused = d.wait("4xx")
    took = time.monotonic() - start
    check_equal(refused.status, 486, "status")
    check(took > FAILURE_S - 0.4, f"486 came {took:.2f} s after 183, too soon")
    check_audio(took < FAILURE_S + 0.6, f"486 came {took:.2f} s after 183")
    heard = d.rtp.heard(start + 0.2, start + 1.2)     # a whole period
    levels = [audio.level_of(heard, hz) for hz in BUSY]
    step(f"486 after {took:.2f} s; SIP heard 480 and 620 Hz at "
         + ", ".join(f"{level:.1f}" for level in levels) + " dBm0, half of the time")
    # -24 dBm0 each, half of the time: 6 dB less over all of it.
    check_audio(all(abs(level + 30) < 1.5 for level in levels), "busy tone of the tone plan")
    d.request("ACK", branch=d.branch, uri=d.target, cseq=d.cseq)
    bed.tandem.wait_idle()


def test(s):
    phone = SipPhone()
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port,
              peer_more=PEER, trunk=TRUNK, span="switch euroisdn overlap send")
    dial_tone_and_busy(bed, phone)
    ringing_until_rtp_comes(s, bed, phone)
    ringing_to_sip(bed, phone)
    busy_to_sip(bed, phone)
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
