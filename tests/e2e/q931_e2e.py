#!/usr/bin/env python3
"""The referee of D-channel messages (lib/q931.py) knows good from bad: each kind of fault is found in a
good message that was spoilt so."""
from lib import stage
from lib.q931 import Referee
from lib.stage import check, check_equal, step

I = bytes([0x02, 0x01, 0x00, 0x00])      # of the network
SETUP = "08 02 00 05 05 04 03 80 90 a2 18 03 a9 83 81 6c 06 21 81 37 31 30 31 70 05 c1 37 31 33 34"
PROCEEDING = "08 02 80 05 02 18 03 a9 83 81"
ALERTING = "08 02 80 05 01 1e 02 81 88"
DISCONNECT = "08 02 00 05 45 08 02 81 90"
RESTART = "08 02 00 00 46 18 03 a9 83 81 79 01 80"
SERVICE = "43 02 00 00 07 01 01 c2 18 03 a9 83 85"
FACILITY = "08 02 00 05 62 1c 10 9f a1 0d 02 01 01 02 01 00 80 05 41 6e 6e 61 31"
STATUS = "08 02 00 05 7d 08 02 81 e5 14 01 0a"

# (what comes first, ours or theirs; then ours; the words of the fault, "" for none)
CASES = [
    ([], SETUP, ""),
    ([("sent", SETUP)], DISCONNECT, ""),
    ([("received", SETUP)], PROCEEDING, ""),
    ([("received", SETUP), ("sent", PROCEEDING)], ALERTING, ""),
    ([], RESTART, ""),
    ([], SERVICE, ""),
    ([("sent", SETUP)], FACILITY, ""),
    ([("sent", SETUP)], STATUS, ""),
    # spoilt
    ([], SETUP.replace("00 05 05", "80 05 05"), "flag"),
    ([], SETUP.replace("04 03 80 90 a2 ", ""), "mandatory element 04"),
    ([], SETUP.replace("80 90 a2", "80 90 a3"), "mu-law"),
    ([], SETUP.replace("18 03 a9 83 81 ", ""), "channel"),
    ([], SETUP.replace("a9 83 81", "a9 83 99"), "channel numbers"),
    ([], SETUP.replace("a9 83 81", "a9 83 01"), "channel numbers|bit 8|octet"),
    ([], SETUP.replace("a9 83 81", "89 83 81"), "primary rate"),
    ([], SETUP.replace("37 31 33 34", "37 31 33 41"), "digits"),
    ([], SETUP.replace("70 05", "70 09"), "longer than the message"),
    ([], "08 02 00 05 05 18 03 a9 83 81 04 03 80 90 a2", "order"),
    ([], "08 01 05 05 04 03 80 90 a2 18 03 a9 83 81", "two octets"),
    ([("sent", SETUP)], "08 02 00 05 45", "mandatory element 08"),
    ([("sent", SETUP)], DISCONNECT.replace("81 90", "81 80"), "cause 0"),
    ([("sent", SETUP)], DISCONNECT.replace("81 90", "86 90"), "location 6"),
    ([("sent", SETUP)], DISCONNECT + " 08 02 81 90", "more than once"),
    ([("sent", SETUP)], DISCONNECT + " 79 01 80", "no business"),
    ([("sent", SETUP)], DISCONNECT.replace("00 05", "80 05"), "nobody began|flag"),
    ([], DISCONNECT, "nobody began"),
    ([("received", SETUP)], "08 02 80 05 02", "names the channel"),
    ([("received", SETUP)], PROCEEDING.replace("a9", "a1"), "exclusive"),
    ([("received", SETUP)], PROCEEDING.replace("80 05", "00 05"), "nobody began|flag"),
    ([("sent", SETUP), ("sent", DISCONNECT)], "08 02 00 05 4d", ""),
    ([("sent", SETUP)], "08 02 00 05 4d", "has a Cause"),
    ([("sent", SETUP), ("sent", "08 02 00 05 5a 08 02 81 90")], DISCONNECT, "nobody began"),
    ([], RESTART.replace("18 03 a9 83 81 ", ""), "class 0"),
    ([], RESTART.replace("79 01 80", "79 01 81"), "class 81"),
    ([], RESTART.replace("00 00 46", "00 05 46"), "call's reference"),
    ([], SERVICE.replace("43", "03"), "discriminator"),
    ([], SERVICE.replace("01 01 c2 ", ""), "without status"),
    ([("sent", SETUP)], FACILITY.replace("80 05", "80 06"), "BER"),
    ([("sent", SETUP)], FACILITY.replace("a1 0d", "a7 0d"), "component"),
    ([("sent", SETUP)], STATUS.replace(" 14 01 0a", ""), "mandatory element 14"),
    ([("sent", SETUP)], STATUS.replace("14 01 0a", "14 01 05"), "state"),
    ([("sent", SETUP)], "08 02 00 05 3f", "message type 3f"),
    ([("sent", SETUP)], DISCONNECT + " 98", "shift|longer"),
]


def test(s):
    for before, ours, words in CASES:
        referee = Referee("ni2", True)
        for kind, text in before:
            getattr(referee, kind)(I + bytes.fromhex(text))
        check_equal(referee.faults, [], f"what comes before {ours}")
        referee.sent(I + bytes.fromhex(ours))
        if not words:
            check_equal(referee.faults, [], ours)
        else:
            check(len(referee.faults) == 1 and any(w in referee.faults[0] for w in words.split("|")),
                  f"{words} in {ours}: {referee.faults}")
    referee = Referee("qsig", True)
    referee.sent(I + bytes.fromhex(SERVICE))
    referee.sent(b"\x00" + I[1:] + bytes.fromhex(RESTART))
    check_equal(len(referee.faults), 2, f"no SERVICE on QSIG, C/R of the network: {referee.faults}")
    step(f"{len(CASES)} messages are judged rightly")


if __name__ == "__main__":
    stage.main(test)
