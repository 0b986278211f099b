#!/usr/bin/env python3
"""Keys pressed in a call: telephone-events become DTMF on the line, DTMF on the line becomes
telephone-events, each exactly once; as plain audio where events were not agreed on."""
import time

from lib import stage
from lib.bed import Bed
from lib.sip_phone import SipPhone
from lib.stage import check, check_equal, step

DIGITS = "1234567890*#ABCD1155"


def sip_to_pbx(bed, phone):
    d = phone.call(bed.sip_port, "7101")
    d.rtp.send_digits(DIGITS)
    d.rtp.send_digits("77", ms=60)
    time.sleep(0.3)
    d.bye()
    heard = bed.pbx.wait("report", ext="7101")["heard"]
    check_equal(heard["dtmf"], DIGITS + "77", "digits heard by the PBX")
    step(f"SIP pressed, the PBX heard {heard['dtmf']}")
    bed.tandem.wait_idle()


def pbx_to_sip(bed, phone):
    d = phone.call(bed.sip_port, "7101")
    bed.pbx.wait("connect", ext="7101")
    bed.pbx.command(f"dtmf 7101 {DIGITS}")
    time.sleep(len(DIGITS) * 0.25 + 0.5)
    d.bye()
    bed.pbx.wait("report", ext="7101")
    events = d.rtp.events()
    check_equal("".join(e[0] for e in events), DIGITS, "digits that came as events")
    check_equal({e[1] for e in events}, {3}, "packets with the end bit, each")
    step("the PBX pressed, SIP got " + "".join(e[0] for e in events))
    bed.tandem.wait_idle()


def inband(bed):
    """A phone that offers no events gets and sends tones as audio."""
    phone = SipPhone(with_events=False)
    bed.tandem.configure(bed.peer_text.replace(f":{bed.peer_port}", f":{phone.port}") + bed.rules)
    check(bed.tandem.ask("reload")["ok"], "reload")
    d = phone.call(bed.sip_port, "7101")
    bed.pbx.wait("connect", ext="7101")
    bed.pbx.command("dtmf 7101 159")
    time.sleep(1.5)
    d.bye()
    bed.pbx.wait("report", ext="7101")
    check_equal(d.rtp.kinds(), {0}, "payload types that came")
    step("without events agreed on: tones in the audio only")
    bed.tandem.wait_idle()
    phone.stop()


def no_digits_in_log(bed):
    """What is pressed after the answer may be a card number."""
    log = bed.tandem.process.log()
    check(DIGITS[:8] not in log and "1234567890" not in log, "no pressed digits in the log")


def test(s):
    phone = SipPhone()
    bed = Bed(s, "phone 7101 answer 0 play silence", peer_name="cs", peer_port=phone.port,
              peer_more="", span="buffer 10 20")
    for area in ("gateway", "call", "tdm", "isup", "sip", "media", "conf"):
        bed.tandem.ask(f"log {area} debug")
    sip_to_pbx(bed, phone)
    pbx_to_sip(bed, phone)
    no_digits_in_log(bed)
    inband(bed)
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
