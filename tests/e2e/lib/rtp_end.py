"""One RTP end with all in hand: codec, address family, digits as telephone-events (RFC 4733),
sending or not, and what came, packet by packet."""
import bisect
import os
import selectors
import socket
import struct
import threading
import time

from lib import audio
from lib.rtp_bank import DECODE as DECODE_ULAW, _encode as encode_ulaw
from lib.stage import HOST, realtime

PTIME_S, SAMPLES = 0.02, 160
PCMU, PCMA, EVENT = 0, 8, 101
DIGITS = "0123456789*#ABCD"


def _decode_alaw(octet):
    """G.711 table 1, to 16 bits."""
    octet ^= 0x55
    segment, step = octet >> 4 & 7, octet & 15
    value = (step << 4) + 8 if segment == 0 else ((step << 4) + 0x108) << (segment - 1)
    return value if octet & 0x80 else -value


DECODE_ALAW = [_decode_alaw(o) for o in range(256)]
DECODE = {PCMU: DECODE_ULAW, PCMA: DECODE_ALAW}


_ALAW_ORDER = sorted(range(256), key=DECODE_ALAW.__getitem__)
_ALAW_VALUES = [DECODE_ALAW[o] for o in _ALAW_ORDER]


def _encode_alaw(sample):
    """The octet whose value is nearest."""
    n = bisect.bisect(_ALAW_VALUES, sample)
    near = range(max(0, n - 1), min(256, n + 1))
    return _ALAW_ORDER[min(near, key=lambda i: abs(_ALAW_VALUES[i] - sample))]


class RtpEnd:
    """Sends its tone to `peer` once that is known and `sending`; keeps what it hears."""

    def __init__(self, hz, host=HOST, level_dbm0=-13.0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.host, self.hz = host, hz
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        while True:         # RTP has even ports
            self.socket.bind((host, 0))
            self.port = self.socket.getsockname()[1]
            if self.port % 2 == 0:
                break
            self.socket.close()
            self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        samples = audio.tone(hz, 1.0, level_dbm0)
        self._tone = {PCMU: bytes(map(encode_ulaw, samples)),
                      PCMA: bytes(map(_encode_alaw, samples))}
        self.codec, self.event_type = PCMU, EVENT
        self.peer, self.sending = None, True
        self.shift_s = 0.0      # the next packet, and all after it, so much later
        self.packets = []       # (when, payload type, payload) of all that came
        self._ssrc = struct.unpack("!I", os.urandom(4))[0]
        self._sequence, self._timestamp, self._digit = 0, 0, []
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        realtime()
        selector = selectors.DefaultSelector()
        selector.register(self.socket, selectors.EVENT_READ)
        due = time.monotonic()
        while not self._stopping:
            if selector.select(max(0.0, due - time.monotonic())):
                self._receive()
            if time.monotonic() >= due:
                due += PTIME_S + self.shift_s
                self.shift_s = 0.0
                self._send()

    def _receive(self):
        while True:
            try:
                data = self.socket.recv(2048)
            except OSError:
                return
            if len(data) >= 12 and data[0] == 0x80:
                self.packets.append((time.monotonic(), data[1] & 0x7f, data[12:]))

    def _packet(self, payload_type, payload, timestamp, marker=False):
        head = struct.pack("!BBHII", 0x80, payload_type | (0x80 if marker else 0),
                           self._sequence & 0xffff, timestamp & 0xffffffff, self._ssrc)
        self._sequence += 1
        try:
            self.socket.sendto(head + payload, self.peer)
        except OSError:
            pass

    def _send(self):
        if self.peer is None or not self.sending:
            return
        if self._digit:
            code, start, step, of = self._digit[0]
            last = step == of
            for _ in range(3 if last else 1):      # RFC 4733 2.5.1.4: the end is sent three times
                self._packet(self.event_type,
                             struct.pack("!BBH", code, (0x80 if last else 0) | 10, step * SAMPLES),
                             start if start is not None else self._timestamp, step == 1)
            if start is None:
                self._digit[0] = code, self._timestamp, step, of
            code, start, step, of = self._digit[0]
            if last:
                self._digit.pop(0)
            else:
                self._digit[0] = code, start, step + 1, of
        else:
            at = self._timestamp % audio.RATE
            self._packet(self.codec, self._tone[self.codec][at:at + SAMPLES], self._timestamp,
                         self._sequence == 0)
        self._timestamp += SAMPLES

    def send_digits(self, digits, ms=100):
        """Each so long, one after another with as much audio between as a packet holds."""
        for digit in digits:
            self._digit.append((DIGITS.index(digit), None, 1, ms // 20))
            while self._digit:
                time.sleep(0.02)
            time.sleep(ms / 1000)

    def heard(self, since=0.0, until=float("inf")):
        """Samples of the audio packets that came then."""
        return [DECODE[kind][o] for when, kind, payload in self.packets if kind in DECODE
                and since <= when < until for o in payload]

    def kinds(self):
        return {kind for _, kind, _ in self.packets}

    def events(self):
        """Telephone-events that came: (digit, packets with the end bit) in order."""
        found, running = [], False
        for _, kind, payload in self.packets:
            if kind != self.event_type or len(payload) < 4:
                continue
            end = bool(payload[1] & 0x80)
            if not running and not end:
                found.append([DIGITS[payload[0]], 0])
            running = not end
            if end and found:
                found[-1][1] += 1
        return [tuple(f) for f in found]

    def stop(self):
        self._stopping = True
        self._thread.join()
        self.socket.close()
