#!/usr/bin/env python3
"""tshark looks at every packet of calls both ways: SIP, RTP, RTCP, CESoPSN, and the D-channel read
out of the pseudowire by code of its own.  None may be malformed."""
import time

from lib import hdlc, stage
from lib.baresip import Baresip
from lib.bed import Bed
from lib.capture import Capture, Tshark
from lib.kamailio import Kamailio
from lib.stage import check, check_equal, step


def calls(bed, phone):
    bed.pbx.dial("7101", "7134")
    bed.pbx.wait("connect", ext="7101")
    phone.wait_event("CALL_ESTABLISHED")
    time.sleep(1)
    bed.pbx.command("dtmf 7101 0123456789*#")
    time.sleep(6)                        # RTCP goes at most every 5 s
    bed.pbx.hang_up("7101")
    phone.wait_event("CALL_CLOSED")
    phone.dial("7101")
    bed.pbx.wait("connect", ext="7101")
    time.sleep(1)
    phone.hang_up()
    bed.pbx.wait("report", ext="7101")
    bed.pbx.wait("report", ext="7101")
    bed.pbx.dial("7101", "9999")
    check_equal(bed.pbx.wait("report", ext="7101")["cause"], 1, "a number without a rule")
    bed.tandem.wait_idle()


def check_wire(bed, tshark, path):
    tshark.check_no_faults(path)
    packets = tshark.fields(path, "frame.protocols", "rtp.p_type", "udp.srcport")
    for protocol, least in (("sip", 20), ("rtp", 300), ("rtcp", 2), ("pwcesopsn", 8000)):
        count = sum(protocol in p["frame.protocols"].split(":") for p in packets)
        step(f"{count} packets of {protocol} without fault")
        check(count >= least, f"{count} packets of {protocol} were seen, at least {least} expected")
    events = sum(p["rtp.p_type"] == "101" and
                 bed.rtp_first <= int(p["udp.srcport"]) <= bed.rtp_last for p in packets)
    check(events >= 12 * 4, f"telephone-events from the gateway: {events} packets")


def check_dchan(bed, tshark, capture, path):
    frames = []
    for source, destination in ((bed.span_port, bed.pbx_port), (bed.pbx_port, bed.span_port)):
        dchan = hdlc.Dchan(capture.payloads(source, destination))
        check_equal((dchan.bad_fcs, dchan.aborts, dchan.malformed), (0, 0, 0),
                    "bad FCS, aborts, malformed packets")
        stalls, _ = bed.stage.strain.seen()
        check(dchan.missing <= stalls, f"{dchan.missing} times packets are missing in the sequence; "
              f"the machine stood still {stalls} times")
        frames += dchan.frames
    hdlc.write_pcap(path, frames)
    tshark.check_no_faults(path)
    messages = tshark.fields(path, "q931.message_type", "q931.called_party_number.digits")
    got = {int(kind, 0) for m in messages for kind in m["q931.message_type"].split(",") if kind}
    # SETUP, CALL PROCEEDING, ALERTING, CONNECT, CONNECT ACKNOWLEDGE, DISCONNECT, RELEASE,
    # RELEASE COMPLETE
    for kind in (0x05, 0x02, 0x01, 0x07, 0x0f, 0x45, 0x4d, 0x5a):
        check(kind in got, f"Q.931 message 0x{kind:02x} among {sorted(map(hex, got))}")
    numbers = {m["q931.called_party_number.digits"] for m in messages} - {""}
    check_equal(numbers, {"7134", "7101", "9999"}, "called numbers that tshark reads")
    step(f"{len(frames)} D-channel frames without fault")


def test(s):
    captures = []
    tshark = Tshark(s, {})

    def start_capture(bed):
        tshark.ports.update({bed.peer_port: "sip", bed.sip_port: "sip",
                             bed.span_port: "pwcesopsn", bed.pbx_port: "pwcesopsn"})
        captures.append(Capture(s, tshark.ports, [(bed.rtp_first, bed.rtp_last)]))

    bed = Bed(s, 'phone 7101 name "Anna Müller" answer 0.3', peer_name="cs", peer_more="",
              on_ports=start_capture)
    proxy = Kamailio(s, bed.sip_port, port=bed.peer_port)
    calls(bed, Baresip(s, "7134", proxy.port, 440))
    bed.finish()
    captures[0].stop()
    check_wire(bed, tshark, captures[0].path)
    check_dchan(bed, tshark, captures[0], s.path("dchan.pcap"))


if __name__ == "__main__":
    stage.main(test)
