#!/usr/bin/env python3
"""Two simulated PBXs joined by a wire, one playing the network: they call each other, and what each
measured is right.  When this fails, what they measure of the gateway says nothing."""
import json
import os
import socket
import subprocess

from lib import stage
from lib.checks import whole
from lib.simpbx import Simpbx
from lib.stage import binary, check, check_audio, check_equal, step, wait_for

PHONES_A = """
phone 7101 name "Anna Analog" answer 0.1 play tone 437 -10 record a-%n-%c.wav
phone 7102 answer 0.1 play marker -12
phone 7103 answer 0.1 play digits dtmf 0.5 147*
phone 7104 restricted
phone 7111-7123 answer 0 play tone
"""
PHONES_B = """
phone 8101 name "Bert" answer 0.3 play tone 1140 -16 hangup 2.5
phone 8102 answer 0.1 echo
phone 8103 answer 0.1 play digits
phone 8104 answer 0.1 hybrid 12 5 long play silence
phone 8105 busy
phone 8106 reject 21
phone 8107 never ringback
phone 8111-8123 answer 0 play tone
phone 8200 answer 0 quiet lines 23
"""


def check_tone(test_stage, heard, hz, dbm0, least_ms):
    check(heard["tone_hz"] and abs(heard["tone_hz"] - hz) < 0.5, f"{hz} Hz: {heard}")
    check_audio(abs(heard["level_dbm0"] - dbm0) < 0.3, f"{dbm0} dBm0: {heard}")
    check_audio(heard["heard_ms"] >= least_ms, f"at least {least_ms} ms: {heard}")
    whole(test_stage, f"{hz} Hz", heard["gap_ms_total"], heard["heard_ms"],
          heard["faults"] + ["level"] * heard["level_changes"])
    if not heard["faults"]:
        check_equal(heard["others"], [], "other tones")


def call(near, ext, number, hold_s=None):
    """Dials and gives the number of the call."""
    return near.command(f"dial {ext} {number}" + (f" hold {hold_s}" if hold_s else ""))["call"]


def tones_both_ways(test_stage, a, b):
    number = call(a, "7101", "8101")
    setup = b.wait("setup", ext="8101")
    check_equal((setup["caller"]["number"], setup["caller"]["name"]), ("7101", "Anna Analog"),
                "the caller shown")
    out, back = a.wait("report", call=number), b.wait("report", ext="8101")
    check_tone(test_stage, out["heard"], 1140, -16, 2300)
    check_tone(test_stage, back["heard"], 437, -10, 2300)
    check_equal((out["cause"], out["cleared_by"], back["cleared_by"]), (16, "far", "near"), "end")
    check_equal(out["slot"], back["slot"], "slot")
    times = [out["times"][name] for name in ("setup", "proceeding", "alerting", "connect",
                                             "clearing", "released")]
    check_equal(times, sorted(times), "times in order")
    check(300 <= out["times"]["connect"] - out["times"]["setup"] < 600, "answered after 0.3 s")
    recording = test_stage.path(f"a-7101-{number}.wav")
    for hz, status in ((1140, 0), (437, 1)):
        judged = subprocess.run([binary("simpbx"), "--analyse", recording, "--expect-tone", str(hz)],
                                stdout=subprocess.PIPE, check=False)
        check_equal(judged.returncode, status, f"judging the recording for {hz} Hz")
    check(abs(json.loads(judged.stdout)["tone_hz"] - 1140) < 0.5, "tone of the recording")


def delay_digits_and_echo(test_stage, a, b):
    """The three at once: nobody may hear another's."""
    loop = call(a, "7102", "8102", 3.5)
    spoken = call(a, "7103", "8103", 4.5)
    number = call(b, "8104", "7101", 3)
    heard = a.wait("report", call=loop)["heard"]
    trip = heard["round_trip"]
    check(trip["count"] >= 2, f"markers came back: {heard}")
    check_audio(trip["max_ms"] - trip["min_ms"] <= 0.125 or test_stage.strain.seen()[0],
                f"the way is equally long each time: {trip}")
    check(10 <= trip["min_ms"] < 60, f"the way is about the ticks and the buffers: {trip}")
    check_equal(a.wait("report", call=spoken)["heard"]["digits"], "8103", "digits spoken to 7103")
    far = b.wait("report", ext="8103")["heard"]
    check_equal(far["dtmf"], "147*", "DTMF heard by 8103")
    # 8104 hears 437 Hz at -10 and its hybrid gives that back; on one frequency the hybrid's loss
    # is not its mean loss.
    b.wait("report", call=number)
    echoed = a.wait("report", ext="7101")["heard"]
    check(abs(echoed["tone_hz"] - 437) < 0.5 and -30 < echoed["level_dbm0"] < -14,
          f"echo of the own tone: {echoed}")


def failures(_, a, b):
    for number, cause in (("8105", 17), ("8106", 21), ("8999", 1)):
        report = a.wait("report", call=call(a, "7101", number))
        check_equal((report["cause"], report["answered"]), (cause, False), f"call to {number}")
    number = call(a, "7104", "8107")
    a.wait("alerting", call=number, inband=True)
    setup = b.wait("setup", ext="8107")
    check_equal(setup["caller"]["presentation"], "restricted", "number not to be shown")
    wait_for(lambda: a.command("report 7104")["report"]["early"]["tone_hz"], "ringing tone heard")
    early = a.command("report 7104")["report"]["early"]
    check(abs(early["tone_hz"] - 440) < 3 and abs(early["tone2_hz"] - 480) < 3, f"ringing {early}")
    check_equal(a.command("dial 7104", refused=True)["ok"], False, "a command cut short")
    a.hang_up("7104")
    check_equal(b.wait("report", ext="8107")["cleared_by"], "far", "who gave up")


def faults_are_seen(_, a, b):
    """A tone taken away and brought back, and another in its place, must not pass."""
    call(a, "7101", "8103")
    b.wait("connect", ext="8103")
    wait_for(lambda: b.command("report 8103")["report"]["heard"].get("heard_ms", 0) > 400, "tone")
    a.command("play 7101 silence")
    wait_for(lambda: b.command("report 8103")["report"]["heard"]["listened_ms"] > 1200, "silence")
    a.command("play 7101 tone 437")
    wait_for(lambda: b.command("report 8103")["report"]["heard"]["gaps"] == 1, "the gap is seen")
    a.command("play 7101 tone 900")
    wait_for(lambda: len(b.command("report 8103")["report"]["heard"]["stretches"]) == 2, "a change")
    a.hang_up("7101")
    heard = b.wait("report", ext="8103")["heard"]
    check(heard["gap_ms_max"] > 100, f"the gap is long: {heard}")
    check(abs(heard["stretches"][1]["tone_hz"] - 900) < 0.5, "the second tone")


def all_channels(test_stage, a, b):
    own = {f"71{n}": 400 + 37 * (n - 11 + 4) for n in range(11, 24)}
    far = {f"81{n}": 400 + 37 * (n - 11 + 7) for n in range(11, 24)}
    ids = {call(a, f"71{n}", f"81{n}"): f"81{n}" for n in range(11, 24)}
    wait_for(lambda: len(b.find("connect")) >= 13, "13 calls up")
    wait_for(lambda: all(b.command(f"report {ext}")["report"]["heard"].get("heard_ms", 0) > 1000
                         for ext in far), "a second of each tone")
    a.command("hangup all")
    slots = set()
    for number, ext in ids.items():
        report = a.wait("report", call=number)
        slots.add(report["slot"])
        check_tone(test_stage, report["heard"], far[ext], -10, 900)
        heard = b.wait("report", ext=ext)["heard"]
        check_tone(test_stage, heard, own[ext.replace("81", "71")], -10, 900)
    check_equal(len(slots), 13, "slots of 13 calls")


def load(a):
    a.command("load 8200 rate 0 hold 0 count 300 from 6000-6099")
    done = a.wait("load-done", timeout_s=60)
    check_equal((done["placed"], done["answered"], done["live"]), (300, 300, 0), "calls of the load")
    check_equal(done["causes"], {"16": 300}, "causes of the load")
    stats = a.command("stats")
    check_equal((stats["calls"], stats["spans"][0]["busy_slots"]), (0, 0), "left behind")
    sent = stats["spans"][0]["dchan_sent"]
    # SETUP, CONNECT ACKNOWLEDGE, DISCONNECT, RELEASE COMPLETE.
    check(sent["info_frames"] >= 1200, f"frames of 300 calls: {sent}")
    check(sent["line_octets"] >= sent["octets"] + 3 * sent["frames"], f"octets on the line: {sent}")
    step(f"300 calls at {done['rate']:.1f}/s, connect p50 {done['setup_to_connect']['p50_ms']} ms")


def alarms_and_silence(a, b):
    for alarm in ("blue", "yellow"):
        a.command(f"alarm t1-1 {alarm}")
        b.wait("alarm", alarms=[alarm])
        a.command("alarm t1-1 none")
        b.wait("alarm", alarms=[])
    if not b.command("stats")["spans"][0]["dchan_up"]:
        b.wait("trunk-up", timeout_s=20)
    for pbx in (a, b):
        pbx.events.clear()
    a.command("dchan t1-1 silent")
    # A frame without an answer is repeated N200 = 3 times, T200 = 1 s apart (Q.921 5.6.7).
    refused = a.command("dial 7101 8101")["call"]
    a.wait("trunk-down", timeout_s=20)
    a.command("dchan t1-1 normal")
    a.wait("trunk-up", timeout_s=20)
    step(f"the D-channel fell silent and came back; call {refused} was caught in it")


def control_socket(test_stage):
    """A PBX alone: commands on its socket, events to who asked, and an end by SIGTERM."""
    path = test_stage.path("control")
    span = f"t1-1 local [::1]:{test_stage.port()} peer [::1]:{test_stage.port()}"
    pbx = test_stage.start("c", [binary("simpbx"), "--control", path, "--span", span, "--phone",
                                 "7101", "--at", "0.5 dial 7101 1", "--at", "1 alarm t1-1 blue"])
    wait_for(lambda: os.path.exists(path), "the control socket")
    with socket.socket(socket.AF_UNIX) as s, socket.socket(socket.AF_UNIX) as deaf:
        s.connect(path)
        deaf.connect(path)
        s.settimeout(10)
        lines = s.makefile("r")

        def ask(text):
            s.sendall(text.encode() + b"\n")
            while True:
                answer = json.loads(lines.readline())
                if "reply" in answer:
                    return answer
        check_equal(ask("events")["ok"], True, "events")
        check_equal(ask("calls")["calls"], [], "no calls")
        check_equal(ask("x" * 10000)["error"], "the line is too long", "a line too long")
        check_equal(ask("hangup 7101")["error"], "there is no call of 7101", "no call")
        check_equal(ask("alarm t1-1 green")["ok"], False, "an alarm that is none")
        s.sendall(b"# nothing\n\nsta")
        s.sendall(b"ts\n")
        line = json.loads(lines.readline())["spans"][0]
        check_equal(line["alarms"], ["red"], "a command in two pieces; nothing comes in")
        wait_for(lambda: '"reply":"alarm"' in pbx.log(), "the command of the time 1 s")
        pbx.stop()
        check_equal(lines.read(), "", "nothing after the end")
    check(not os.path.exists(path), "the socket is gone")
    refused = json.loads([line for line in pbx.log().splitlines() if '"dial"' in line][0])
    check_equal(refused["error"], "the D-channel is down", "dialled at 0.5 s")


def test(test_stage):
    control_socket(test_stage)
    port_a, port_b = test_stage.port(), test_stage.port()
    b = Simpbx(test_stage, port_b, port_a, PHONES_B, span="side network clock line buffer 10 20",
               name="b")
    a = Simpbx(test_stage, port_a, port_b, PHONES_A, span="buffer 10 20", name="a")
    a.wait("trunk-up")
    b.wait("trunk-up")
    for part in (tones_both_ways, delay_digits_and_echo, failures, faults_are_seen, all_channels):
        part(test_stage, a, b)
        step(part.__name__)
        a.events.clear()
        b.events.clear()
    load(a)
    alarms_and_silence(a, b)
    a.process.popen.stdin.write(b"quit\n")
    b.process.popen.stdin.close()    # the end of its input is quit, too
    check_equal((a.process.wait(10), b.process.wait(10)), (0, 0), "exit status")


if __name__ == "__main__":
    stage.main(test)
