"""The far end of a pseudowire (RFC 5086) with any octets in its slots, written by hand: what a simulated
PBX would never send."""
import socket
import struct
import threading
import time

from lib.hdlc import Dchan, fcs
from lib.stage import HOST, realtime

SLOTS, FRAMES = 24, 40      # 5 ms a packet
PACKET_S = FRAMES / 8000


def idle(_first, count):
    return b"\xff" * count


def robbed(first, count):
    """On hook, E&M: each sixth frame's last bit is 0."""
    return bytes(0xfe if n % 6 == 0 else 0xff for n in range(first, first + count))


class Hdlc:
    """A D-channel's slot: flags, and the frames given to send()."""

    def __init__(self, invert=0, every_s=None, frame=b""):
        self._bits, self._queue = [], []
        self._invert, self._every, self._frame = invert, every_s, frame

    def send(self, frame):
        self._queue.append(frame)

    def __call__(self, first, count):
        if self._every and first % int(self._every * 8000) < count:
            self.send(self._frame)
        out = bytearray()
        for _ in range(count):
            while len(self._bits) < 8:
                self._bits += self._next()
            octet, self._bits = self._bits[:8], self._bits[8:]
            out.append(int("".join(map(str, octet)), 2) ^ self._invert)
        return bytes(out)

    def _next(self):
        flag = [0, 1, 1, 1, 1, 1, 1, 0]
        if not self._queue:
            return flag
        frame = self._queue.pop(0)
        check = fcs(frame) ^ 0xffff
        bits, ones = [], 0
        for octet in frame + struct.pack("<H", check):
            for n in range(8):
                bit = octet >> n & 1
                bits.append(bit)
                ones = ones + 1 if bit else 0
                if ones == 5:
                    bits.append(0)
                    ones = 0
        return bits + flag


class FarSlots:
    """slots: {slot: function of (number of the first octet, how many)}; the others are idle.
    on_frame(far, frame): a good frame arrived in slot listen.  loop: packets go back as they are.
    more: octets at the end of each packet, where none belong."""

    def __init__(self, local, peer, slots=None, listen=0, on_frame=None, loop=False,
                 more=b""):
        self.slots, self._peer = slots or {}, (HOST, peer)
        self._listen, self._on_frame, self._loop = listen, on_frame, loop
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, local))
        self._dchan = Dchan(())
        self._stop, self._more = False, more
        self._thread = threading.Thread(target=self._reflect if loop else self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stop = True
        self._thread.join()
        self._socket.close()

    def _reflect(self):
        realtime()
        self._socket.settimeout(0.1)
        while not self._stop:
            try:
                data, peer = self._socket.recvfrom(2048)
                self._socket.sendto(data, peer)
            except OSError:
                pass

    def _run(self):
        realtime()
        self._socket.setblocking(False)
        sequence, due = 0, time.monotonic()
        while not self._stop:
            self._send(sequence)
            sequence += 1
            self._receive()
            due += PACKET_S
            time.sleep(max(0.0, due - time.monotonic()))

    def _send(self, sequence):
        rows = [self.slots.get(slot, idle)(sequence * FRAMES, FRAMES)
                for slot in range(1, SLOTS + 1)]
        payload = b"".join(bytes(row[n] for row in rows) for n in range(FRAMES))
        try:
            self._socket.sendto(struct.pack("!HH", 0, sequence & 0xffff) + payload
                                + self._more, self._peer)
        except OSError:
            pass        # nobody is there yet

    def _receive(self):
        while True:
            try:
                data = self._socket.recv(2048)
            except OSError:
                return
            if self._listen:
                for octet in data[4 + self._listen - 1::SLOTS]:
                    for shift in range(7, -1, -1):
                        self._dchan._bit(octet >> shift & 1, 0)    # pylint: disable=W0212
                for _, frame in self._dchan.frames:
                    self._on_frame(self, frame)
                self._dchan.frames.clear()
