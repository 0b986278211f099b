"""A small SIP and RTP end for measuring: every datagram has the time the kernel got it.

Times are seconds of CLOCK_REALTIME, as the gateway's trace writes them.
"""
import os
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib.stage import HOST                              # noqa: E402

SO_TIMESTAMPNS = 35


def receive(sock):
    """(data, source, time of arrival), or None when nothing waits."""
    try:
        data, ancillary, _, source = sock.recvmsg(8192, 64)
    except (BlockingIOError, socket.timeout):
        return None
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, ns = struct.unpack("qq", value[:16])
            return data, source, seconds + ns * 1e-9
    return data, source, time.time()


def open_socket(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((HOST, port))
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return s


class SipUa:
    """Answers every INVITE with `status`; places calls with invite().  One thread."""

    def __init__(self, port, gateway_port, rtp_port):
        self.port, self.gateway, self.rtp_port = port, (HOST, gateway_port), rtp_port
        self.status = 200
        self.invited = {}              # number: time its INVITE came
        self.finals = {}               # Call-ID: (status, head of the response)
        self.media_port = None         # where the gateway wants RTP, of the newest SDP
        self.socket = open_socket(port)
        self.socket.settimeout(0.1)
        self._count = 0
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._running = False
        self._thread.join()
        self.socket.close()

    def sdp(self):
        return (f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
                f"m=audio {self.rtp_port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
                "a=ptime:20\r\n")

    def invite(self, number):
        """Sends an INVITE; returns (Call-ID, time of sending)."""
        self._count += 1
        call_id = f"bench-{os.getpid()}-{self._count}"
        body = self.sdp()
        text = (f"INVITE sip:{number}@{HOST} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bK{call_id};rport\r\n"
                f"From: <sip:7999@{HOST}>;tag=f{self._count}\r\nTo: <sip:{number}@{HOST}>\r\n"
                f"Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
                f"Contact: <sip:7999@{HOST}:{self.port}>\r\nContent-Type: application/sdp\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}")
        sent = time.time()
        self.socket.sendto(text.encode(), self.gateway)
        return call_id, sent

    def bye(self, call_id):
        head = self.finals[call_id][1]
        self._request("BYE", head, 2)

    def _request(self, method, head, cseq):
        """A request in the dialog (or, for ACK, transaction) of a response we got."""
        status = int(head[0].split()[1])
        fields = {name.lower(): value for name, _, value in (h.partition(": ") for h in head[1:])}
        branch = re.search(r"branch=([^;,\s]+)", fields["via"]).group(1)
        if status < 300:
            branch += method
        contact = re.search(r"<([^>]+)>", fields.get("contact", ""))
        uri = contact.group(1) if contact and status < 300 else re.search(
            r"<([^>]+)>", fields["to"]).group(1)
        self.socket.sendto(
            (f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {HOST}:{self.port};branch={branch};rport\r\n"
             f"From: {fields['from']}\r\nTo: {fields['to']}\r\nCall-ID: {fields['call-id']}\r\n"
             f"CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n").encode(),
            self.gateway)

    def _run(self):
        while self._running:
            got = receive(self.socket)
            if got is None:
                continue
            text, at = got[0].decode(errors="replace"), got[2]
            head, _, body = text.partition("\r\n\r\n")
            lines = head.split("\r\n")
            media = re.search(r"^m=audio (\d+) ", body, re.M)
            if media:
                self.media_port = int(media.group(1))
            if lines[0].startswith("SIP/2.0 "):
                self._response(lines)
            else:
                self._incoming(lines, at)

    def _response(self, lines):
        status = int(lines[0].split()[1])
        fields = dict((n.lower(), v) for n, _, v in (h.partition(": ") for h in lines[1:]))
        if status < 200 or not fields["cseq"].endswith("INVITE"):
            return
        self._request("ACK", lines, 1)
        self.finals[fields["call-id"]] = (status, lines)

    def _incoming(self, lines, at):
        method, uri = lines[0].split()[:2]
        if method == "ACK":
            return
        kept = [h for h in lines[1:] if h.lower().startswith(
            ("via:", "from:", "call-id:", "cseq:", "record-route:"))]
        to = next(h for h in lines[1:] if h.lower().startswith("to:"))
        if ";tag=" not in to:
            to += ";tag=bench"
        status, body = 200, ""
        if method == "INVITE":
            self.invited[re.search(r"sip:([^@]+)@", uri).group(1)] = at
            status = self.status
            body = self.sdp() if status == 200 else ""
        more = f"Contact: <sip:bench@{HOST}:{self.port}>\r\n"
        if body:
            more += "Content-Type: application/sdp\r\n"
        self.socket.sendto(
            (f"SIP/2.0 {status} Bench\r\n" + "\r\n".join(kept + [to]) + "\r\n" + more
             + f"Content-Length: {len(body)}\r\n\r\n{body}").encode(), self.gateway)


class RtpEnd:
    """Sends mu-law octets in a loop, a packet each 20 ms, and notes what arrives.

    phase_s: where in ten milliseconds of CLOCK_MONOTONIC, by which the gateway's ticks come."""

    def __init__(self, port, audio, phase_s=0.0):
        self.socket = open_socket(port)
        self.socket.setblocking(False)
        self.audio = audio
        self.phase_s = phase_s
        self.packets = []              # (time, timestamp, payload) received
        self.sent = []                 # (time, first sample of audio in it)
        self.peer_port = None
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._running = False
        self._thread.join()
        self.socket.close()

    def _drain(self):
        while (got := receive(self.socket)) is not None:
            data, _, at = got
            if len(data) >= 12 and data[1] & 0x7f == 0:
                self.packets.append((at, struct.unpack("!I", data[4:8])[0], data[12:]))

    def _run(self):
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        except OSError:
            pass                       # the pacing is then as good as the machine is idle
        number, due = 0, time.monotonic() // 0.01 * 0.01 + self.phase_s
        while self._running:
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))
            if self.peer_port is not None:
                first = number * 160 % len(self.audio)
                head = struct.pack("!BBHII", 0x80, 0, number & 0xffff, number * 160 & 0xffffffff, 7)
                self.sent.append((time.time(), first))
                self.socket.sendto(head + self.audio[first:first + 160], (HOST, self.peer_port))
                number += 1
            self._drain()
