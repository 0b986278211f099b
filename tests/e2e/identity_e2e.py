#!/usr/bin/env python3
"""Who sent a call on, who answered it and who has it after a transfer, between PBXs (NI2 and QSIG)
and a trusted SIP peer: as Diversion and P-Asserted-Identity on one side, as the simulated PBX tells it on the other.  And the
provisional responses and the answer of a peer that wants PRACK."""
import re
import subprocess

from lib import stage
from lib.sip_phone import SipPhone
from lib.simpbx import Simpbx
from lib.stage import HOST, binary, check, check_equal, step, wait_for
from lib.tandem import Gateway

SWITCHES = ("ni2", "qsig")


def far_end(s, name, text):
    """A simulated PBX whose script is all the test's own."""
    pbx = Simpbx.__new__(Simpbx)
    pbx.name, pbx.events, pbx._at = name, [], 0
    pbx.out_path = s.path(name + ".events")
    with open(pbx.out_path, "wb") as out:
        pbx.process = s.start(name, [binary("simpbx"), s.write(name + ".pbx", text)],
                              stdin=subprocess.PIPE, stdout=out, bufsize=0, is_realtime=True)
    return pbx


def sent_on_by_the_pbx(bed, ext, tells_transfer):
    """Redirecting number to Diversion; who answers at SIP to the PBX, and who follows on him."""
    tandem, phone, pbx = bed
    pbx.command(f"dial {ext} 8001 redirected 7999 busy")
    d = phone.wait_call()
    diversion = d.invite.get("Diversion")
    check(diversion is not None and "sip:7999@cs" in diversion, f"Diversion: {diversion}")
    check("reason=user-busy" in diversion, f"Diversion: {diversion}")
    d.reply(d.invite, 200, "OK", d.sdp(),
            headers=['P-Asserted-Identity: "Otto" <sip:8055@cs>'])
    d.wait("ACK")
    connect = pbx.wait("connect", ext=ext)
    check_equal(connect.get("connected", {}).get("number"), "8055", "who answered, to the PBX")
    d.request("UPDATE", headers=['P-Asserted-Identity: "Emma" <sip:8077@cs>'])
    d.wait(200)
    if tells_transfer:
        party = pbx.wait("party", ext=ext)["connected"]
        check_equal(party["number"], "8077", "who is at SIP now, to the PBX")
    d.bye()
    pbx.wait("report", ext=ext)
    tandem.wait_idle()


def sent_on_by_sip(bed, ext, tells_transfer):
    """Diversion to the redirecting number; who answers at the PBX to SIP, and who follows on him."""
    tandem, phone, pbx = bed
    d = phone.dial(tandem.sip_port, ext, headers=[
        "Diversion: <sip:7990@cs>;reason=no-answer;counter=1", "Allow: INVITE, UPDATE"])
    setup = pbx.wait("setup", ext=ext)
    check(setup["redirecting"] is not None, "the PBX is told of the redirection")
    check_equal((setup["redirecting"]["number"], setup["redirecting"]["reason"]), ("7990", 2),
                "redirecting number and reason")
    answer = d.take_answer(d.wait(200))
    check("sip:7105@" in (answer.get("P-Asserted-Identity") or ""),
          f"who answered, to SIP: {answer.get('P-Asserted-Identity')}")
    d.ack()
    pbx.command(f"party {ext} 7300")
    if tells_transfer:
        update = d.wait("UPDATE")
        check("sip:7300@" in (update.get("P-Asserted-Identity") or ""),
              f"who is at the PBX now, to SIP: {update.get('P-Asserted-Identity')}")
        d.reply(update, 200, "OK")
    d.bye()
    pbx.wait("report", ext=ext)
    tandem.wait_idle()


def acknowledged(bed, ext):
    """A peer that wants PRACK gets a 180 it must acknowledge, then the answer."""
    tandem, phone, pbx = bed
    d = phone.dial(tandem.sip_port, ext, headers=["Supported: 100rel, timer"])
    ringing = d.wait(180)
    check("100rel" in (ringing.get("Require") or ""), f"Require: {ringing.get('Require')}")
    d.request("PRACK", headers=[f"RAck: {ringing.get('RSeq')} 1 INVITE"])
    check_equal(d.wait(200).method, "PRACK", "what is answered before the call is")
    pbx.command(f"answer {ext}")
    answer = d.take_answer(d.wait(200))
    check(re.match(r"1800;refresher=uac", answer.get("Session-Expires") or ""),
          f"Session-Expires: {answer.get('Session-Expires')}")
    d.request("ACK", cseq=1)    # of the INVITE
    d.bye()
    pbx.wait("report", ext=ext)
    tandem.wait_idle()


def test(s):
    phone = SipPhone(number="7134")
    sip_port, rtp = s.port(), s.port_range(16)
    gateway = (f'media {{ address = "{HOST}"  rtp_ports = "{rtp}-{rtp + 15}"  workers = 1 }}\n'
               f'sip {{ listen = {{"{HOST}:{sip_port}"}} }}\n'
               f'peer "cs" {{ address = {{"{HOST}:{phone.port}"}} domain = "cs" trusted = yes }}\n'
               f'rule "out" {{ number = "80XX"  to = "cs" }}\n')
    script = ""
    for i, switch in enumerate(SWITCHES):
        near, far = s.port(), s.port()
        gateway += (f'span "s{i}" {{ local = "{HOST}:{near}"  peer = "{HOST}:{far}" }}\n'
                    f'trunk "k{i}" {{ span = "s{i}"  side = "network"  switch_type = "{switch}" }}\n'
                    f'rule "in{i}" {{ number = "71{i}X"  to = "k{i}" }}\n')
        script += (f"span t1-{i} local {HOST}:{far} peer {HOST}:{near}\n\tside user switch {switch}\n"
                   f"phone 71{i}0 span t1-{i} answer 0 connected 7105\n"
                   f"phone 71{i}1 span t1-{i} never\n")
    pbx = far_end(s, "pbx", script)
    tandem = Gateway(s, gateway)
    tandem.sip_port = sip_port
    tandem.wait_up(*(f"s{i}" for i in range(len(SWITCHES))))
    for i, switch in enumerate(SWITCHES):
        bed = tandem, phone, pbx
        sent_on_by_the_pbx(bed, f"71{i}0", switch == "qsig")
        sent_on_by_sip(bed, f"71{i}0", switch == "qsig")
        acknowledged(bed, f"71{i}1")
        step(f"{switch}: redirecting, connected and PRACK are good")
    wait_for(lambda: tandem.status()["calls"] == 0, "no call is left")
    tandem.check_log_clean()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
