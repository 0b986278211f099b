"""Many RTP ends in one thread: each sends its own tone to whoever sends to it, and keeps what it
hears.  PCMU, 20 ms (RFC 3551); the mu-law here is G.711's formula, not the product's table."""
import os
import selectors
import socket
import struct
import threading
import time

from lib import audio
from lib.stage import HOST, realtime

PTIME_S, SAMPLES = 0.02, 160


def _encode(sample):
    sign = 0x80 if sample < 0 else 0
    value = min(abs(sample) >> 2, 8158) + 33
    segment = max(0, value.bit_length() - 6)
    return ~(sign | segment << 4 | value >> (segment + 1) & 15) & 0xff


def _decode(octet):
    octet = ~octet & 0xff
    segment, step = octet >> 4 & 7, octet & 15
    value = (((step << 1) + 33) << segment) - 33
    return -value * 4 if octet & 0x80 else value * 4


DECODE = [_decode(o) for o in range(256)]


class End:
    def __init__(self, port, hz):
        self.port, self.hz = port, hz
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, port))
        self.socket.setblocking(False)
        self.tone = bytes(map(_encode, audio.tone(hz, 1.0)))   # whole seconds: no click at the seam
        self.peer, self.sent, self.octets, self.latest = None, 0, bytearray(), b""
        self.ssrc = struct.unpack("!I", os.urandom(4))[0]

    def receive(self):
        while True:
            try:
                data, source = self.socket.recvfrom(2048)
            except BlockingIOError:
                return
            if len(data) >= 12 and data[0] == 0x80 and data[1] & 0x7f == 0:
                self.peer = source
                self.octets += data[12:]

    def send(self):
        if self.peer is None:
            return
        at = self.sent * SAMPLES % audio.RATE
        head = struct.pack("!BBHII", 0x80, 0x80 if self.sent == 0 else 0, self.sent & 0xffff,
                           self.sent * SAMPLES & 0xffffffff, self.ssrc)
        self.sent += 1
        self.latest = head + self.tone[at:at + SAMPLES]
        try:
            self.socket.sendto(self.latest, self.peer)
        except OSError:
            pass

    def heard(self, skip_s=0.0):
        return [DECODE[o] for o in self.octets[int(skip_s * audio.RATE):]]


class RtpBank:
    def __init__(self, ports_and_tones):
        self.ends = [End(port, hz) for port, hz in ports_and_tones]
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        realtime()
        selector = selectors.DefaultSelector()
        for end in self.ends:
            selector.register(end.socket, selectors.EVENT_READ, end)
        due = time.monotonic()
        while not self._stopping:
            for key, _ in selector.select(max(0.0, due - time.monotonic())):
                key.data.receive()
            if time.monotonic() >= due:
                due += PTIME_S
                for end in self.ends:
                    end.send()

    def stop(self):
        self._stopping = True
        self._thread.join()
        for end in self.ends:
            end.socket.close()
