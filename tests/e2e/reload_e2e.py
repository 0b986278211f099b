#!/usr/bin/env python3
"""Reload with live calls: they go on unhurt, what changed is in force, a bad file changes nothing.
"""
import time

from lib import stage
from lib.bed import Bed, peer
from lib.checks import pbx_heard
from lib.sipp import Sipp, reason_cause
from lib.stage import check, check_equal, step, wait_for

REFUSE_7102 = 'rule "closed" { number = "7102"  reject = 21 }\n'


def refused(s, bed, name, number, status, cause):
    sipp = Sipp(s, name, "uac_refused", to=bed.sip_port, number=number, status=status,
                media="[media_port]", **{"from": "7134"})
    sipp.finish()
    check_equal(reason_cause(sipp.received(f"SIP/2.0 {status}")[0]), cause, f"{name}: Reason")


def answered(s, bed, name, number):
    sipp = Sipp(s, name, "uac_call", to=bed.sip_port, number=number, hold_ms=200,
                media="[media_port]", **{"from": "7134"})
    sipp.finish()
    bed.pbx.wait("report", ext=number)


def live_calls(s, bed):
    """One call each way, with the PBX's tone echoed by SIPp."""
    callee = Sipp(s, "callee", "uas_answer", port=bed.peer_port, echo=True, ring_ms=50,
                  media="[media_port]")
    caller = Sipp(s, "caller", "uac_call", to=bed.sip_port, number="7103", hold_ms=9000, echo=True,
                  media="[media_port]", **{"from": "7134"})
    bed.pbx.wait("connect", ext="7103")
    time.sleep(0.2)
    bed.pbx.dial("7101", "7134")
    bed.pbx.wait("connect", ext="7101")
    check_equal(len(bed.tandem.calls()), 2, "live calls")
    return caller, callee


def listener_comes_and_goes(s, bed):
    address = f"127.0.0.5:{s.port()}"
    with open(bed.tandem.config, encoding="utf-8") as f:
        text = f.read()
    s.write("tandem.conf", text.replace('listen = {"', f'listen = {{"{address}", "'))
    report = bed.tandem.ask("reload")["report"]
    check(f"sip: listens on {address}\n" in report, f"a new listener is told: {report}")
    s.write("tandem.conf", text)
    report = bed.tandem.ask("reload")["report"]
    check(f"sip: no longer listens on {address}\n" in report, f"and that it is gone: {report}")


def test(s):
    bed = Bed(s, "phone 7101 play tone 800 -13\nphone 7102 answer 0.1\n"
                 "phone 7103 answer 0.1 play tone 1200 -13\nphone 7104 answer 0.1")
    tandem = bed.tandem
    answered(s, bed, "before", "7102")
    callers = live_calls(s, bed)

    tandem.configure(bed.peer_text + REFUSE_7102 + bed.rules)
    reply = tandem.ask("reload")
    check(reply["ok"], f"reload: {reply}")
    step("reloaded: " + reply["report"].strip().replace("\n", "; "))
    refused(s, bed, "after-reload", "7102", 403, 21)

    tandem.configure(bed.peer_text + 'rule "x" { number = "71[X"  to = "nowhere" }\n'
                     + 'span "t2" { colour = "red" }\n')
    reply = tandem.ask("reload")
    check(not reply["ok"], "a bad file is refused")
    check("tandem.conf:" in reply["error"], f"the error names file and line: {reply}")
    step("refused: " + reply["error"].strip().splitlines()[0])
    refused(s, bed, "after-bad-file", "7102", 403, 21)
    tandem.hup()
    tandem.wait_log("the old configuration stays in force")

    tandem.configure(bed.peer_text + peer("more", s.port(), host="127.0.0.3") + bed.rules,
                     trunk='hunt = "descending"')
    tandem.hup()
    tandem.wait_log("info conf: reloaded")
    answered(s, bed, "after-hup", "7102")
    check_equal(len(tandem.calls()), 2, "live calls after all that")

    listener_comes_and_goes(s, bed)

    # A slot taken away keeps its call to the end; nothing new is put on it.
    busy = [n + 1 for n, state in enumerate(tandem.span()["slots"]) if state == "B"]
    tandem.configure(bed.peer_text + bed.rules, trunk=f'slots = "{free_slots(busy)}"')
    check(tandem.ask("reload")["ok"], "slots taken away")
    answered(s, bed, "other-slot", "7104")
    check_equal(len(tandem.calls()), 2, "live calls on slots taken away")

    time.sleep(1)
    bed.pbx.hang_up("7101")
    pbx_heard(bed.stage, bed.pbx.wait("report", ext="7101"), 800, 1)
    pbx_heard(bed.stage, bed.pbx.wait("report", timeout_s=15, ext="7103"), 1200, 5)
    for sipp in callers:
        sipp.finish()
    check(all(r["cause"] in ("16", "21") for r in tandem.records()), "causes of all calls")
    wait_for(lambda: tandem.span()["slots"].count("-") >= 2, "the slots are not used any more")
    tandem.wait_idle()


def free_slots(busy):
    return ",".join(str(n) for n in range(1, 24) if n not in busy)


if __name__ == "__main__":
    stage.main(test)
