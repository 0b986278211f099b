#!/usr/bin/env python3
"""The harness itself, without the gateway: two phones talk through Kamailio, SIPp to SIPp,
the D-channel decoder reads what is known, tshark finds fault.  When this fails, the failures of the
others say nothing."""
import random
import struct
import time

from lib import audio, hdlc, stage
from lib.baresip import Baresip
from lib.capture import Tshark
from lib.kamailio import Kamailio
from lib.sipp import Sipp, reason_cause
from lib.stage import Failed, check, check_equal, step


def check_tone_measuring():
    wanted = audio.tone(440, 1.0, -20)
    heard = audio.Heard(wanted, 440)
    check(abs(heard.level_dbm0 + 20) < 0.2 and heard.gaps_ms == 0 and not heard.broken,
          f"a clean tone: {heard}")
    check(audio.Heard(wanted, 620).level_dbm0 < -45, "another tone is not taken for it")
    wanted[4000:4800] = [0] * 800
    check_equal(audio.Heard(wanted, 440).gaps_ms, 100, "a gap of 100 ms")
    check(audio.Heard(wanted[:3000] + wanted[3004:], 440).broken, "four lost samples are noticed")
    mixed = [a + b for a, b in zip(wanted, audio.tone(620, 1.0, -20))]
    check(audio.Heard(mixed, 440).purity_db < 3, "two tones at once are not pure")


def stuffed(frames):
    """Octets of timeslot 24 that carry these frames."""
    flag, bits = [0, 1, 1, 1, 1, 1, 1, 0], []
    for frame in frames:
        bits += flag
        ones = 0
        for octet in frame + struct.pack("<H", hdlc.fcs(frame) ^ 0xffff):
            for n in range(8):
                bit = octet >> n & 1
                bits.append(bit)
                ones = ones + 1 if bit else 0
                if ones == 5:
                    bits.append(0)
                    ones = 0
    bits += flag * 9
    return bytes(sum(bits[i + n] << 7 - n for n in range(8)) for i in range(0, len(bits) - 7, 8))


def packets(octets):
    for number in range(len(octets) // 8):
        payload = bytearray(b"\xff" * 192)
        payload[23::24] = octets[number * 8:number * 8 + 8]
        yield number / 1000, struct.pack("!HH", 0, number & 0xffff) + bytes(payload)


def check_dchan_decoder():
    random.seed(1)
    frames = [bytes(random.choice([0xff, 0x7e, random.randrange(256)])
                    for _ in range(random.randrange(2, 60))) for _ in range(40)]
    sent = list(packets(stuffed(frames)))
    dchan = hdlc.Dchan(sent)
    check_equal([frame for _, frame in dchan.frames], frames, "frames read")
    check_equal((dchan.bad_fcs, dchan.aborts, dchan.missing), (0, 0, 0), "faults in a clean stream")
    when, payload = sent[20]
    damaged = bytearray(payload)
    damaged[4 + 23] ^= 0x20
    dchan = hdlc.Dchan(sent[:20] + [(when, bytes(damaged))] + sent[21:])
    check(dchan.bad_fcs + dchan.aborts >= 1 and len(dchan.frames) < 40, "a damaged bit is noticed")
    dchan = hdlc.Dchan(sent[:20] + sent[21:])
    check_equal(dchan.missing, 1, "a lost packet is noticed")


def check_referee(s):
    """tshark passes a good SETUP and finds fault with one whose called number is cut off."""
    tshark, path = Tshark(s, {}), s.path("setup.pcap")
    setup = bytes.fromhex("02010000 0802000105 04038090a2 1803a98397 700580") + b"7134"
    hdlc.write_pcap(path, [(0, setup)])
    tshark.check_no_faults(path)
    check_equal(tshark.fields(path, "q931.called_party_number.digits"),
                [{"q931.called_party_number.digits": "7134"}], "what tshark reads")
    hdlc.write_pcap(path, [(0, setup), (1, setup[:-2])])
    try:
        tshark.check_no_faults(path)
    except Failed:
        return
    raise Failed("tshark passes a malformed SETUP")


def sipp_pair(s):
    refuser = Sipp(s, "refuser", "uas_refuse", status="486 Busy Here",
                   header="Reason: Q.850;cause=17\n      ")
    time.sleep(0.3)
    caller = Sipp(s, "refused", "uac_refused", to=refuser.port, status=486, number="7101",
                  media="[media_port]", **{"from": "7134"})
    caller.finish()
    refuser.finish()
    check_equal(reason_cause(caller.received("SIP/2.0 486")[0]), 17, "cause in the Reason header")


def phones(s):
    kamailio = Kamailio(s, gateway_port=s.port())
    a = Baresip(s, "7134", kamailio.port, 440)
    b = Baresip(s, "7135", kamailio.port, 620)
    a.dial("7135")
    a.wait_event("CALL_ESTABLISHED")
    b.wait_event("CALL_ESTABLISHED")
    time.sleep(1.5)
    a.hang_up()
    b.wait_event("CALL_CLOSED")
    for phone, far in ((a, b), (b, a)):
        heard = audio.Heard(phone.heard(), far.hz)
        step(f"{phone.number} heard {far.number}: {heard}")
        check(heard.seconds > 1 and heard.gaps_ms == 0, "the tone is there all the time")
        check(abs(heard.level_dbm0 + 13) < 0.5, "its level is what was played")
        check(heard.purity_db > 30, "nothing else is heard")


def test(s):
    check_tone_measuring()
    check_dchan_decoder()
    check_referee(s)
    step("measures are right")
    sipp_pair(s)
    step("SIPp works")
    phones(s)


if __name__ == "__main__":
    stage.main(test)
