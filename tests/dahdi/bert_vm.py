#!/usr/bin/env python3
"""Bit error test through the real driver, each end of the line a span of the gateway: not one bit is
wrong in either direction, on any slot.  What cannot loop says so."""
import time

import vm
from lib.stage import check, check_audio, check_equal, step, wait_for
from lib.tandem import Gateway
from vm import bed, driver

SPAN = 'span "{0}" {{ backend = "dahdi" card = "{1}" lead_ms = {2} dchan_slot = 0 }}\n'
ENDS = {"near": "1:0", "far": "1:1"}
SECONDS = 5


def results(tandem, name):
    return tandem.ask(f"span {name} bert")["bert"]["slots"]


def total(tandem, key):
    return sum(slot[key] for name in ENDS for slot in results(tandem, name))


def test(s):
    driver.load(*driver.MODULES)
    driver.pair()
    tandem = Gateway(s, "sip { listen = {\"127.0.0.1:%d\"} }\n" % s.port() + "".join(
        SPAN.format(name, bed.card(address), bed.LEAD_MS) for name, address in ENDS.items()))
    for name in ENDS:
        wait_for(lambda n=name: tandem.spans()[n]["alarms"] == "none", f"{name} has no alarm", 30)
        check(tandem.ask(f"span {name} bert start pattern qrss")["ok"], f"bert on {name}")
        check_equal(tandem.spans()[name]["slots"], "T" * 24, "slots under test")
    wait_for(lambda: all(slot["sync"] for name in ENDS for slot in results(tandem, name)),
             "the pattern on each slot, both ways", 20)
    before = {key: total(tandem, key) for key in ("bits", "errors", "sync_losses")}
    time.sleep(SECONDS)
    rose = {key: total(tandem, key) - n for key, n in before.items()}
    step(f"48 slots for {SECONDS} s: {rose}")
    check_audio(rose["errors"] == 0 and rose["sync_losses"] == 0, f"bit errors: {rose}")
    check_audio(rose["bits"] > 48 * 64000 * (SECONDS - 1), f"too few bits: {rose}")
    reply = tandem.ask("span near loop network")
    check(not reply["ok"] and "cannot loop" in reply["error"], f"no loop here: {reply}")
    check_equal(tandem.ask("span near")["span"]["loop"], "off", "loop")
    for name in ENDS:
        check(tandem.ask(f"span {name} bert stop")["ok"], "bert stop")
    tandem.check_log_clean()


if __name__ == "__main__":
    vm.main(test)
