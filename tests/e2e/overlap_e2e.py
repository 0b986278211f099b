#!/usr/bin/env python3
"""Numbers dialled in parts: complete as soon as the plan can tell, by #, by T302, or never; passed on
digit by digit to a trunk that takes them so, and by INVITEs to a peer that says 484 (RFC 3578)."""
import time

from lib import stage
from lib.bed import Bed
from lib.sip_phone import SipPhone
from lib.stage import HOST, check, check_equal, step, wait_for

T302_S = 2.0
PHONES = """
phone 7101 answer 0
phone 7301 answer 0 span t1-2
"""
OPEN = 'rule "open" {{ from = "pbx"  number = "9."  to = "{to}" }}\n'


def dial(bed, number, gap_s=0.05, ext="7101"):
    bed.pbx.command(f"dial {ext} {number} overlap {gap_s}")
    return time.monotonic()


def arrives(bed, phone, number):
    d = phone.answer()
    check_equal(d.invite.start.split()[1], f"sip:{number}@cs", "the number")
    bed.pbx.wait("connect", ext="7101")
    d.bye()
    report = bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()
    return report


def fails(bed, number, cause):
    dial(bed, number)
    check_equal(bed.pbx.wait("report", ext="7101")["cause"], cause, f"{number}: cause")
    bed.tandem.wait_idle()


def complete_by_the_plan(bed, phone):
    start = dial(bed, "7134")
    arrives(bed, phone, "7134")
    took = time.monotonic() - start
    step(f"7134 in parts: dialled, answered and cleared in {took:.2f} s")
    check(took < T302_S, "nobody waits for T302 when the number is complete")


def complete_by_the_caller(bed, phone):
    start = dial(bed, "955512#")
    arrives(bed, phone, "955512")
    check(time.monotonic() - start < T302_S, "# ends a number at once")
    start = dial(bed, "955513")
    arrives(bed, phone, "955513")
    took = time.monotonic() - start
    check(took > T302_S, f"an open number waits for T302: {took:.2f} s")
    step(f"# and T302 ({took:.2f} s): good")


def no_number(bed):
    fails(bed, "8", 1)      # nothing begins with it
    fails(bed, "71", 28)    # T302 of a part


def address_incomplete(bed, phone):
    """Rules to a peer that takes parts: 484 asks for more, and each INVITE is a call of its own."""
    bed.tandem.configure(bed.peer_text.replace("domain", "overlap = true\n\tdomain")
                         + bed.rules + OPEN.format(to="cs"), trunk=TRUNK)
    check(bed.tandem.ask("reload")["ok"], "reload")
    dial(bed, "95551", gap_s=0.3)
    numbers = []
    while True:
        d = phone.wait_call()
        numbers.append(d.invite.start.split()[1].split("@")[0])
        if numbers[-1] == "sip:95551":
            break
        d.reply(d.invite, 484, "Address Incomplete")
        d.wait("ACK")
    step(f"INVITEs: {' '.join(numbers)}")
    check(len(numbers) > 1, "more than one INVITE")
    d.reply(d.invite, 200, "OK", d.sdp())
    d.wait("ACK")
    bed.pbx.wait("connect", ext="7101")
    d.bye()
    bed.pbx.wait("report", ext="7101")
    bed.tandem.wait_idle()
    dial(bed, "95551")      # and never enough
    end = time.monotonic() + 8
    while not bed.pbx.find("report", ext="7101") and time.monotonic() < end:
        try:
            d = phone.wait_call(timeout_s=0.2)
        except stage.Failed:
            continue
        d.reply(d.invite, 484, "Address Incomplete")
    check_equal(bed.pbx.wait("report", ext="7101")["cause"], 28, "cause: incomplete")
    bed.tandem.wait_idle()


def trunk_to_trunk(bed, ports):
    """The far end of the second trunk says when it has enough; the first then hears of it."""
    near, far = ports
    bed.tandem.configure(bed.peer_text + bed.rules.replace('7XXX"  to = "cs"', '7[02]XX"  to = "cs"')
                         + f"""
span "t1-2" {{ local = "{HOST}:{near}"  peer = "{HOST}:{far}" }}
trunk "co" {{ span = "t1-2"  side = "user"  switch_type = "euroisdn"  overlap = "send" }}
rule "on" {{ from = "pbx"  number = "7."  to = "co" }}
""", trunk=TRUNK)
    check(bed.tandem.ask("reload")["ok"], "reload")

    def is_up():
        span = next(s for s in bed.tandem.ask("spans")["spans"] if s["name"] == "t1-2")
        return span["trunk"]["up"] and span["alarms"] == "none" \
            and span["slots"] == "." * 23 + "D"
    wait_for(is_up, "the second trunk is up", 20)
    start = dial(bed, "7301", gap_s=0.1)
    setup = bed.pbx.wait("setup", ext="7301")
    check_equal(setup["called"]["number"], "7301", "the number at the far trunk")
    bed.pbx.wait("connect", ext="7101")
    took = time.monotonic() - start
    step(f"trunk to trunk in parts: connected after {took:.2f} s")
    check(took < T302_S, "no timer in the way")
    bed.pbx.hang_up("7101")
    bed.pbx.wait("report", ext="7301")
    bed.tandem.wait_idle()


TRUNK = f'switch_type = "qsig"\n\toverlap = "receive"\n\tt302_ms = {int(T302_S * 1000)}'


def test(s):
    phone = SipPhone()
    near, far = s.port(), s.port()
    bed = Bed(s, PHONES, peer_name="cs", peer_port=phone.port, peer_more="", trunk=TRUNK,
              span="switch qsig overlap send\nspan t1-2 local "
                   f"{HOST}:{far} peer {HOST}:{near} side network switch euroisdn overlap receive")
    bed.tandem.configure(bed.peer_text + bed.rules + OPEN.format(to="cs"), trunk=TRUNK)
    check(bed.tandem.ask("reload")["ok"], "reload")
    complete_by_the_plan(bed, phone)
    complete_by_the_caller(bed, phone)
    no_number(bed)
    address_incomplete(bed, phone)
    trunk_to_trunk(bed, (near, far))
    bed.finish()
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
