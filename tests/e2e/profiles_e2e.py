#!/usr/bin/env python3
"""Every profile of a trunk against the far end it is made for: calls both ways with number and name,
causes both ways, and for those that take numbers in parts a number in parts both ways."""
import subprocess

from lib import stage
from lib.sip_phone import SipPhone
from lib.simpbx import Simpbx
from lib.stage import HOST, binary, check, check_equal, step, wait_for
from lib.tandem import Gateway
from lib.trace import check_with_tshark

SPANS_A_PBX = 4
# name of the profile: (side and switch of its far end, whether each side may send numbers in parts:
# the far end, the gateway)
FAR_ENDS = {
    "meridian-ni2": ("user", "ni2", False, False),
    "meridian-5ess": ("user", "5ess", False, False),
    "meridian-dms100": ("user", "dms100", False, False),
    "meridian-qsig": ("user", "qsig", True, False),
    "definity": ("user", "ni2", False, False),
    "mitel": ("user", "ni2", False, False),
    "hipath": ("user", "qsig", True, True),
    "generic-qsig": ("user", "qsig", True, True),
    "generic-euroisdn": ("user", "euroisdn", True, True),
    "carrier-ni2": ("network", "ni2", False, False),
    "carrier-5ess": ("network", "5ess", False, False),
    "carrier-dms100": ("network", "dms100", False, False),
    "carrier-4ess": ("network", "4ess", False, False),
}


class Trunk:
    """A profile, its span, and the simulated PBX at the other end."""

    def __init__(self, index, profile, stage_):
        self.profile, self.index = profile, index
        self.side, self.switch, self.far_sends, self.far_collects = FAR_ENDS[profile]
        self.span = f"t1-{index % SPANS_A_PBX + 1}"
        self.ports = stage_.port(), stage_.port()
        self.ext = f"71{index:02}"          # a phone there that answers
        self.busy = f"72{index:02}"
        # Display goes from the network to the user alone (EN 300 403 4.5.16).
        self.names_come = self.switch != "euroisdn" or self.side == "network"
        self.pbx = None

    def gateway_text(self, peer):
        near, far = self.ports
        return f"""span "s{self.index}" {{
	local = "{HOST}:{near}"  peer = "{HOST}:{far}"  frames_per_packet = 40
	buffer_min_ms = 10  buffer_max_ms = 20
}}
trunk "k{self.index}" {{ span = "s{self.index}"  profile = "{self.profile}" }}
rule "out {self.index}" {{ from = "k{self.index}"  number = "80XX"  to = "{peer}" }}
rule "in {self.index}" {{ from = "{peer}"  number = "7[12]{self.index:02}"  to = "k{self.index}" }}
"""

    def pbx_text(self):
        near, far = self.ports
        overlap = "both" if self.far_collects else "send" if self.far_sends else "no"
        return (f"span {self.span} local {HOST}:{far} peer {HOST}:{near}\n"
                f"\tside {self.side} switch {self.switch} frames 40 buffer 10 20 overlap {overlap}\n"
                f"phone {self.ext} name \"Anna {self.index}\" answer 0 span {self.span}\n"
                f"phone {self.busy} busy span {self.span}\n")


class Pbx(Simpbx):
    """A simulated PBX whose script is all the test's own."""

    def __init__(self, s, name, text):  # pylint: disable=super-init-not-called
        self.name, self.events, self._at = name, [], 0
        script = s.write(name + ".pbx", text)
        self.out_path = s.path(name + ".events")
        with open(self.out_path, "wb") as out:
            self.process = s.start(name, [binary("simpbx"), script], stdin=subprocess.PIPE,
                                   stdout=out, bufsize=0, is_realtime=True)


def from_pbx(bed, trunk):
    """Number and name to SIP; the PBX clears.  Then a number that nobody has."""
    tandem, phone = bed
    number = f"80{trunk.index:02}"
    trunk.pbx.dial(trunk.ext, number)
    d = phone.answer()
    check_equal(d.invite.start.split()[1], f"sip:{number}@cs", "the number dialled")
    caller = d.invite.get("From")
    check(f"sip:{trunk.ext}@" in caller, f"{trunk.profile}: the caller's number: {caller}")
    check((f'"Anna {trunk.index}"' in caller) == trunk.names_come,
          f"{trunk.profile}: the caller's name: {caller}")
    trunk.pbx.wait("connect", ext=trunk.ext)
    trunk.pbx.hang_up(trunk.ext)
    bye = d.wait_bye()
    check("cause=16" in (bye.get("Reason") or ""), f"{trunk.profile}: {bye.get('Reason')}")
    trunk.pbx.wait("report", ext=trunk.ext)
    trunk.pbx.dial(trunk.ext, number)
    d = phone.wait_call()
    d.reply(d.invite, 404, "Not Found")
    d.wait("ACK")
    report = trunk.pbx.wait("report", ext=trunk.ext)
    check_equal((report["cause"], report["cleared_by"]), (1, "far"), f"{trunk.profile}: 404")
    tandem.wait_idle()


def to_pbx(bed, trunk):
    """Number and name to the PBX; SIP clears.  Then one that is busy."""
    tandem, phone = bed
    d = phone.call(tandem.sip_port, trunk.ext)
    setup = trunk.pbx.wait("setup", ext=trunk.ext)
    caller, called = setup["caller"], setup["called"]
    check_equal((called["number"], caller["number"], caller["name"]),
                (trunk.ext, "7134", "Sip Phone"), f"{trunk.profile}: to the PBX")
    d.bye()
    report = trunk.pbx.wait("report", ext=trunk.ext)
    check_equal((report["cause"], report["cleared_by"]), (16, "far"), f"{trunk.profile}: BYE")
    d = phone.dial(tandem.sip_port, trunk.busy)
    refused = d.wait("4xx")
    d.request("ACK", branch=d.branch, uri=f"sip:{trunk.busy}@{HOST}:{tandem.sip_port}", cseq=d.cseq)
    check_equal(refused.status, 486, f"{trunk.profile}: a busy phone")
    check("cause=17" in refused.get("Reason"), f"{trunk.profile}: {refused.get('Reason')}")
    trunk.pbx.wait("report", ext=trunk.busy)
    tandem.wait_idle()


def in_parts(bed, trunk):
    """Digit by digit from the far end: one INVITE, as soon as the last digit is there."""
    tandem, phone = bed
    number = f"80{trunk.index:02}"
    trunk.pbx.command(f"dial {trunk.ext} {number} overlap 0.05")
    d = phone.answer()
    check_equal(d.invite.start.split()[1], f"sip:{number}@cs", "the number dialled in parts")
    trunk.pbx.wait("setup-ack", ext=trunk.ext)
    d.bye()
    trunk.pbx.wait("report", ext=trunk.ext)
    tandem.wait_idle()


def test(s):
    listed = subprocess.run([binary("tandem"), "--profiles"], check=True, capture_output=True,
                            text=True).stdout
    names = [line.split()[0] for line in listed.split("\n\n")[0].splitlines()]
    check_equal(sorted(names), sorted(FAR_ENDS), "each profile has a test, and is listed")
    phone = SipPhone(number="7134")
    sip_port, rtp = s.port(), s.port_range(32)
    trunks = [Trunk(i, name, s) for i, name in enumerate(names)]
    text = (f'gateway {{ }}\nmedia {{ address = "{HOST}"  rtp_ports = "{rtp}-{rtp + 31}"  workers = 2 }}\n'
            f'sip {{ listen = {{"{HOST}:{sip_port}"}} }}\n'
            f'peer "cs" {{ address = {{"{HOST}:{phone.port}"}}  domain = "cs" }}\n'
            + "".join(t.gateway_text("cs") for t in trunks))
    for first in range(0, len(trunks), SPANS_A_PBX):
        some = trunks[first:first + SPANS_A_PBX]
        pbx = Pbx(s, f"pbx{first // SPANS_A_PBX}", "".join(t.pbx_text() for t in some))
        for trunk in some:
            trunk.pbx = pbx
    tandem = Gateway(s, text)
    tandem.sip_port = sip_port
    tandem.wait_up(*(f"s{t.index}" for t in trunks))
    step(f"{len(trunks)} trunks are up")
    for trunk in trunks:
        from_pbx((tandem, phone), trunk)
        to_pbx((tandem, phone), trunk)
        if trunk.far_sends:
            in_parts((tandem, phone), trunk)
        step(f"{trunk.profile}: {trunk.switch}, its far end the {trunk.side}: good")
    wait_for(lambda: tandem.status()["calls"] == 0, "no call is left")
    tandem.check_log_clean()
    check_with_tshark(s, tandem)
    step("no fault in what went over the D-channels")
    phone.stop()


if __name__ == "__main__":
    stage.main(test)
