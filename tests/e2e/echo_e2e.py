#!/usr/bin/env python3
"""A SIP phone speaks to an analog phone of the PBX and hears itself, by the hybrid there: with the
echo canceller it does so no more.  The same way both times, through the pseudowire and its buffers."""
import random
import time

from lib import audio, stage
from lib.bed import Bed
from lib.rtp_bank import _encode as encode_ulaw
from lib.rtp_end import PCMU
from lib.sip_phone import SipPhone
from lib.stage import check, check_equal, step, wait_for

SECONDS = 6
LEARNING_S = 3
FRAME = 160
LOSS_DB = 8
LESS_DB = 20    # of echo, at least: what the noise taken for the room's leaves


def noise(dbm0):
    rng = random.Random(1)
    samples = [rng.gauss(0, 1) for _ in range(audio.RATE)]
    scale = 10 ** ((dbm0 - audio.rms_dbm0(samples)) / 20)
    return bytes(encode_ulaw(int(s * scale)) for s in samples)


def echo_level(bed, phone):
    """Of what the phone hears after the canceller had its time, and the call as tandemctl sees it."""
    d = phone.dial(bed.sip_port, "7101")
    d.rtp._tone = {PCMU: noise(-15)}
    d.take_answer(d.wait(200))
    d.ack()
    bed.pbx.wait("connect", ext="7101")
    began = time.monotonic()
    wait_for(lambda: time.monotonic() > began + SECONDS, "the phone has spoken", SECONDS + 5)
    seen = bed.tandem.calls()
    heard = d.rtp.heard(began + LEARNING_S)
    check(len(heard) > audio.RATE, f"the phone heard {len(heard)} samples")
    d.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()
    # A slip of a busy machine is another path, which is learned again: what most of the time had.
    levels = sorted(audio.rms_dbm0(heard[at:at + FRAME]) for at in range(0, len(heard) - FRAME, FRAME))
    return levels[len(levels) // 2], seen[0]


def test(s):
    phone = SipPhone()
    bed = Bed(s, f"phone 7101 answer 0 hybrid {LOSS_DB} 5 long play silence", peer_name="cs",
              peer_port=phone.port, peer_more="", span="buffer 10 20",
              trunk='echo_canceller = "off"')
    check_equal(bed.tandem.span()["trunk"]["echo_canceller"], "off", "the canceller of the trunk")
    without, seen = echo_level(bed, phone)
    check("to_echo" not in seen, f"no canceller in {seen}")
    check(abs(without - (-15 - LOSS_DB)) < 4, f"echo without a canceller: {without:.1f} dBm0")

    bed.tandem.configure(bed.peer_text + bed.rules, trunk='echo_canceller = "auto"')
    check(bed.tandem.ask("reload")["ok"], "reload")
    wait_for(lambda: bed.tandem.span()["trunk"]["echo_canceller"].startswith("tandem's"),
             lambda: f"the canceller is tandem's: {bed.tandem.span()}", 20)
    wait_for(lambda: bed.tandem.span()["trunk"]["up"]
             and bed.tandem.span()["slots"] == "." * 23 + "D",
             lambda: f"all channels are idle again: {bed.tandem.span()}", 20)
    level, seen = echo_level(bed, phone)
    report = seen["to_echo"]
    check(level < without - LESS_DB,
          f"echo: {without:.1f} dBm0 without, {level:.1f} with the canceller; {report}")
    check(report["converged"], f"learned: {report}")
    check(report["erle_db"] > 20 and abs(report["erl_db"] - LOSS_DB) < 4, f"reported: {report}")
    bed.tandem.wait_log("to_echo=erl_db:")
    step(f"echo {without:.1f} dBm0 without, {level:.1f} with the canceller; {report}")
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
