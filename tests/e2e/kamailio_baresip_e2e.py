#!/usr/bin/env python3
"""A PBX and two registered phones of domain `cs`: calls both ways, audio both ways."""
import time

from lib import audio, stage
from lib.baresip import Baresip
from lib.bed import Bed
from lib.checks import ended, pbx_heard, phone_heard
from lib.kamailio import Kamailio
from lib.stage import check, check_equal, step

TALK_S = 1.5


def pbx_calls(bed, phone, far_hangs_up):
    bed.pbx.dial("7101", phone.number)
    bed.pbx.wait("connect", ext="7101", timeout_s=10)
    phone.wait_event("CALL_ESTABLISHED")
    time.sleep(TALK_S)
    if far_hangs_up:
        phone.hang_up()
    else:
        bed.pbx.hang_up("7101")
        phone.wait_event("CALL_CLOSED")
    finish(bed, phone, f"7101 to {phone.number}", far_hangs_up)


def phone_calls(bed, phone, pbx_hangs_up):
    phone.dial("7101")
    setup = bed.pbx.wait("setup", ext="7101")
    check_equal(setup["caller"]["number"], phone.number, "caller's number at the PBX")
    check_equal(setup["called"]["number"], "7101", "called number at the PBX")
    bed.pbx.wait("connect", ext="7101")
    phone.wait_event("CALL_ESTABLISHED")
    time.sleep(TALK_S)
    if pbx_hangs_up:
        bed.pbx.hang_up("7101")
        phone.wait_event("CALL_CLOSED")
    else:
        phone.hang_up()
    finish(bed, phone, f"{phone.number} to 7101", not pbx_hangs_up)


def finish(bed, phone, what, far_hung_up):
    report = bed.pbx.wait("report", ext="7101")
    check_equal(report["cause"], 16, f"{what}: cause at the PBX")
    check_equal(report["cleared_by"], "far" if far_hung_up else "near", f"{what}: cleared by")
    check(report["answered"], f"{what}: answered")
    pbx_heard(bed.stage, report, phone.hz, TALK_S - 0.4)
    time.sleep(0.3)                      # baresip closes its recording
    phone_heard(bed.stage, phone.number, audio.Heard(phone.heard(), 800), TALK_S - 0.4)
    bed.tandem.wait_idle()
    ended(bed, what, 16, 16, 16)
    step(f"{what}: good")


def test(s):
    sip_of_proxy = s.port()
    bed = Bed(s, 'phone 7101 name "Anna" answer 0.5 play tone 800 -13', peer_name="cs",
              peer_port=sip_of_proxy, peer_more="")
    proxy = Kamailio(s, bed.sip_port, port=sip_of_proxy)
    phones = [Baresip(s, "7134", proxy.port, 440), Baresip(s, "7135", proxy.port, 620)]
    step("both phones are registered")
    pbx_calls(bed, phones[0], far_hangs_up=True)
    pbx_calls(bed, phones[1], far_hangs_up=False)
    phone_calls(bed, phones[0], pbx_hangs_up=True)
    phone_calls(bed, phones[1], pbx_hangs_up=False)
    bed.finish()


if __name__ == "__main__":
    stage.main(test)
