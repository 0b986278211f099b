#!/usr/bin/env python3
"""SIP over TLS: calls both ways with mutual authentication; certificates that are missing, expired, for
another name, or from another CA; a certificate renewed in a call."""
import socket
import ssl
import time

from lib import audio, stage
from lib.bed import Bed
from lib.certificates import Authority
from lib.checks import ended, pbx_heard, phone_heard
from lib.stage import HOST, check, check_equal, step, wait_for
from lib.stream_phone import StreamPhone

PHONES = 'phone 7101 name "Anna" answer 0.1 play tone 800 -13'
SIP = """listen = {{"tls:{host}:{port}"}}
	certificate = "{own.path}"
	key = "{own.key}"
	ca = "{own.ca}"
	verify_client = true
	setup_timeout_ms = 3000"""


def serial_shown(bed, authority):
    """The serial number of the certificate the gateway shows to a new connection."""
    context = ssl.create_default_context(cafile=authority.path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2     # the handshake ends with our refusal
    context.check_hostname = False
    context.load_cert_chain(bed.phone.tls.path, bed.phone.tls.key)
    with context.wrap_socket(socket.create_connection((HOST, bed.sip_port), 5)) as c:
        return c.getpeercert()["serialNumber"]


def start(s, authority):
    phone = StreamPhone(with_tls=authority.issue("phone", "phone.example"))
    own = authority.issue("gateway", "gateway.example")
    port = s.port(socket.SOCK_STREAM)
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port,
              peer_more="transport = tls\n\ttls_name = phone.example",
              sip=SIP.format(host=HOST, port=port, own=own))
    bed.sip_port, bed.phone, bed.own = port, phone, own
    return bed


def both_ways(bed):
    d = bed.phone.call(bed.sip_port, "7101", hz=1200)
    since = time.monotonic() + 0.3
    time.sleep(1.3)
    d.bye()
    phone_heard(bed.stage, "phone calls", audio.Heard(d.rtp.heard(since), 800), 0.7)
    pbx_heard(bed.stage, bed.pbx.wait("report", ext="7101"), 1200, 0.9)
    bed.tandem.wait_idle()
    ended(bed, "phone calls", 16)
    bed.phone.cut()
    wait_for(lambda: not bed.phone.connections, "no connection is left")
    bed.pbx.dial("7101", "7134")
    d = bed.phone.answer(hz=1200)
    check(d.invite.get("Via").startswith("SIP/2.0/TLS "), "Via says TLS")
    check(";transport=tls" in d.invite.get("Contact"), "Contact says TLS")
    bed.pbx.wait("connect", ext="7101")
    since = time.monotonic() + 0.3
    time.sleep(1)
    bed.pbx.hang_up("7101")
    d.wait_bye()
    phone_heard(bed.stage, "PBX calls", audio.Heard(d.rtp.heard(since), 800), 0.4)
    bed.tandem.wait_idle()
    ended(bed, "PBX calls", 16)
    bed.tandem.wait_log(f"cs connected at {HOST}:{bed.phone.port}, TLS1.3")
    step("calls both ways over mutual TLS")


def refused_client(bed, why, phone):
    """Its INVITE is not heard, and the log says why."""
    invites = bed.tandem.status()["sip"]["requests_in"]
    try:
        phone.dial(bed.sip_port, "7101")
        wait_for(lambda: not phone.connections, f"the gateway closes: {why}")
    except OSError:
        pass
    bed.tandem.wait_log(why)
    check_equal(bed.tandem.status()["sip"]["requests_in"], invites, "requests heard")
    phone.stop()
    step(f"refused: {why}")


def bad_clients(bed, authority, other):
    nameless = authority.issue("nameless", "x.example")
    nameless.shown = False
    refused_client(bed, "it has no certificate", StreamPhone(with_tls=nameless))
    expired = authority.issue("expired", "phone.example", until="2021-01-01")
    refused_client(bed, "its certificate expired on 2021-01-01", StreamPhone(with_tls=expired))
    forged = other.issue("forged", "phone.example")
    forged.ca = authority.path
    refused_client(bed, "signed by CN=other, which is not believed", StreamPhone(with_tls=forged))
    # A good one of a name that is no peer's: let in by nobody, heard by nobody.
    stranger = StreamPhone(with_tls=authority.issue("stranger", "stranger.example"))
    refused = bed.tandem.status()["sip"]["refused_connections"]
    stranger.dial(bed.sip_port, "7101")
    wait_for(lambda: bed.tandem.status()["sip"]["refused_connections"] == refused + 1,
             "the stranger is refused")
    stranger.stop()


def known_by_name(bed):
    """From an address that is in no configuration."""
    context, session = bed.phone.tls.client(), None
    context.maximum_version = ssl.TLSVersion.TLSv1_2    # Python tells of a session at once
    for resumed in (False, True):
        c = bed.phone.connect((HOST, bed.sip_port), "127.0.0.9", context, session)
        check_equal(c.session_reused, resumed, "session resumed")
        session = c.session
        bed.phone.call(bed.sip_port, "7101").bye()
        bed.tandem.wait_idle()
        ended(bed, "from another address", 16)
    step("known by its certificate from another address, and when the session is resumed")


def refused_server(bed, tls, why):
    bed.phone.cut()
    wait_for(lambda: not bed.phone.connections, "no connection is left")
    good, bed.phone.tls = bed.phone.tls, tls
    before, begun = len(bed.tandem.records()), time.monotonic()
    bed.pbx.dial("7101", "7134")
    wait_for(lambda: len(bed.tandem.records()) > before, "the call has ended", 5)
    check(time.monotonic() - begun < 3, "the call fails at once")
    ended(bed, why, 41)
    trouble = bed.tandem.ask("peers")["peers"][0]["trouble"]
    check(why in trouble, f"the status of the peer says why: {trouble}")
    bed.phone.tls = good
    step(f"no call to it: {why}")


def bad_servers(bed, authority, other):
    refused_server(bed, authority.issue("old", "phone.example", until="2021-01-01"),
                   "its certificate expired on 2021-01-01")
    refused_server(bed, authority.issue("wrong", "wrong.example"),
                   "its certificate is for wrong.example and not for phone.example")
    refused_server(bed, other.issue("untrusted", "phone.example"),
                   "signed by CN=other, which is not believed: add that CA's certificate to "
                   f"{authority.path}")


def renewed_in_a_call(bed, authority):
    d = bed.phone.call(bed.sip_port, "7101", hz=1200)
    connection = bed.phone.connections[-1]
    before = serial_shown(bed, authority)
    renewed = authority.issue("gateway", "gateway.example")     # the same files
    check_equal(renewed.path, bed.own.path, "where the certificate is")
    reply = bed.tandem.ask("reload")
    check(reply.get("ok", True), f"reload: {reply}")
    after = serial_shown(bed, authority)
    check(after != before, "the new certificate is shown")
    d.bye()
    check_equal(bed.phone.connections[-1][0], connection[0], "the call's connection")
    bed.tandem.wait_idle()
    ended(bed, "renewed in a call", 16)
    # One that is no good changes nothing.
    with open(bed.own.key, "w", encoding="ascii") as f:
        f.write("nonsense")
    check("two files in PEM" in str(bed.tandem.ask("reload")), "a bad key is refused by reload")
    check_equal(serial_shown(bed, authority), after, "the certificate shown after that")
    bed.phone.call(bed.sip_port, "7101").bye()
    bed.tandem.wait_idle()
    step("renewed in a call")


def test(s):
    authority, other = Authority(s), Authority(s, "other")
    bed = start(s, authority)
    both_ways(bed)
    bad_clients(bed, authority, other)
    known_by_name(bed)
    bad_servers(bed, authority, other)
    renewed_in_a_call(bed, authority)
    bed.phone.stop()
    bed.finish()


if __name__ == "__main__":
    stage.main(test)
