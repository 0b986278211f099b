#!/usr/bin/env python3
"""A T1 over Ethernet (type 0xD00D) between gateway and PBX, on two interfaces that are joined: a call
each way is heard, the gateway's clock its own and from the line; an interface that is taken away is an
alarm, and when it is back so is the line."""
import re
import subprocess
import time

from lib import audio, stage
from lib.checks import pbx_heard, phone_heard
from lib.simpbx import Simpbx
from lib.sip_phone import SipPhone
from lib.stage import Failed, Skip, check, check_audio, check_equal, step, tool, wait_for
from lib.tandem import Gateway

CONFIG = """
media {{ rtp_ports = "{rtp}-{rtp_last}" jitter_min_ms = 20 }}
sip {{ listen = {{"127.0.0.1:{sip}"}} }}
span "t1-1" {{ backend = "ether" interface = "{interface}" mac = "{mac}" subaddress = {subaddress}
	buffer_min_ms = 10 buffer_max_ms = 20 {keys} }}
trunk "pbx" {{ span = "t1-1" }}
peer "cs" {{ address = {{"127.0.0.1:{phone}"}} domain = "cs" }}
rule "in" {{ from = "cs" number = "." to = "pbx" }}
rule "out" {{ from = "pbx" number = "." to = "cs" }}
"""
PHONES = "phone 7101 answer 0 play tone 800 -13"
OURS, THEIRS = "t1gw", "t1pbx"


def ip(*words):
    done = subprocess.run([tool("ip"), *words], capture_output=True, text=True, timeout=10)
    check(done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def mac(interface):
    return re.search(r"link/ether (\S+)", ip("-o", "link", "show", interface)).group(1)


def join():
    """Both interfaces, up and with the MAC addresses that each end is told of the other."""
    ip("link", "add", OURS, "address", "02:00:00:00:00:01", "type", "veth",
       "peer", "name", THEIRS, "address", "02:00:00:00:00:02")
    ip("link", "set", OURS, "up")
    ip("link", "set", THEIRS, "up")


def calls_from_sip(s, name, tandem, pbx, phone, sip_port):
    d = phone.call(sip_port, "7101", hz=1200)
    since = time.monotonic() + 0.3
    before, start = tandem.spans()["t1-1"]["counts"], time.monotonic()
    time.sleep(2)
    after, took = tandem.spans()["t1-1"]["counts"], time.monotonic() - start
    d.bye()
    phone_heard(s, f"{name}: SIP", audio.Heard(d.rtp.heard(since), 800), 1.3)
    pbx_heard(s, pbx.wait("report", ext="7101"), 1200, 1.3)
    rose = {key: after[key] - before[key] for key in after}
    for key in ("rx_packets", "tx_packets"):
        check(abs(rose[key] / took / 1000 - 1) < 0.05, f"{name}: {key} {rose[key] / took:.0f}/s")
    for key in ("lost", "malformed", "foreign", "tx_errors"):
        check_equal(rose[key], 0, f"{name}: {key}")
    for key in ("underruns", "slips", "late", "hdlc_crc", "hdlc_abort"):
        check_audio(rose[key] == 0 or s.strain.seen()[0], f"{name}: {key} {rose[key]}")
    step(f"{name}: a call from SIP is heard both ways")


def call_from_pbx(s, name, pbx, phone):
    pbx.dial("7101", "7134")
    d = phone.answer(hz=1200)
    since = time.monotonic() + 0.3
    time.sleep(1.5)
    pbx.hang_up("7101")
    d.wait_bye()
    phone_heard(s, f"{name}: SIP", audio.Heard(d.rtp.heard(since), 800), 0.8)
    pbx_heard(s, pbx.wait("report", ext="7101"), 1200, 0.8)
    step(f"{name}: a call from the PBX is heard both ways")


def alarms(tandem):
    return tandem.spans()["t1-1"]["alarms"]


def wait_alarm(tandem, wanted):
    wait_for(lambda: wanted in alarms(tandem), lambda: f"{wanted}, not {alarms(tandem)}")


def taken_away(s, tandem, pbx, phone, sip_port):
    """Down and up; removed, which gives the next one another index; and the PBX gone."""
    ip("link", "set", OURS, "down")
    wait_alarm(tandem, "gone")
    tandem.wait_log(f"network interface {OURS} is down")
    ip("link", "set", OURS, "up")
    tandem.wait_up("t1-1")
    step("an interface that was down is used again")
    ip("link", "del", OURS)
    tandem.wait_log(f"there is no network interface {OURS}")
    wait_alarm(tandem, "gone")
    join()
    tandem.wait_up("t1-1")
    step("an interface that was removed is used again")
    calls_from_sip(s, "again", tandem, pbx, phone, sip_port)


def variant(s, name, subaddress, keys, span, more=None):
    phone = SipPhone()
    sip, rtp = s.port(), s.port_range(16)
    tandem = Gateway(s, CONFIG.format(
        rtp=rtp, rtp_last=rtp + 15, sip=sip, interface=OURS, mac=mac(THEIRS), keys=keys,
        subaddress=subaddress, phone=phone.port))
    pbx = Simpbx(s, s.port(), s.port(), PHONES, name=name,
                 span=f"backend ether interface {THEIRS} mac {mac(OURS)} subaddress {subaddress} "
                      f"buffer 10 20 {span}")
    tandem.wait_up("t1-1")
    calls_from_sip(s, name, tandem, pbx, phone, sip)
    call_from_pbx(s, name, pbx, phone)
    if more:
        more(s, tandem, pbx, phone, sip)
    pbx.process.stop()
    wait_alarm(tandem, "red")
    tandem.wait_idle()
    if not more:
        tandem.check_log_clean()
    tandem.process.stop()
    phone.stop()


def test(s):
    if not s.has_own_network:
        raise Skip("interfaces are made in a network of the test's own, which is not permitted here")
    try:
        join()
    except Failed as e:
        raise Skip(f"no pair of interfaces can be made here: {e}") from None
    variant(s, "line", 513, 'clock = "line"', "clock own")
    variant(s, "own", 0, "", "clock own", taken_away)


if __name__ == "__main__":
    stage.main(test)
