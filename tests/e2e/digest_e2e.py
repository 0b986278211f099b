#!/usr/bin/env python3
"""Kamailio asks us for a password, when we register and when we call; and we ask callers for theirs:
a peer that is known by password alone, and one that needs password and address."""
import re

from lib import stage
from lib.digest import Login
from lib.kamailio import Kamailio
from lib.sip_phone import SipPhone
from lib.stage import check, check_equal, step, wait_for
from lib.tandem import Gateway

CONFIG = """
media {{ rtp_ports = "{rtp}-{rtp_last}" }}
sip {{ listen = {{"127.0.0.1:{sip}"}} digests = {{"sha-512-256", "sha-256", "md5"}} }}
peer "cs" {{ address = {{"127.0.0.1:{kamailio}"}} domain = "cs"
	username = "trunk" password = "{password}" register = "trunk" register_s = 60 }}
peer "a" {{ address = {{"127.0.0.1:{a}"}} }}
peer "both" {{ address = {{"127.0.0.1:{b}"}} authenticate = "address-and-digest" }}
peer "roaming" {{ authenticate = "digest" }}
user "site" {{ peer = "both" password = "of site" }}
user "van" {{ peer = "roaming" password = "of van" }}
rule "out" {{ from = "a" number = "8XXX" to = "cs" }}
rule "site" {{ from = "both" number = "1XX" to = "a" }}
rule "van" {{ from = "roaming" number = "2XX" to = "a" }}
"""


def registration(tandem):
    peers = {p["name"]: p for p in tandem.ask("peers")["peers"]}
    return peers["cs"]["registrations"][0]


def registered(phone, port, login):
    """The phone, with Kamailio."""
    line = []
    for cseq, status in ((1, 401), (2, 200)):
        where = f"127.0.0.1:{phone.port}"
        phone.put(["REGISTER sip:cs SIP/2.0",
                   f"Via: SIP/2.0/UDP {where};rport;branch=z9hG4bKregister{cseq}",
                   f"From: <sip:{login.user}@cs>;tag=1", f"To: <sip:{login.user}@cs>",
                   f"Call-ID: {phone.number}", f"CSeq: {cseq} REGISTER", "Max-Forwards: 70",
                   f"Contact: <sip:{login.user}@{where}>", "Expires: 600", *line], "",
                  ("127.0.0.1", port))
        answer = phone.wait(status)
        if status == 401:
            line = [login.answer(answer.text, "REGISTER", "sip:cs")]


def out(s, tandem, port, a, far):
    x = a.dial(port, "8001")
    y = far.answer()
    x.take_answer(x.wait(200))
    x.ack()
    check(y.invite.get("Proxy-Authorization") is None, "Kamailio took the credentials away")
    x.bye()
    y.wait_bye()
    tandem.wait_idle()


def asked(s, tandem, port, caller, callee, login, number):
    """A call with a password; the phone that is called answers."""
    x = caller.dial(port, number)
    x.login(login, port, number)
    y = callee.answer()
    x.take_answer(x.wait(200))
    x.ack()
    y.bye()
    x.wait_bye()
    tandem.wait_idle()


def refused(s, tandem, port, caller, login, number):
    x = caller.dial(port, number)
    x.login(login, port, number)
    caller.wait(401, call_id=x.call_id)
    check_equal(tandem.calls(), [], "calls after a wrong password")


def test(s):
    ports = {"sip": s.port(), "kamailio": s.port()}
    a, b, van, far = (SipPhone(number=n) for n in ("7001", "7002", "7003", "8001"))
    ports.update(a=a.port, b=b.port)
    rtp = s.port_range(64)
    config = CONFIG.format(rtp=rtp, rtp_last=rtp + 63, password="right", **ports)
    kamailio = Kamailio(s, ports["sip"], ports["kamailio"], password="right")
    tandem = Gateway(s, config)
    wait_for(lambda: registration(tandem)["registered"], "registered with Kamailio")
    check_equal(registration(tandem)["failures"], 0, "failures")
    step("registered")
    registered(far, ports["kamailio"], Login("8001", "right"))
    out(s, tandem, ports["sip"], a, far)
    out(s, tandem, ports["sip"], a, far)
    step("calls that Kamailio asks a password for")
    for algorithm in (None, "SHA-512-256", "SHA-256"):
        asked(s, tandem, ports["sip"], b, a, Login("site", "of site", algorithm), "101")
    asked(s, tandem, ports["sip"], van, a, Login("van", "of van"), "201")
    step("callers that we ask")
    refused(s, tandem, ports["sip"], b, Login("site", "wrong"), "101")
    refused(s, tandem, ports["sip"], b, Login("van", "of van"), "101")     # another peer's user
    refused(s, tandem, ports["sip"], van, Login("van", "wrong"), "201")
    step("wrong passwords")
    tandem.stage.write("tandem.conf", open(tandem.config, encoding="ascii").read().replace(
        'password = "right"', 'password = "wrong"'))
    tandem.hup()
    tandem.wait_log("is not registered: 401")
    x = a.dial(ports["sip"], "8001")
    x.wait("4xx")
    log = tandem.process.log()
    check(not re.search("right|wrong\\b(?! user)|of site|of van", log), "no password in the log")
    tandem.check_log_clean()
    for phone in (a, b, van, far):
        phone.stop()


if __name__ == "__main__":
    stage.main(test)
