#!/usr/bin/env python3
"""The machine and the driver by themselves: 23 slots both ways, every octet; alarms; a span taken
away and given back.  When this fails, look no further in the gateway."""
import json

import vm
from lib.stage import check, check_audio, check_equal, step
from vm import driver


def test(_):
    driver.load(*driver.MODULES)
    line = driver.Line()
    check_equal((line.near, line.far), (1, 4), "numbers of the spans at the ends")
    for number in (line.near, line.far):
        driver.line("configure", number)
        driver.wait_alarms(number)
    step("two spans are up")

    pumped = json.loads(driver.line("pump", line.near, line.far, 4))
    step(f"{pumped}")
    check(pumped["least_octets"] > 3 * 8000, "each slot carried 3 s")
    check_audio(abs(pumped["octets_a_second"] - 8000) < 200, "at 8000 octets a second")

    line.cut()
    driver.wait_alarms(line.near, "RED")
    driver.wait_alarms(line.far)
    line.mend()
    driver.wait_alarms(line.near)
    step("cut: RED; mended: none")
    driver.take_away("2:1")
    driver.give_back("2:1")
    driver.line("configure", line.far)
    pumped = json.loads(driver.line("pump", line.near, line.far, 1))
    check_equal(pumped["silent"], 0, "slots silent afterwards")
    step("the far span was taken away and given back")


if __name__ == "__main__":
    vm.main(test)
