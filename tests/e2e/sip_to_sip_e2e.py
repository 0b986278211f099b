#!/usr/bin/env python3
"""Calls from one SIP peer to another: audio both ways, also from PCMU to PCMA, digits handed on,
early media, refusals with the far side's own status, and a hold that both sides see."""
import time

from lib import audio, stage
from lib.checks import phone_heard
from lib.rtp_end import PCMA, PCMU
from lib.sip_phone import SipPhone
from lib.stage import HOST, check, check_equal, step
from lib.tandem import Gateway

CONFIG = """
media {{ rtp_ports = "{rtp}-{rtp_last}" }}
sip {{ listen = {{"127.0.0.1:{sip}"}} }}
peer "a" {{ address = {{"127.0.0.1:{a}"}} codecs = {{"pcmu"}} }}
peer "b" {{ address = {{"127.0.0.1:{b}"}} codecs = {{"pcma"}} domain = "b.example" }}
rule "a to b" {{ from = "a" number = "2XX" to = "b" }}
rule "b to a" {{ from = "b" number = "1XX" to = "a" }}
"""


def talk(s, x, y, what, seconds=1.5):
    since = time.monotonic() + 0.4
    time.sleep(seconds)
    phone_heard(s, f"{what}: {x.rtp.hz} Hz side", audio.Heard(x.rtp.heard(since), y.rtp.hz),
                seconds - 0.8)
    phone_heard(s, f"{what}: {y.rtp.hz} Hz side", audio.Heard(y.rtp.heard(since), x.rtp.hz),
                seconds - 0.8)


def answered(tandem, port, caller, callee, number):
    x = caller.dial(port, number, hz=800)
    y = callee.answer(hz=1200)
    x.take_answer(x.wait(200))
    x.ack()
    return x, y


def codecs(s, tandem, port, a, b):
    x, y = answered(tandem, port, a, b, "201")
    check_equal((x.rtp.codec, y.rtp.codec), (PCMU, PCMA), "codecs")
    check_equal(y.invite.start.split()[1], "sip:201@b.example", "the request goes to")
    check_equal(y.invite.media()[1][0], PCMA, "the codec offered first")
    talk(s, x, y, "PCMU to PCMA")
    check_equal((x.rtp.kinds(), y.rtp.kinds()), ({PCMU}, {PCMA}), "payload types")
    x.rtp.send_digits("147*#")
    y.rtp.send_digits("369")
    time.sleep(0.3)
    check_equal("".join(e[0] for e in y.rtp.events()), "147*#", "digits to b")
    check_equal("".join(e[0] for e in x.rtp.events()), "369", "digits to a")
    y.bye()
    bye = x.wait_bye()
    check("cause=16" in bye.get("Reason"), "Reason of BYE")
    tandem.wait_idle()
    x, y = answered(tandem, port, b, a, "101")
    talk(s, x, y, "PCMA to PCMU")
    x.bye()
    y.wait_bye()
    tandem.wait_idle()


def early(s, tandem, port, a, b):
    x = a.dial(port, "202", hz=800)
    y = b.wait_call(hz=1200)
    y.reply(y.invite, 183, "Session Progress", y.sdp())
    x.take_answer(x.wait(183))
    talk(s, x, y, "early media")
    y.reply(y.invite, 200, "OK", y.sdp())
    y.wait("ACK")
    x.wait(200)
    x.ack()
    x.bye()
    y.wait_bye()
    tandem.wait_idle()


def refused(tandem, port, a, b):
    """The far side's status reaches the caller as it is."""
    for status in (486, 404, 480, 603, 488):
        x = a.dial(port, "203")
        y = b.wait_call()
        y.reply(y.invite, status)
        y.wait("ACK")
        got = x.wait(status)
        x.request("ACK", branch=x.branch, uri=f"sip:203@{HOST}:{port}", cseq=x.cseq)
        check(got.status == status, "status")
        tandem.wait_idle()
    # The caller gives up.
    x = a.dial(port, "204")
    y = b.wait_call()
    y.reply(y.invite, 180)
    x.wait(180)
    x.request("CANCEL", uri=f"sip:204@{HOST}:{port}", cseq=x.cseq, branch=x.branch)
    cancel = y.wait("CANCEL")
    y.reply(cancel, 200)
    y.reply(y.invite, 487)
    check_equal(x.wait(487).status, 487, "INVITE cancelled")
    x.request("ACK", branch=x.branch, uri=f"sip:204@{HOST}:{port}", cseq=x.cseq)
    tandem.wait_idle()


def no_common_codec(tandem, port, a):
    x = a.dial(port, "205", codecs=(PCMA,))
    got = x.wait(488)
    x.request("ACK", branch=x.branch, uri=f"sip:205@{HOST}:{port}", cseq=x.cseq)
    step(f"no codec in common: {got.start}; {got.get('Warning')}")
    check(got.get("Warning"), "488 says why")
    tandem.wait_idle()


def held(y, offered, answered_with):
    """The hold, or its end, is handed on."""
    invite = y.wait("INVITE")
    check_equal(invite.direction(), offered, "direction offered to the other side")
    y.reply(invite, 200, "OK", y.sdp(direction=answered_with))
    y.wait("ACK")


def hold(s, tandem, port, a, b):
    x, y = answered(tandem, port, a, b, "206")
    time.sleep(0.5)
    x.reinvite("sendonly")
    x.rtp.sending = False
    held(y, "sendonly", "recvonly")
    since = time.monotonic() + 0.1
    time.sleep(0.6)
    check_equal(len(x.rtp.heard(since)), 0, "octets that came while held")
    x.rtp.sending = True
    x.reinvite()
    held(y, "sendrecv", "sendrecv")
    talk(s, x, y, "resumed")
    x.bye()
    y.wait_bye()
    tandem.wait_idle()


def test(s):
    a, b = SipPhone(codecs=(PCMU,), number="101"), SipPhone(codecs=(PCMA,), number="201")
    rtp = s.port_range(32)
    port = s.port()
    tandem = Gateway(s, CONFIG.format(rtp=rtp, rtp_last=rtp + 31, sip=port, a=a.port, b=b.port))
    codecs(s, tandem, port, a, b)
    early(s, tandem, port, a, b)
    refused(tandem, port, a, b)
    no_common_codec(tandem, port, a)
    hold(s, tandem, port, a, b)
    tandem.check_log_clean()
    a.stop()
    b.stop()


if __name__ == "__main__":
    stage.main(test)
