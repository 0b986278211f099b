#!/usr/bin/env python3
"""A far end that hangs up by busy tone alone: the call ends by itself, and not without the option."""
import time

from lib import audio, stage
from lib.bed import Bed
from lib.sip_phone import SipPhone
from lib.stage import check, check_audio, check_equal, step

TALK_S, BUSY_S = 0.8, 8
PERIODS = 3
PHONES = """
phone 7101 answer 0 play file {path}
"""


def write_recording(path):
    """A talk, say, and then busy tone."""
    pair = [a + b for a, b in zip(audio.tone(480, 0.5, -24), audio.tone(620, 0.5, -24))]
    audio.write_wav(path, audio.tone(300, TALK_S) + (pair + [0] * 4000) * BUSY_S)


def hangs_up(bed, phone):
    d = phone.call(bed.sip_port, "7101")
    start = time.monotonic()
    d.wait_bye()
    took = time.monotonic() - start
    step(f"BYE {took:.2f} s after the answer")
    check(took > TALK_S + PERIODS - 0.5, f"BYE after {took:.2f} s, too soon")
    # Three whole periods are seen when the fourth begins; a jump in the sound begins them anew.
    check_audio(took < TALK_S + PERIODS + 1.5, f"BYE after {took:.2f} s")
    check_equal(bed.pbx.wait("report", ext="7101")["cause"], 16, "cause")
    bed.tandem.wait_idle()
    bed.tandem.wait_log("busy tone is heard")


def without_it_nothing_happens(bed, phone):
    bed.tandem.configure(bed.peer_text + bed.rules)
    check(bed.tandem.ask("reload")["ok"], "reload")
    d = phone.call(bed.sip_port, "7101")
    time.sleep(TALK_S + PERIODS + 1.5)
    check_equal(bed.tandem.calls()[0]["state"], "CONNECTED", "state")
    d.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()


def test(s):
    phone = SipPhone()
    path = s.path("busy.wav")
    write_recording(path)
    bed = Bed(s, PHONES.format(path=path), peer_name="cs", peer_port=phone.port, peer_more="",
              trunk="hangup_on_busy = true")
    hangs_up(bed, phone)
    without_it_nothing_happens(bed, phone)
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
