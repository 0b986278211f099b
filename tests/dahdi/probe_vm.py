#!/usr/bin/env python3
"""tandem probe on a span of the real driver that is configured wrongly: a D-channel where there is
none, a PBX that plays the other side.  The block that it prints brings the trunk up."""
import re

import vm
import probe_e2e
from lib.simpbx import Simpbx
from lib.stage import HOST, step
from lib.tandem import Gateway
from vm import bed, driver

SECONDS = 10
PHONES = 'phone 7101 name "Anna" answer 0'


def test(s):
    driver.load(*driver.MODULES)
    near, _ = driver.pair()
    driver.line("configure", near)      # clear 1-23, HDLC on 24, as a dahdi_cfg before us
    pbx = Simpbx(s, 1, 2, PHONES, bed.pbx_span("1:1") + " dchan 16 side network switch 4ess")
    probe = probe_e2e.Probe(s, "probe", "dahdi", f"card={bed.card('1:0')}",
                            f"lead_ms={bed.LEAD_MS}", seconds=SECONDS)
    pbx.wait("trunk-up", timeout_s=SECONDS + 10)
    pbx.command("dial 7101 7134")
    text = probe.end(0)
    print(text)
    probe_e2e.has(text, r"^D-channel    slot 16: HDLC, ", "probe")
    probe_e2e.has(text, r"^Far end      plays the network: ", "probe")
    block = probe_e2e.block_of(text)
    probe_e2e.has(block, r'side = "user"', "probe")
    probe_e2e.has(block, r"dchan_slot = 16$", "probe")
    step("slot and side are found")

    name = re.search(r'^span "([^"]+)"', block, re.M).group(1)
    tandem = Gateway(s, f'media {{ rtp_ports = "{s.port_range(16)}-65535" }}\n'
                        f'sip {{ listen = {{"{HOST}:{s.port()}"}} }}\n'
                        f'peer "cs" {{ address = {{"{HOST}:{s.port()}"}} }}\n' + block)
    tandem.wait_up(name)
    step("the block that was printed brings the trunk up")


if __name__ == "__main__":
    vm.main(test)
