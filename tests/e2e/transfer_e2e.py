#!/usr/bin/env python3
"""Hold and transfer, as people hear them: a real SIP phone holds its caller on the PBX, who hears
music, and transfers him to another extension; the PBX holds a SIP phone, which hears music; a SIP
phone with two calls connects them; another takes a call over by INVITE with Replaces.  Before and
after, each one hears whom it should, and nobody else."""
import time

from lib import audio, stage
from lib.baresip import Baresip
from lib.bed import Bed, peer
from lib.sip_phone import SipPhone
from lib.stage import check, check_equal, step, wait_for

MUSIC_HZ, BARESIP_HZ, PHONE_HZ = 700, 1300, 1700
TONES = {"7101": 400, "7102": 950}
RULES = """
rule "to baresip" {{ from = "pbx" number = "72XX" to = "cs" }}
rule "to the phone" {{ number = "73XX" to = "phone" }}
rule "to the PBX" {{ number = "71XX" to = "pbx" }}
"""


def tones(report):
    """[hz, ms] of what was heard one after another."""
    return [(round(t["tone_hz"] / 10) * 10, t["heard_ms"]) for t in report["heard"]["stretches"]
            if t["heard_ms"] >= 200]


def hears(bed, ext, hz, what):
    """The newest tone in the ear of ext is hz, and stays."""
    def newest():
        heard = tones(bed.pbx.command(f"report {ext}")["report"])
        return heard and abs(heard[-1][0] - hz) <= 10 and heard[-1][1] >= 400
    wait_for(newest, lambda: f"{what}: {ext} hears {hz} Hz, not {bed.pbx.command(f'report {ext}')}")
    step(f"{what}: {ext} hears {hz} Hz")


def phone_hears(dialog, hz, what):
    def newest():
        samples = dialog.rtp.heard(time.monotonic() - 0.4)
        return len(samples) >= 2000 and audio.level_of(samples, hz) > -25 and \
            audio.level_of(samples, hz) > audio.rms_dbm0(samples) - 3
    wait_for(newest, f"{what}: the phone hears {hz} Hz")
    step(f"{what}: the phone hears {hz} Hz")


def held(dialog, direction):
    """The gateway puts the phone on hold, or takes it back."""
    invite = dialog.wait("INVITE")
    check_equal(invite.direction(), direction, "direction of the re-INVITE")
    dialog.reply(invite, 200, "OK",
                 dialog.sdp(direction="recvonly" if direction == "sendonly" else "sendrecv"))
    dialog.wait("ACK")


def baresip_holds_and_transfers(bed, soft):
    bed.pbx.dial("7101", "7200")
    bed.pbx.wait("connect", ext="7101")
    hears(bed, "7101", BARESIP_HZ, "talking")
    soft.command("hold")
    hears(bed, "7101", MUSIC_HZ, "on hold")
    soft.command("resume")
    hears(bed, "7101", BARESIP_HZ, "back")
    soft.command("transfer", "sip:7102@cs")
    bed.pbx.wait("connect", ext="7102")
    hears(bed, "7101", TONES["7102"], "transferred")
    hears(bed, "7102", TONES["7101"], "transferred")
    soft.wait_event("CALL_CLOSED")
    call, = bed.tandem.calls()
    check_equal({call["from"][:4], call["to"][:4]}, {"t1-1"}, "both ends of the call that is left")
    check_equal(bed.tandem.span()["trunk"]["tromboned"], 1, "calls that need two channels")
    bed.pbx.hang_up("7102")
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()


def pbx_holds(bed, phone):
    d = phone.dial(bed.sip_port, "7101", hz=PHONE_HZ)
    d.take_answer(d.wait(200))
    d.ack()
    bed.pbx.wait("connect", ext="7101")
    phone_hears(d, TONES["7101"], "talking")
    bed.pbx.command("hold 7101")
    bed.pbx.wait("held", ext="7101")
    held(d, "sendonly")
    phone_hears(d, MUSIC_HZ, "held by the PBX")
    wait_for(lambda: "B" not in bed.tandem.span()["slots"], "the channel is free")
    bed.pbx.command("retrieve 7101")
    bed.pbx.wait("retrieved", ext="7101")
    held(d, "sendrecv")
    phone_hears(d, TONES["7101"], "retrieved")
    hears(bed, "7101", PHONE_HZ, "retrieved")
    return d


def attended(bed, phone, first):
    """The phone talks to 7101 already; it calls 7102 and connects the two."""
    first.reinvite("sendonly")
    first.rtp.sending = False
    second = phone.dial(bed.sip_port, "7102", hz=PHONE_HZ)
    second.take_answer(second.wait(200))
    second.ack()
    bed.pbx.wait("connect", ext="7102")
    hears(bed, "7101", MUSIC_HZ, "consultation")
    hears(bed, "7102", PHONE_HZ, "consultation")
    tag = {d: d.remote.split("tag=")[1] for d in (first, second)}
    mine = second.local.split("tag=")[1]
    first.request("REFER", headers=[
        f"Refer-To: <sip:7102@cs?Replaces={second.call_id}%3Bto-tag%3D{tag[second]}"
        f"%3Bfrom-tag%3D{mine}>"])
    first.wait(202)
    for _ in range(2):
        notify = first.wait("NOTIFY")
        first.reply(notify, 200)
    check("SIP/2.0 200" in notify.body, f"the last NOTIFY: {notify.body}")
    second.wait_bye()
    first.wait_bye()
    hears(bed, "7101", TONES["7102"], "connected")
    hears(bed, "7102", TONES["7101"], "connected")
    bed.pbx.hang_up("7101")
    bed.pbx.wait("report", ext="7102")
    bed.tandem.wait_idle()


def taken_over(bed, phone):
    """Another phone of the same peer picks the call up."""
    bed.pbx.dial("7101", "7300")
    first = phone.answer(hz=BARESIP_HZ)
    bed.pbx.wait("connect", ext="7101")
    hears(bed, "7101", BARESIP_HZ, "talking")
    ours = first.invite.get("From").split("tag=")[1]
    mine = first.local.split("tag=")[1]
    second = phone.dial(bed.sip_port, "7101", hz=PHONE_HZ, headers=[
        f"Replaces: {first.call_id};to-tag={ours};from-tag={mine}"])
    second.take_answer(second.wait(200))
    second.ack()
    first.wait_bye()
    hears(bed, "7101", PHONE_HZ, "taken over")
    phone_hears(second, TONES["7101"], "taken over")
    second.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()


def test(s):
    music = s.path("music.wav")
    audio.write_wav(music, audio.tone(MUSIC_HZ, 7))
    phone = SipPhone(number="7300")
    phones = "\n".join(f"phone {ext} lines 2 answer 0 play tone {hz}" for ext, hz in TONES.items())
    port = s.port()
    bed = Bed(s, phones, peer_name="cs", peer_port=port, peer_more="transfer = yes",
              media=f'hold_audio = "{music}"', rules=RULES
              + peer("phone", phone.port, "transfer = yes").replace("{", "{{").replace("}", "}}"))
    soft = Baresip(s, "7200", bed.sip_port, BARESIP_HZ, register=False, sip_port=port)
    baresip_holds_and_transfers(bed, soft)
    attended(bed, phone, pbx_holds(bed, phone))
    taken_over(bed, phone)
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
