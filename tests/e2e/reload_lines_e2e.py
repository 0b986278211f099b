#!/usr/bin/env python3
"""Reload of what carries calls while calls are up: listeners, spans and trunks, and peers are added,
changed and taken away.  Calls on them go on to their end; what could not be done changes nothing."""
import time

from lib import audio, stage
from lib.checks import pbx_heard, phone_heard
from lib.simpbx import Simpbx
from lib.sip_phone import SipPhone
from lib.stage import HOST, check, check_equal, step, wait_for
from lib.tandem import Gateway

HEAD = """gateway {{ }}
media {{ rtp_ports = "{rtp}-{rtp_last}" workers = 2 }}
"""
A = """span "a" {{ local = "127.0.0.1:{span_a}" peer = "127.0.0.1:{pbx_a}" {more} }}
trunk "east" {{ span = "a" }}
"""
B = """span "b" {{ local = "127.0.0.1:{span_b}" peer = "127.0.0.1:{pbx_b}" }}
trunk "west" {{ span = "b" }}
"""
C = 'span "c" {{ local = "127.0.0.1:{other}" peer = "127.0.0.1:{pbx_a}" }}\n'
LISTEN = 'sip {{ listen = {{"127.0.0.1:{sip}"}} }}\n'
BOTH = 'sip {{ listen = {{"127.0.0.1:{sip}", "127.0.0.1:{sip_2}"}} }}\n'
SECOND = 'sip {{ listen = {{"127.0.0.1:{sip_2}"}} }}\n'
PEER = 'peer "cs" {{ address = {{"127.0.0.1:{phone}"}} }}\n'
NEW = 'peer "new" {{ address = {{"127.0.0.1:{other}"}} }}\n'
TO_A = 'rule "east" {{ number = "71XX" to = "east" }}\n'
TO_B = 'rule "west" {{ number = "72XX" to = "west" }}\n'
PHONES = "phone 7101 answer 0 play tone 800 -13\nphone 7201 answer 0 play tone 900 -13\nphone 7102 answer 0"


class Lines:
    def __init__(self, s):
        self.s, self.phone, self.other = s, SipPhone(), SipPhone(number="7135")
        names = ("sip", "sip_2", "span_a", "span_b", "pbx_a", "pbx_b")
        self.ports = {name: s.port() for name in names}
        self.ports.update(rtp=s.port_range(32), phone=self.phone.port, other=self.other.port, more="")
        self.ports["rtp_last"] = self.ports["rtp"] + 31
        self.tandem = Gateway(s, self.text(HEAD, LISTEN, A, PEER, TO_A))
        self.a = Simpbx(s, self.ports["pbx_a"], self.ports["span_a"], PHONES, span="buffer 10 20",
                        name="pbx-a")
        self.b = Simpbx(s, self.ports["pbx_b"], self.ports["span_b"], PHONES, span="buffer 10 20",
                        name="pbx-b")
        self.tandem.wait_up("a")

    def text(self, *parts):
        return "".join(parts).format(**self.ports)

    def reload(self, *parts, refused=False):
        self.tandem.configure(self.text(*parts))
        reply = self.tandem.ask("reload")
        check_equal(reply["ok"], not refused, f"reload: {reply}")
        said = (reply.get("report") or reply.get("error")).strip()
        step(said.replace("\n", "; "))
        return said

    def refused(self, phone, number, status, cause):
        d = phone.dial(self.ports["sip"], number)
        got = d.wait(status)
        d.request("ACK", branch=d.branch, uri=f"sip:{number}@{HOST}:{self.ports['sip']}", cseq=d.cseq)
        check(f"cause={cause}" in got.get("Reason"), f"cause {cause}: {got.get('Reason')}")


def spans_come_and_go(t):
    d = t.phone.call(t.ports["sip"], "7101", hz=1200)
    since = time.monotonic() + 0.3
    t.reload(HEAD, LISTEN, A, B, PEER, TO_A, TO_B)
    t.tandem.wait_up("b")
    e = t.phone.call(t.ports["sip"], "7201", hz=1100)
    # Two spans on one port: the second is not opened, the report says why, and all else is done.
    said = t.reload(HEAD, LISTEN, A, B, C, PEER, TO_A, TO_B)
    check("span c: local" in said and "reload again" in said, said)
    time.sleep(0.5)
    # b goes, and a changes; their calls go on, and no new ones are put there.
    t.ports["more"] = "loss_ms = 30"
    said = t.reload(HEAD, LISTEN, A, PEER, TO_A)
    check("a: changes when its 1 calls have ended" in said and
          "b: goes when its 1 calls have ended" in said, said)
    t.refused(t.phone, "7201", 404, 1)
    t.refused(t.phone, "7102", 503, 34)
    t.b.dial("7102", "7101")
    check_equal(t.b.wait("report", ext="7102")["cause"], 34, "a call that comes on b")
    time.sleep(0.8)
    check_equal(len(t.tandem.calls()), 2, "calls up")
    cleared = time.monotonic()
    e.bye()
    pbx_heard(t.s, t.b.wait("report", ext="7201"), 1100, 1)
    check(time.monotonic() - cleared < 2, "the PBX was told the whole of it before b was closed")
    wait_for(lambda: "b" not in t.tandem.spans(), "span b is gone", 5)
    phone_heard(t.s, "the call on a", audio.Heard(d.rtp.heard(since), 800), 1)
    d.bye()
    pbx_heard(t.s, t.a.wait("report", ext="7101"), 1200, 1.5)
    t.tandem.wait_log("span a: drained and closed")
    t.tandem.wait_up("a")
    d = t.phone.call(t.ports["sip"], "7101")
    d.bye()
    t.a.wait("report", ext="7101")
    t.tandem.wait_idle()


def peers_come_and_go(t):
    d = t.phone.call(t.ports["sip"], "7101", hz=1200)
    said = t.reload(HEAD, LISTEN, A, NEW, TO_A)
    check("peer cs: gone; its calls go on" in said and "peer new: added" in said, said)
    e = t.other.call(t.ports["sip"], "7102")
    stranger = t.phone.dial(t.ports["sip"], "7102")
    time.sleep(0.5)
    check(not any(m.get("Call-ID") == stranger.call_id and m.is_response and m.status < 300
                  for m in t.phone.messages), "who is no peer any more gets no call")
    # The call of the peer that is gone is still a whole one.
    d.reinvite("sendonly")
    d.reinvite()
    since = time.monotonic() + 0.2
    time.sleep(0.8)
    phone_heard(t.s, "the peer that is gone", audio.Heard(d.rtp.heard(since), 800), 0.4)
    t.a.hang_up("7101")
    d.wait_bye()
    e.bye()
    t.a.wait("report", ext="7102")
    t.tandem.wait_idle()
    t.reload(HEAD, LISTEN, A, PEER, TO_A)


def listeners_come_and_go(t):
    d = t.phone.call(t.ports["sip"], "7101", hz=1200)
    t.reload(HEAD, BOTH, A, PEER, TO_A)
    e = t.phone.call(t.ports["sip_2"], "7102")
    e.bye()
    t.a.wait("report", ext="7102")
    t.reload(HEAD, SECOND, A, PEER, TO_A)
    e = t.phone.call(t.ports["sip_2"], "7102")
    e.bye()
    # The call that came over the listener that is gone ends over it.
    d.bye()
    t.a.wait("report", ext="7101")
    t.tandem.wait_idle()
    said = t.reload(HEAD, 'sip {{ listen = {{"192.0.2.9:5060"}} }}\n', A, PEER, TO_A, refused=True)
    check("nothing was changed" in said, said)
    e = t.phone.call(t.ports["sip_2"], "7102")
    e.bye()
    t.tandem.wait_idle()


def test(s):
    t = Lines(s)
    spans_come_and_go(t)
    peers_come_and_go(t)
    listeners_come_and_go(t)
    t.phone.stop()
    t.other.stop()


if __name__ == "__main__":
    stage.main(test)
