"""The D-channel read from captured pseudowire packets, by code that shares nothing with tdm/.

RFC 5086: 4 octets of control word, then frames of 24 octets, one a timeslot.  Q.921: flags, zero-bit
stuffing, octets least significant bit first, FCS of 16 bits (x^16 + x^12 + x^5 + 1).
"""
import struct

SLOTS = 24
DLT_LAPD = 203


class Dchan:
    """Good frames of one direction, with the time (s) of the packet that completed each."""

    def __init__(self, packets, slot=24):
        """packets: (time, UDP payload) in order of arrival."""
        self.frames = []
        self.bad_fcs = self.aborts = self.malformed = self.missing = 0
        self._ones, self._bits, self._inside = 0, [], False
        expected = None
        for when, payload in packets:
            if len(payload) < 4 + SLOTS or (len(payload) - 4) % SLOTS:
                self.malformed += 1
                continue
            sequence = struct.unpack_from("!H", payload, 2)[0]
            if expected is not None and sequence != expected:
                self.missing += 1
                self._inside = False
            expected = (sequence + 1) & 0xffff
            for octet in payload[4 + slot - 1::SLOTS]:
                for shift in range(7, -1, -1):
                    self._bit(octet >> shift & 1, when)

    def _bit(self, bit, when):
        if bit:
            self._ones += 1
            if self._ones >= 7:
                if self._inside and self._ones == 7 and len(self._bits) > 7:
                    self.aborts += 1
                self._inside = False
            self._bits.append(1)
            return
        if self._ones == 6:              # a flag: 0 and six ones are in _bits already
            if self._inside:
                self._end(self._bits[:-7], when)
            self._bits, self._inside = [], True
        elif self._ones == 5:
            pass                         # a stuffed zero
        else:
            self._bits.append(0)
        self._ones = 0

    def _end(self, bits, when):
        if not bits:
            return
        octets = bytes(sum(bits[i + n] << n for n in range(8)) for i in range(0, len(bits) - 7, 8))
        if len(bits) % 8 or len(octets) < 4 or fcs(octets) != 0xf0b8:
            self.bad_fcs += 1
            return
        self.frames.append((when, octets[:-2]))


def fcs(octets):
    value = 0xffff
    for octet in octets:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value


def write_pcap(path, frames, link_type=DLT_LAPD):
    with open(path, "wb") as f:
        f.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link_type))
        for when, frame in sorted(frames):
            f.write(struct.pack("=IIII", int(when), int(when % 1 * 1e6), len(frame), len(frame)))
            f.write(frame)
