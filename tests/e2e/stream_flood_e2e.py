#!/usr/bin/env python3
"""A live call over TLS while strangers flood the port: half-open handshakes, octet by octet, from few and
from many addresses, and messages that never end from the peer's own address."""
import os
import socket
import threading
import time

from lib import audio, stage
from lib.bed import Bed
from lib.certificates import Authority
from lib.checks import ended, pbx_heard, phone_heard
from lib.stage import HOST, check, check_equal, step, wait_for
from lib.stream_phone import StreamPhone

PHONES = 'phone 7101 answer 0.1 play tone 800 -13'
FLOOD_S = 5.0
MOST, PER_ADDRESS, PER_NETWORK = 40, 2, 12


class Flood:
    """Connections from addresses the gateway has never heard of, each begun and none completed."""

    def __init__(self, port):
        self.port, self.tried, self.cut = port, 0, 0
        self._sockets, self._stopping = [], False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _one(self):
        source = f"127.0.{self.tried % 8}.{10 + self.tried % 40}"
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((source, 0))
        s.settimeout(1)
        try:
            s.connect((HOST, self.port))
            s.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[:1 + self.tried % 9])
        except OSError:
            self.cut += 1
        s.setblocking(False)
        self.tried += 1
        self._sockets.append(s)

    def _trickle(self):
        for s in self._sockets[:]:
            try:
                s.send(b"\x00")
            except BlockingIOError:
                pass
            except OSError:
                self.cut += 1
                self._sockets.remove(s)
                s.close()

    def _run(self):
        while not self._stopping:
            for _ in range(20):
                self._one()
            self._trickle()
            time.sleep(0.02)

    def stop(self):
        self._stopping = True
        self._thread.join()
        for s in self._sockets:
            s.close()


def sip(bed):
    return bed.tandem.status()["sip"]


def during_a_call(bed, phone):
    d = phone.call(bed.sip_port, "7101", hz=1200)
    since = time.monotonic() + 0.3
    flood = Flood(bed.sip_port)
    end, most = time.monotonic() + FLOOD_S, 0
    while time.monotonic() < end:
        most = max(most, sip(bed)["connections"])
        time.sleep(0.05)
    # In the middle of it the peer gets a second connection, and by it a second call.
    phone.connect((HOST, bed.sip_port))
    second = phone.call(bed.sip_port, "7102")
    second.bye()
    d.bye()
    flood.stop()
    phone_heard(bed.stage, "call in the flood", audio.Heard(d.rtp.heard(since), 800), FLOOD_S - 1)
    pbx_heard(bed.stage, bed.pbx.wait("report", ext="7101"), 1200, FLOOD_S - 0.5)
    bed.tandem.wait_idle()
    ended(bed, "call in the flood", 16)
    counts = sip(bed)
    step(f"{flood.tried} connections tried, {flood.cut} seen cut; at most {most} open; "
         f"{counts['refused_connections']} refused, {counts['cut_slow']} cut for being slow")
    check(flood.tried > 300, "a flood worth the name")
    check(most <= MOST // 2 + 2, f"strangers take half of {MOST} at most: {most}")
    check(counts["refused_connections"] > flood.tried // 2, "most were refused")
    check(counts["cut_slow"] > 10, "those let in were cut when their time was over")


def slow_peer(bed, phone):
    """The peer's own connections are not counted as strangers', but its patience is bounded too."""
    before = sip(bed)["cut_slow"]
    c = phone.connect((HOST, bed.sip_port))
    c.sendall(b"INVITE sip:7101@x SIP/2.0\r\nVia: ")
    wait_for(lambda: sip(bed)["cut_slow"] > before, "a message that never ends is cut")
    step("a message that never ends was cut")


def test(s):
    authority = Authority(s)
    phone = StreamPhone(with_tls=authority.issue("phone", "cs"))
    own = authority.issue("gateway", "gateway.example")
    port = s.port(socket.SOCK_STREAM)
    bed = Bed(s, PHONES + "\nphone 7102 answer 0.1", peer_name="cs", peer_port=phone.port,
              peer_more="transport = tls\n\ttls_name = cs",
              sip=f"""listen = {{"tls:{HOST}:{port}"}}
	certificate = "{own.path}"
	key = "{own.key}"
	ca = "{own.ca}"
	connections_max = {MOST}
	connections_per_address = {PER_ADDRESS}
	connections_per_network = {PER_NETWORK}
	setup_timeout_ms = 1000""")
    bed.sip_port = port
    during_a_call(bed, phone)
    slow_peer(bed, phone)
    descriptors = len(os.listdir(f"/proc/{bed.tandem.process.popen.pid}/fd"))
    check(descriptors < 100, f"{descriptors} descriptors are left open")
    phone.stop()
    wait_for(lambda: sip(bed)["connections"] == 0, "no connection is left")
    bed.finish()


if __name__ == "__main__":
    stage.main(test)
