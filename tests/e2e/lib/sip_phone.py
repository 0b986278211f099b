"""A SIP phone of our own that does what the test says and nothing else: for what real phones will
not do when told (early media, late offers, holds, odd codecs, IPv6, forged headers)."""
import os
import re
import socket
import threading

from lib.rtp_end import EVENT, PCMA, PCMU, RtpEnd
from lib.stage import HOST, check, wait_for

NAMES = {PCMU: "PCMU", PCMA: "PCMA"}


def bracketed(host):
    return f"[{host}]" if ":" in host else host


class Message:
    def __init__(self, text):
        self.text = text
        head, _, self.body = text.partition("\r\n\r\n")
        self.start, *lines = head.split("\r\n")
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines
                        if ":" in line]
        self.is_response = self.start.startswith("SIP/2.0 ")
        self.status = int(self.start.split()[1]) if self.is_response else None
        self.method = self.get("CSeq").split()[1]
        self.text, self.is_taken = text, False

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name):
        return (self.all(name) or [None])[0]

    def media(self):
        """(address, port) and the payload types of its SDP."""
        host = re.search(r"^c=IN IP[46] (\S+)", self.body, re.M).group(1)
        port, types = re.search(r"^m=audio (\d+) RTP/AVP ([\d ]+)", self.body, re.M).groups()
        return (host, int(port)), [int(t) for t in types.split()]

    def direction(self):
        found = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\r?$", self.body, re.M)
        return found.group(1) if found else "sendrecv"

    def is_(self, what):
        """what: a status, "1xx" to "6xx", or a method."""
        if not self.is_response:
            return what == self.method
        return what == self.status or (isinstance(what, str) and what[1:] == "xx"
                                       and self.status // 100 == int(what[0]))


class Dialog:
    """A call of the phone: requests and responses by hand, the RTP end beside it."""

    def __init__(self, phone, call_id, far, local, remote, rtp):
        self.phone, self.call_id, self.far, self.rtp = phone, call_id, far, rtp
        self.local, self.remote, self.target = local, remote, None
        self.cseq, self.branch, self.sdp_version = 0, None, 1
        self.invite = None          # the latest INVITE that came

    def sdp(self, codecs=None, direction="sendrecv", ptime=20):
        codecs = self.phone.codecs if codecs is None else codecs
        host = self.rtp.host
        version = "IP6" if ":" in host else "IP4"
        types = [*codecs, EVENT] if self.phone.with_events else list(codecs)
        lines = ["v=0", f"o=phone 1 {self.sdp_version} IN {version} {host}", "s=-",
                 f"c=IN {version} {host}", "t=0 0",
                 f"m=audio {self.rtp.port} RTP/AVP " + " ".join(map(str, types))]
        lines += [f"a=rtpmap:{c} {NAMES[c]}/8000" for c in codecs]
        if self.phone.with_events:
            lines += [f"a=rtpmap:{EVENT} telephone-event/8000", f"a=fmtp:{EVENT} 0-15"]
        self.sdp_version += 1
        return "\r\n".join(lines + [f"a=ptime:{ptime}", f"a={direction}"]) + "\r\n"

    def request(self, method, uri=None, body="", headers=(), cseq=None, branch=None):
        if cseq is None and method not in ("ACK", "CANCEL"):
            self.cseq += 1
        if branch is None and method != "CANCEL":
            self.branch = "z9hG4bK" + os.urandom(6).hex()
        where = f"{bracketed(self.phone.host)}:{self.phone.port}"
        lines = [f"{method} {uri or self.target} SIP/2.0",
                 f"Via: SIP/2.0/{self.phone.protocol} {where};rport;"
                 f"branch={branch or self.branch}",
                 "Max-Forwards: 70", f"From: {self.local}", f"To: {self.remote}",
                 f"Call-ID: {self.call_id}", f"CSeq: {cseq or self.cseq} {method}",
                 f"Contact: <sip:phone@{where}{self.phone.parameter}>", *headers]
        self.phone.put(lines, body, self.far)

    def take_answer(self, message):
        """Learns from a response or an INVITE with SDP where the audio goes, and in which codec."""
        if message.body:
            self.rtp.peer, types = message.media()
            audio_types = [t for t in types if t in NAMES]
            check(audio_types, f"a codec we know in {types}")
            self.rtp.codec = audio_types[0]
        return message

    def wait(self, what, timeout_s=10.0):
        """The next message like that of this call; of responses, also learns tag and target."""
        message = self.phone.wait(what, timeout_s, self.call_id)
        contact = message.get("Contact")
        if message.is_response:
            self.remote = message.get("To") if message.method == "INVITE" else self.remote
        if contact and message.method == "INVITE":
            self.target = re.search(r"<([^>]+)>", contact).group(1)
        return message

    def reply(self, request, status, reason="Whatever", body="", headers=()):
        where = f"{bracketed(self.phone.host)}:{self.phone.port}"
        to = request.get("To")
        if status > 100 and ";tag=" not in to:
            to = self.local
        lines = [f"SIP/2.0 {status} {reason}", *(f"Via: {v}" for v in request.all("Via")),
                 *(f"Record-Route: {v}" for v in request.all("Record-Route")),
                 f"From: {request.get('From')}", f"To: {to}", f"Call-ID: {self.call_id}",
                 f"CSeq: {request.get('CSeq')}",
                 f"Contact: <sip:phone@{where}{self.phone.parameter}>", *headers]
        self.phone.put(lines, body, self.far)

    def ack(self, body=""):
        self.request("ACK", body=body)

    def login(self, login, gateway_port, number):
        """The INVITE was challenged: again, with credentials."""
        uri = f"sip:{number}@{bracketed(self.phone.host)}:{gateway_port}"
        challenge = self.phone.wait(401, call_id=self.call_id)
        ack = dict(cseq=self.cseq, branch=self.branch)
        remote, self.remote = self.remote, challenge.get("To")
        self.request("ACK", uri=uri, **ack)
        self.remote = remote
        self.request("INVITE", uri=uri, body=self.sdp(),
                     headers=(login.answer(challenge.text, "INVITE", uri),))

    def reinvite(self, direction="sendrecv", body=None):
        """A re-INVITE and its 200, acknowledged; returns the 200."""
        self.request("INVITE", body=self.sdp(direction=direction) if body is None else body)
        ok = self.wait(200)
        self.take_answer(ok)
        self.ack()
        return ok

    def bye(self):
        self.request("BYE")
        self.wait(200)

    def wait_bye(self, timeout_s=10.0):
        bye = self.wait("BYE", timeout_s)
        self.reply(bye, 200, "OK")
        return bye


class SipPhone:
    protocol, parameter = "UDP", ""     # in Via and in Contact

    def __init__(self, host=HOST, codecs=(PCMU,), number="7134", name="Sip Phone",
                 with_events=True):
        self.host, self.codecs, self.number, self.name = host, codecs, number, name
        self.with_events = with_events
        self.messages, self._seen, self._ends = [], set(), []
        self._stopping = False
        self._open()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _open(self, kind=socket.SOCK_DGRAM):
        self.socket = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, kind)
        self.socket.bind((self.host, 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]

    def _run(self):
        while not self._stopping:
            try:
                data, source = self.socket.recvfrom(65536)
            except OSError:
                continue
            self._take(data, source)

    def _take(self, data, source):
        message = Message(data.decode("utf-8", "replace"))
        message.source = source
        key = message.start, message.get("Via"), message.get("CSeq"), message.get("To")
        if message.is_response or key not in self._seen:    # requests repeated: once
            self._seen.add(key)
            self.messages.append(message)

    def put(self, lines, body, to):
        if body:
            lines = [*lines, "Content-Type: application/sdp"]
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])
        self._send(text.encode(), to)

    def _send(self, data, to):
        self.socket.sendto(data, to)

    def register(self, gateway_port, login, expires_s=120):
        """Registers with a challenge; the credentials that were accepted."""
        where, uri = f"{bracketed(self.host)}:{self.port}", f"sip:{bracketed(self.host)}:{gateway_port}"
        call_id, line = os.urandom(8).hex(), None
        for cseq, status in ((1, 401), (2, 200)):
            self.put([f"REGISTER {uri} SIP/2.0",
                      f"Via: SIP/2.0/UDP {where};rport;branch=z9hG4bK{os.urandom(6).hex()}",
                      "Max-Forwards: 70", f"From: <sip:{login.user}@tandem>;tag=r",
                      f"To: <sip:{login.user}@tandem>", f"Call-ID: {call_id}",
                      f"CSeq: {cseq} REGISTER", f"Expires: {expires_s}",
                      f"Contact: <sip:{login.user}@{where}>", "User-Agent: a phone of the tests", "Supported: path, outbound, gruu",
                      "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, REFER",
                      *([line] if line else [])], "", (self.host, gateway_port))
            answer = self.wait(status, call_id=call_id)
            line = login.answer(answer.text, "REGISTER", uri) if status == 401 else line
        return line

    def wait(self, what, timeout_s=10.0, call_id=None):
        def found():
            return next((m for m in self.messages if not m.is_taken and m.is_(what)
                         and call_id in (None, m.get("Call-ID"))), None)
        message = wait_for(found, lambda: f"phone {self.number}: {what} among "
                           f"{[m.start for m in self.messages[-6:]]}", timeout_s, 0.002)
        message.is_taken = True
        return message

    def _end(self, hz):
        self._ends.append(RtpEnd(hz, self.host))
        return self._ends[-1]

    def dial(self, gateway_port, number, hz=440, with_sdp=True, headers=(), caller=None,
             codecs=None):
        """INVITE sent; the rest is the test's."""
        where = f"{bracketed(self.host)}:{self.port}"
        far = f"{bracketed(self.host)}:{gateway_port}"
        caller = caller or f'"{self.name}" <sip:{self.number}@{where}>'
        d = Dialog(self, os.urandom(8).hex(), (self.host, gateway_port),
                   f"{caller};tag={os.urandom(4).hex()}", f"<sip:{number}@{far}>", self._end(hz))
        d.request("INVITE", uri=f"sip:{number}@{far}", body=d.sdp(codecs) if with_sdp else "",
                  headers=headers)
        return d

    def call(self, gateway_port, number, hz=440, **options):
        """A call that is answered."""
        d = self.dial(gateway_port, number, hz, **options)
        d.take_answer(d.wait(200))
        d.ack()
        return d

    def wait_call(self, hz=440, timeout_s=10.0):
        """The INVITE that comes; 100 is sent, the rest is the test's."""
        invite = self.wait("INVITE", timeout_s)
        d = Dialog(self, invite.get("Call-ID"), invite.source[:2],
                   f"{invite.get('To')};tag={os.urandom(4).hex()}", invite.get("From"),
                   self._end(hz))
        d.invite = invite
        d.target = re.search(r"<([^>]+)>", invite.get("Contact")).group(1)
        d.reply(invite, 100, "Trying")
        if invite.body:
            d.take_answer(invite)
        return d

    def answer(self, hz=440, ring=True, codecs=None):
        """Takes the call that comes and answers it."""
        d = self.wait_call(hz)
        if ring:
            d.reply(d.invite, 180, "Ringing")
        if codecs:
            d.rtp.codec = codecs[0]
        d.reply(d.invite, 200, "OK", d.sdp(codecs))
        d.wait("ACK")
        return d

    def stop(self):
        self._stopping = True
        self._thread.join()
        self.socket.close()
        for end in self._ends:
            end.stop()
