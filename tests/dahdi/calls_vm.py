#!/usr/bin/env python3
"""23 calls at once each way over two spans back to back, each channel with its own tone, each tone
measured; and what the gateway counts of its span."""
import vm
import twenty_three_e2e as calls
from lib.stage import check, check_audio, check_equal, step
from vm import bed, driver

def test(s):
    driver.load(*driver.MODULES)
    driver.pair()
    b = bed.Bed(s, calls.script(), bed.span("t1-1", "1:0", "pbx"), "1:1")
    before = b.counts()
    first = s.port_range(2 * calls.CALLS)
    ports = [first + 2 * n for n in range(calls.CALLS)]
    calls.from_sip(s, b, ports)
    calls.from_pbx(s, b, ports)
    check_equal(len(b.tandem.records()), 2 * calls.CALLS + 1, "records, one a call")
    rose = {key: n - before[key] for key, n in b.counts().items()}
    step(f"the span counted {rose}")
    check(rose["ticks"] > 500, "ticks")
    for key in ("hdlc_crc", "hdlc_long", "hdlc_dropped", "tx_errors"):
        check_equal(rose[key], 0, key)
    for key in ("underruns", "slips"):
        check_audio(rose[key] == 0, f"{key} {rose[key]}")
    b.finish()


if __name__ == "__main__":
    vm.main(test)
