#!/usr/bin/env python3
"""What breaks in the middle of calls: the D-channel falls silent and comes back, alarms come and
go, the line is cut, a peer stops sending RTP.  What the calls, the log and tandemctl say of each."""
import time

from lib import audio, stage
from lib.bed import Bed
from lib.checks import pbx_heard, phone_heard
from lib.sip_phone import SipPhone
from lib.stage import HOST, check, check_equal, step, wait_for

PHONES = """
phone 7101 answer 0 play tone 800 -13
phone 7102 answer 0 play tone 900 -13
"""


def refused(bed, phone, number, what):
    d = phone.dial(bed.sip_port, number)
    got = d.wait("5xx")
    d.request("ACK", branch=d.branch, uri=f"sip:{number}@{HOST}:{bed.sip_port}", cseq=d.cseq)
    step(f"{what}: {got.start}, {got.get('Reason')}")
    return got


def is_heard(s, d, hz, what):
    since = time.monotonic() + 0.1
    time.sleep(0.8)
    phone_heard(s, what, audio.Heard(d.rtp.heard(since), hz), 0.4)


def dchannel_back(bed):
    """Both ends know of it: each asks for it by a SABME of its own, and a call between the two
    would be lost."""
    bed.pbx.find("trunk-up")
    bed.pbx.events = [e for e in bed.pbx.events if e.get("event") != "trunk-up"]
    bed.pbx.command("dchan t1-1 normal")
    bed.pbx.wait("trunk-up", timeout_s=20)
    wait_for(lambda: bed.tandem.span()["trunk"]["up"], "the D-channel is back", 20)


def dchannel_lost_and_back(s, bed, phone):
    """Q.931 5.8.8: calls that are up stay up; nothing new until it is back."""
    d = phone.call(bed.sip_port, "7101", hz=1200)
    is_heard(s, d, 800, "at first")      # CONNECT is acknowledged by now, or T313 would end the call
    bed.pbx.command("dchan t1-1 silent")
    bed.tandem.wait_log("pbx: D-channel down", 20)
    check_equal(bed.tandem.span()["trunk"]["up"], False, "tandemctl spans says so")
    is_heard(s, d, 800, "with the D-channel down")
    check("cause=38" in refused(bed, phone, "7102", "a new call").get("Reason"), "cause 38")
    dchannel_back(bed)
    is_heard(s, d, 800, "with the D-channel back")
    second = phone.call(bed.sip_port, "7102", hz=1100)
    second.bye()
    bed.pbx.wait("report", ext="7102")
    d.bye()
    pbx_heard(s, bed.pbx.wait("report", ext="7101"), 1200, 5)
    bed.tandem.wait_idle()
    step("the D-channel was lost and is back: the call stayed")


def dchannel_stays_away(bed, phone):
    """T309: when it does not come back, the calls end, with cause 27."""
    d = phone.call(bed.sip_port, "7101")
    bed.pbx.command("dchan t1-1 silent")
    bye = d.wait_bye(30)
    step(f"T309: {bye.get('Reason')}")
    check("cause=27" in bye.get("Reason"), "Reason of BYE: destination out of order")
    dchannel_back(bed)
    bed.pbx.wait("report", ext="7101", timeout_s=30)
    bed.tandem.wait_idle(20)


def alarms(s, bed, phone):
    """Yellow and blue: logged, shown, nothing new is put there; the call that is up stays."""
    d = phone.call(bed.sip_port, "7101", hz=1200)
    for alarm in ("yellow", "blue"):
        bed.pbx.command(f"alarm t1-1 {alarm}")
        wait_for(lambda a=alarm: bed.tandem.span()["alarms"] == a, f"tandemctl spans: {alarm}", 5)
        bed.tandem.wait_log(f"span t1-1: alarms: {alarm}")
        wait_for(lambda: bed.tandem.span()["failed"], "the alarm is a failure now", 5)
        refused(bed, phone, "7102", f"a new call with alarm {alarm}")
        bed.pbx.command("alarm t1-1 none")
        wait_for(lambda: bed.tandem.span()["alarms"] == "none", "the alarm is over", 5)
        wait_for(lambda: not bed.tandem.span()["failed"], "so is the failure", 5)
        wait_for(lambda: bed.tandem.span()["trunk"]["up"], "the D-channel is up", 20)
        is_heard(s, d, 800, f"after {alarm}")
    check_equal(len(bed.tandem.calls()), 1, "calls up")
    d.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()


def rtp_stops(bed, phone):
    """Reported once, in the log with the call's name and in tandemctl; and when it is back."""
    d = phone.call(bed.sip_port, "7101")
    time.sleep(0.5)
    d.rtp.sending = False
    line = bed.tandem.wait_log("no RTP arrives", 5)
    step(line.split(" ", 1)[1])
    check(" call " in line and "sip:7134" in line, "the line names the call")
    call = bed.tandem.calls()[0]
    step(f"tandemctl calls: {call}")
    check_equal(call.get("no_rtp"), ["from"], "tandemctl calls says which side is silent")
    d.rtp.sending = True
    bed.tandem.wait_log("RTP arrives again", 5)
    check("no_rtp" not in bed.tandem.calls()[0], "tandemctl calls: no more")
    check_equal(bed.tandem.process.log().count("no RTP arrives"), 1, "reported once")
    d.bye()
    bed.pbx.wait("report", ext="7101")
    # Held: nothing is expected, nothing reported.
    d = phone.call(bed.sip_port, "7101")
    d.reinvite("inactive")
    d.rtp.sending = False
    time.sleep(2)
    d.bye()
    bed.pbx.wait("report", ext="7101")
    check_equal(bed.tandem.process.log().count("no RTP arrives"), 1, "nothing reported on hold")
    bed.tandem.wait_idle()


def peer_gone(bed, phone):
    """A phone that died answers no BYE: the call is over all the same."""
    d = phone.call(bed.sip_port, "7101")
    bed.pbx.hang_up("7101")
    bed.pbx.wait("report", ext="7101")
    d.wait("BYE")
    bed.tandem.wait_idle(20)


def line_cut(bed, phone):
    """The PBX is gone without a word: red alarm; the call ends by T309."""
    d = phone.call(bed.sip_port, "7101")
    bed.pbx.process.kill()
    bed.tandem.wait_log("span t1-1: alarms: red", 5)
    bye = d.wait_bye(30)
    step(f"line cut: {bye.get('Reason')}")
    check("cause=27" in bye.get("Reason"), "Reason of BYE")
    bed.tandem.wait_idle(20)


def test(s):
    phone = SipPhone()
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="",
              media="no_rtp_ms = 1000", trunk="t309_ms = 6000")
    rtp_stops(bed, phone)
    alarms(s, bed, phone)
    bed.tandem.configure(bed.peer_text + bed.rules, media="no_rtp_ms = 1000",
                         trunk="t309_ms = 60000")
    check(bed.tandem.ask("reload")["ok"], "reload")
    wait_for(lambda: bed.tandem.span()["slots"] == "." * 23 + "D"
             and bed.tandem.span()["trunk"]["up"], "the trunk is back", 20)
    dchannel_lost_and_back(s, bed, phone)
    bed.tandem.configure(bed.peer_text + bed.rules, media="no_rtp_ms = 1000",
                         trunk="t309_ms = 4000")
    check(bed.tandem.ask("reload")["ok"], "reload")
    wait_for(lambda: bed.tandem.span()["slots"] == "." * 23 + "D"
             and bed.tandem.span()["trunk"]["up"], "the trunk is back", 20)
    dchannel_stays_away(bed, phone)
    peer_gone(bed, phone)
    line_cut(bed, phone)
    bed.tandem.check_log_clean()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
