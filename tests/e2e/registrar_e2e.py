#!/usr/bin/env python3
"""Our own registrar: real phones register with a password and talk to each other and to the PBX; what
strangers, wrong passwords and replayed credentials get; calls that others try to end."""
import os
import re
import socket
import time

from lib import audio, stage
from lib.baresip import Baresip
from lib.checks import pbx_heard, phone_heard
from lib.digest import Login, fields
from lib.simpbx import Simpbx
from lib.sip_phone import SipPhone
from lib.stage import HOST, check, check_equal, step, wait_for
from lib.tandem import Gateway

CONFIG = """
media {{ rtp_ports = "{rtp}-{rtp_last}" }}
sip {{ listen = {{"127.0.0.1:{sip}"}} registrar_file = "{file}" digests = {{{digests}}} stranger_rate = 200
	stranger_network_rate = 200 ban_failures = 5 ban_ms = {ban_ms} }}
span "t1" {{ local = "127.0.0.1:{span}" peer = "127.0.0.1:{pbx}" }}
trunk "pbx" {{ span = "t1" echo_canceller = "off" }}
peer "users" {{ registrar = true }}
user "7134" {{ password = "one" }}
user "7135" {{ password = "two" calls_max = 1 }}
user "7136" {{ password = "three" }}
rule "phones" {{ number = "713X" to = "users" }}
rule "pbx" {{ from = "users" number = "71XX" to = "pbx" }}
"""


class Stranger:
    """Requests by hand, from a socket of its own; the datagrams that come back."""

    def __init__(self, port, host=HOST):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(0.3)
        self.host, self.port = self.socket.getsockname()
        self.gateway = HOST, port
        self.cseq = 0

    def request(self, method, user, *headers, uri=None, to=None, frm=None, call_id=None, cseq=None,
                branch=None, body=""):
        """The response, or None: there came none.  Never more than one, never longer."""
        self.cseq += 1
        uri = uri or f"sip:{HOST}:{self.gateway[1]}"
        text = "\r\n".join([
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};rport;"
            f"branch={branch or 'z9hG4bK' + os.urandom(6).hex()}",
            f"From: {frm or f'<sip:{user}@tandem>;tag=f'}",
            f"To: {to or f'<sip:{user}@tandem>'}", f"Call-ID: {call_id or f'{self.port}@x'}",
            f"CSeq: {cseq or self.cseq} {method}", "Max-Forwards: 70",
            f"Contact: <sip:{user}@{self.host}:{self.port}>",
            "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, NOTIFY, SUBSCRIBE, INFO, MESSAGE",
            "Supported: gruu, outbound, path, replaces, timer",
            "User-Agent: a phone that says at length what it is", *headers,
            f"Content-Length: {len(body)}", "", body])
        self.socket.sendto(text.encode(), self.gateway)
        try:
            data = self.socket.recv(65536)
        except socket.timeout:
            return None
        check(len(data) <= len(text), f"an answer of {len(data)} octets to {len(text)}")
        try:
            self.socket.settimeout(0.05)
            check(not self.socket.recv(65536), "only one answer")
        except socket.timeout:
            pass
        finally:
            self.socket.settimeout(0.3)
        return data.decode()

    def status(self, *args, **more):
        answer = self.request(*args, **more)
        return int(answer.split()[1]) if answer else None

    def login(self, method, user, password, *headers, **more):
        """(status, the answer, the credentials sent)."""
        login = Login(user, password)
        answer = self.request(method, user, *headers, **more)
        check(answer and " 401 " in answer.split("\r\n")[0], f"a challenge, not {answer}")
        line = login.answer(answer, method, more.get("uri") or f"sip:{HOST}:{self.gateway[1]}")
        answer = self.request(method, user, line, *headers, **more)
        return (int(answer.split()[1]) if answer else None), answer, line


def refusals(tandem):
    return {(r["address"], r["reason"]): r["count"] for r in tandem.ask("refused")["refused"]}


def registering(s, port, tandem):
    x = Stranger(port)
    status, answer, line = x.login("REGISTER", "7136", "three", "Expires: 120")
    check_equal(status, 200, "REGISTER with the right password")
    check(f"<sip:7136@{x.host}:{x.port}>" in answer, "its contact is told back")
    challenge = x.request("REGISTER", "7136")
    check_equal([fields(v).get("algorithm") for v in re.findall("Authenticate: (.*)", challenge)],
                ["SHA-256", None], "the algorithms offered; none is MD5")
    check_equal(x.status("REGISTER", "7136", line), 401, "replayed credentials")
    check(refusals(tandem).get((HOST, "replayed credentials"), 0) >= 1, "the replay is told")
    check_equal(x.login("REGISTER", "7136", "three", "Expires: 5")[0], 423, "too brief")
    check_equal(x.login("REGISTER", "7136", "three", to="<sip:7134@tandem>")[0], 403,
                "the name of another")
    check_equal(x.login("OPTIONS", "7136", "three")[0], 200, "OPTIONS of a user")
    wrong = x.login("REGISTER", "7136", "wrong")[1]
    unknown = x.login("REGISTER", "7777", "wrong")[1]

    def shape(answer):
        return re.sub(r'nonce="[^"]*"|tag=[0-9a-f]+|branch=\w+|\d+ REGISTER|7777', "", answer) \
            .replace("7136", "")
    check_equal(shape(wrong), shape(unknown), "an unknown user is answered as a wrong password")
    status, answer, _ = x.login("REGISTER", "7136", "three", "Expires: 0")
    check_equal((status, "Contact:" in answer), (200, False), "unregistered")
    step("registering: challenges, replay, 423, another's name, unknown users")


def calls(s, pbx, port, tandem):
    one = Baresip(s, "7134", port, 800, domain=f"{HOST}:{port}", password="one", echo=False)
    two = Baresip(s, "7135", port, 1200, domain=f"{HOST}:{port}", password="two")
    peers = {p["name"]: p for p in tandem.ask("peers")["peers"]}
    check_equal(sorted(u["name"] for u in peers["users"]["users"] if u["contacts"]),
                ["7134", "7135"], "who is registered")
    one.dial("7135")
    one.wait_event("CALL_ESTABLISHED")
    two.wait_event("CALL_ESTABLISHED")
    time.sleep(2.5)
    one.hang_up()
    two.wait_event("CALL_CLOSED")
    tandem.wait_idle()
    phone_heard(s, "7134", audio.Heard(one.heard(), 1200), 1.5)
    phone_heard(s, "7135", audio.Heard(two.heard(), 800), 1.5)
    step("phone to phone")
    one.dial("7101")
    one.wait_event("CALL_ESTABLISHED")
    time.sleep(2.5)
    one.hang_up()
    pbx.wait("report", ext="7101")
    tandem.wait_idle()
    check_equal(tandem.records()[-1]["source"], "users", "source of the record")
    pbx.dial("7101", "7134")
    pbx.wait("connect", ext="7101")
    one.wait_event("CALL_ESTABLISHED")
    time.sleep(2.5)
    pbx.hang_up("7101")
    pbx_heard(s, pbx.wait("report", ext="7101"), 800, 1.5)
    tandem.wait_idle()
    pbx.dial("7101", "7136")
    check_equal(pbx.wait("report", ext="7101")["cause"], 20, "a user who is not registered")
    step("phone to PBX and back")
    return one, two


def forged(s, port, tandem):
    """A call between two of our own phones by hand, and a third party who has seen every word of it."""
    with_call = SipPhone(number="7136")
    x = Stranger(port, "127.0.0.9")
    line = with_call.register(port, Login("7136", "three"))
    d = with_call.dial(port, "7101")
    d.login(Login("7136", "three"), port, "7101")
    ok = d.wait(200)
    d.take_answer(ok)
    d.ack()
    ids = dict(call_id=d.call_id, to=d.remote, frm=d.local, cseq=900)
    for method in ("BYE", "INVITE"):
        check_equal(x.status(method, "7136", uri=d.target, **ids), 401, f"a forged {method}")
        check(x.status(method, "7136", line, uri=d.target, **ids) in (401, None),
              f"a forged {method} with credentials that were used")
    branch = re.search(r"branch=([^;]+)", ok.get("Via")).group(1)
    check_equal(x.status("CANCEL", "7136", branch=branch, **ids), None, "a forged CANCEL")
    check_equal(x.status("ACK", "7136", **ids), None, "a forged ACK")
    time.sleep(0.2)
    check_equal(len(tandem.calls()), 1, "calls that are left")
    d.bye()
    tandem.wait_idle()
    with_call.stop()
    step("forged BYE, CANCEL, re-INVITE and ACK")


def bans(s, port, tandem):
    x = Stranger(port, "127.0.0.8")
    for _ in range(5):
        x.login("REGISTER", "7136", "guess")
    check_equal(x.status("REGISTER", "7136"), None, "after five wrong passwords")
    tandem.wait_log("banned 127.0.0.8 for 60 s")
    check(tandem.wait_log("refused 127.0.0.8: wrong user or password"), "a line for fail2ban")
    before = tandem.status()["sip"]["transactions"]
    y = Stranger(port, "127.0.0.7")
    answered = sum(y.status("REGISTER", f"{n}") is not None for n in range(40))
    check(answered == 40, f"{answered} of 40 were challenged before the flood")

    def flooded():
        """A slow gateway's socket drops what is too much at once."""
        for n in range(300):
            y.socket.sendto(b"REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.7;branch=z9hG4bK%d"
                            b"\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: %d\r\n"
                            b"CSeq: 1 REGISTER\r\nContact: <sip:a@b>\r\nContent-Length: 0\r\n\r\n"
                            % (n, n), y.gateway)
        return refusals(tandem).get(("127.0.0.7", "too many requests"), 0) > 1000
    wait_for(flooded, "the flood is told")
    check(tandem.status()["sip"]["transactions"] <= before, "strangers make no transactions")
    step("bans and a flood of REGISTER")


def test(s):
    ports = {name: s.port() for name in ("sip", "span", "pbx")}
    rtp = s.port_range(64)
    s.phone_ports = ports
    text = CONFIG.format(rtp=rtp, rtp_last=rtp + 63, file=s.path("bindings.db"), ban_ms=60000,
                         digests='"sha-256", "md5"', **ports)
    only_md5 = text.replace('"sha-256", ', "")
    tandem = Gateway(s, text)
    os.chmod(tandem.config, 0o600)
    pbx = Simpbx(s, ports["pbx"], ports["span"], "phone 7101 answer 0.2 play tone 440 -13")
    tandem.wait_up("t1")
    registering(s, ports["sip"], tandem)
    with open(tandem.config, "w", encoding="ascii") as f:
        f.write(only_md5.replace("media {", f'gateway {{ control = "{tandem.control_path}" }}\nmedia {{', 1))
    tandem.hup()         # baresip gives up at the sight of SHA-256
    tandem.wait_log("reloaded")
    one, two = calls(s, pbx, ports["sip"], tandem)
    forged(s, ports["sip"], tandem)
    bans(s, ports["sip"], tandem)
    tandem.process.stop()
    again = Gateway(s, only_md5)
    again.wait_up("t1")
    users = {u["name"]: u for p in again.ask("peers")["peers"] for u in p["users"]}
    check_equal([len(users[n]["contacts"]) for n in ("7134", "7135", "7136")], [1, 1, 1],
                "contacts after a restart")
    pbx.dial("7101", "7135")
    pbx.wait("connect", ext="7101")
    pbx.hang_up("7101")
    again.wait_idle()
    step("bindings survive a restart")
    check("one" not in re.findall(r'"(\w+)"', again.process.log()), "no password in the log")
    again.check_log_clean()
    one.process.stop()      # before the gateway, for they unregister
    two.process.stop()


if __name__ == "__main__":
    stage.main(test)
