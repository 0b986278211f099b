#!/usr/bin/env python3
"""tandemctl trace and ladder: both protocols of a call under its number, every element in words, filters,
what is remembered after the call, a file that tshark reads without fault, no secrets, and a reader that
does not read."""
import re
import socket

from lib import stage
from lib.bed import Bed
from lib.capture import Tshark
from lib.sip_phone import SipPhone
from lib.stage import check, check_equal, step, wait_for
from lib.trace import Tracing, tandemctl

PHONES = """
phone 7101 name "Anna Analog" answer 0
phone 7102 name "Bert" answer 0
"""
SECRET = 'Digest username="anna", realm="cs", nonce="n1", uri="sip:x", response="0123456789abcdef"'


def calls(bed, phone):
    """7101 calls 7134, 7135 calls 7102; the numbers of both calls."""
    bed.pbx.dial("7101", "7134")
    d = phone.answer()
    d.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()
    d = phone.call(bed.sip_port, "7102", headers=("Authorization: " + SECRET,))
    d.bye()
    bed.pbx.wait("report", ext="7102")
    bed.tandem.wait_idle()
    return [r["call"] for r in bed.tandem.records()[-2:]]


def of_call(lines, call):
    return [(protocol, direction, text.split(" cr ")[0].split(" sip:")[0])
            for number, protocol, _, direction, text in lines if number == call]


def check_lines(live, first, second):
    live.wait("200 OK .BYE")
    wait_for(lambda: ("q931", ">", "RELEASE COMPLETE") in of_call(live.lines(), second)
             or ("q931", "<", "RELEASE COMPLETE") in of_call(live.lines(), second), "its last frame")
    got = of_call(live.lines(), first)
    for wanted in (("q931", "<", "SETUP"), ("q931", ">", "CALL PROCEEDING"), ("sip", ">", "INVITE"),
                   ("sip", "<", "200 OK (INVITE)"), ("q931", ">", "CONNECT"), ("sip", "<", "BYE"),
                   ("q931", ">", "DISCONNECT"), ("q931", ">", "RELEASE COMPLETE")):
        check(wanted in got, f"{wanted} in the trace of call {first}: {got}")
    check_equal(got[0], ("q931", "<", "SETUP"), "what the call begins with")
    got = of_call(live.lines(), second)
    check_equal(got[0], ("sip", "<", "INVITE"), "what the other call begins with")
    check(("q931", ">", "SETUP") in got, f"its SETUP: {got}")
    strange = [l for l in live.lines() if l[0] not in (first, second) and l[1] == "sip"]
    check(not strange, f"SIP messages without a call: {strange}")
    check(not any(l[4].startswith("RR") for l in live.lines()), "RR is shown only with --link")
    step("each message has the number of its call")


def check_words(bed):
    text = tandemctl(bed.tandem, "trace", "--recent", "-v")
    for wanted in (r"Bearer capability +3.1 kHz audio, circuit, 64 kbit/s, G.711 mu-law",
                   r"Channel identification +slot \d+, (exclusive|preferred)",
                   r'Calling number +"7101", type \w+, plan \S+, presentation allowed',
                   r'Called number +"7134"', r'Display +"Anna Analog"',
                   r"Cause +16 normal call clearing, from ", r"N\(S\) \d+, N\(R\) \d+", r"SAPI 0, TEI 0",
                   r"call reference +\d+, sent (by|to) the side that chose it",
                   r"\n    INVITE sip:7134@cs", r"\n    a=rtpmap:"):
        check(re.search(wanted, text), f"{wanted} in\n{text[-6000:]}")
    check("0123456789abcdef" not in text and 'response="****************"' in text,
          "the digest is not shown")
    step("every element in words")


def check_filters(bed, first, second):
    def shown(*options):
        return {line.split()[1] for line in tandemctl(bed.tandem, "trace", "-r", *options).splitlines()}
    check_equal(shown(second), {second}, "a call by its number")
    check_equal(shown("--call", first), {first}, "--call")
    check_equal(shown("--number", "7134", "-c", "999999") >= {first}, True, "--number")
    check_equal(shown("--number", "102"), {second}, "--number, its end")
    check_equal(shown("-n", "710"), set(), "-n, not its beginning")
    check(shown("t1-1") >= {first, second}, "a span, and the calls over it")
    check_equal(shown("nowhere"), set(), "a span that is not there")
    text = tandemctl(bed.tandem, "trace", "-r", "pbx", "--number", "nobody")
    check(" sip " in text, "a trunk's calls with their SIP side")
    tandemctl(bed.tandem, "trace", "--frobnicate", status=2)


def check_ladder(bed, first):
    text = tandemctl(bed.tandem, "ladder", first)
    check(re.search(r"0\.0 \|-+ SETUP cr \d+.*->", text), f"SETUP goes right:\n{text}")
    check(re.search(r"\| +\|-+ INVITE sip:7134@cs -+>\|", text), f"INVITE goes right:\n{text}")
    check(re.search(r"\|<-+ CONNECT cr", text), f"CONNECT goes left:\n{text}")
    check(re.search(r"\|<-+ BYE ", text), f"BYE goes left:\n{text}")
    step("the ladder:\n" + text)


def check_file(s, bed, tshark, path, first, second):
    tshark.check_no_faults(path)
    names = ("frame.interface_name", "frame.comment", "frame.protocols", "lapd.direction",
             "q931.message_type", "sip.Method", "frame.packet_flags_direction")
    packets = tshark.fields(path, *names)
    interfaces = {p["frame.interface_name"] for p in packets}
    check_equal(interfaces, {"t1-1", "sip"}, "interfaces")
    commented = [p for p in packets if p["frame.comment"] == f"call {first}"]
    check({p["frame.interface_name"] for p in commented} == interfaces, "both sides have its number")
    setups = [p for p in packets if "0x05" in p["q931.message_type"]]
    # We are the user: what comes is from the network.
    check_equal([(p["lapd.direction"], p["frame.packet_flags_direction"]) for p in setups],
                [("0", "0x00000001"), ("1", "0x00000002")], f"direction of {setups}")
    check(sum("sip" in p["frame.protocols"] for p in packets) >= 10, f"SIP is dissected: {packets}")
    step(f"{len(packets)} packets that tshark finds no fault with")


def check_slow_reader(bed, phone):
    """It gets nothing of calls until their lines do not fit; the gateway does not wait."""
    with socket.socket(socket.AF_UNIX) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(bed.tandem.control_path)
        slow.sendall(b"trace\n")
        header = ("X-Filling: " + "x" * 6500,)
        for _ in range(60):
            d = phone.dial(bed.sip_port, "9999", headers=header)
            refused = d.wait("4xx")
            d.request("ACK", branch=d.branch, uri="sip:9999@cs", cseq=d.cseq, headers=header)
        bed.tandem.wait_idle()
        slow.settimeout(5)
        got = b""
        while b'{"lost":' not in got:
            more = slow.recv(65536)
            check(more, "a gap is told of")
            got += more
            if len(got) > 1 << 20 and b'"lost"' not in got[-70000:]:
                d = phone.dial(bed.sip_port, "9999")
                d.wait("4xx")
    step("a reader that does not read loses messages, and is told")


def test(s):
    phone = SipPhone(number="7134")
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="")
    path = s.path("calls.pcapng")
    live = Tracing(s, bed.tandem, "trace")
    to_file = Tracing(s, bed.tandem, "trace-file", "-w", path)
    first, second = calls(bed, phone)
    check_lines(live, first, second)
    live.process.stop()
    to_file.process.stop()
    check_words(bed)
    check_filters(bed, first, second)
    check_ladder(bed, first)
    check_file(s, bed, Tshark(s, {bed.sip_port: "sip"}), path, first, second)
    check_slow_reader(bed, phone)
    phone.stop()
    bed.finish()


if __name__ == "__main__":
    stage.main(test)
