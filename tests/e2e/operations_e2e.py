#!/usr/bin/env python3
"""What an operator meets: starting as an ordinary user, things that are in the way at the start and
what is said about them, rights of the control socket, a second gateway, and a proper end of calls
on SIGTERM and on `tandemctl stop`."""
import os
import pwd
import re
import signal
import socket
import stat
import subprocess

from lib import stage
from lib.bed import Bed
from lib.sip_phone import SipPhone
from lib.sipp import reason_cause
from lib.stage import HOST, binary, check, check_equal, step, wait_for
from lib.tandem import Gateway

CONFIG = """
gateway {{ control = "{control}" }}
sip {{ listen = {{"127.0.0.1:{sip}"}} }}
media {{ fifo_priority = 0 }}
span "t1-1" {{ local = "{span_host}:{span}" peer = "127.0.0.1:{pbx}" }}
trunk "pbx" {{ span = "t1-1" }}
"""


def refused(s, what, expected, user=None, **values):
    """Starts a gateway that cannot start: status 1 at once, and the last line says why."""
    text = CONFIG.format(**{"control": s.path("other"), "sip": s.port(), "span": s.port(),
                            "pbx": s.port(), "span_host": HOST, **values})
    done = subprocess.run([binary("tandem"), "-c", s.write("refused.conf", text),
                           *(("-u", user) if user else ())],
                          capture_output=True, text=True, timeout=30)
    said = [line for line in done.stderr.splitlines() if " error " in line]
    step(f"{what}: {said[-1].split(' ', 1)[1] if said else done.stderr}")
    check_equal(done.returncode, 1, f"{what}: status; {done.stderr}")
    check(said and re.search(expected, said[-1]), f"{what}: expected {expected}: {done.stderr}")


def in_the_way(s):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, 0))
        port = other.getsockname()[1]
        refused(s, "SIP port in use", rf"{HOST}:{port}.*in use.*another program", sip=port)
        refused(s, "pseudowire port in use", rf"span t1-1: .*{HOST}:{port}.*in use", span=port)
    refused(s, "an address that is not ours", "192.0.2.9:.*no such address", span_host="192.0.2.9")
    refused(s, "no folder for the control socket", "No such file.*create", control=s.path("no/c"))
    path = s.write("precious", "data")
    refused(s, "a file where the control socket should be", "no socket", control=path)
    check_equal(open(path, encoding="utf-8").read(), "data", "the file is still there")
    if os.geteuid() == 0:
        refused(s, "a folder that is not ours", "allowed to write", user="nobody")
        refused(s, "a port for root only", "CAP_NET_BIND_SERVICE", user="nobody", sip=99)


def ordinary_user(s):
    """Everything works without root."""
    os.chmod(s.folder, 0o755)
    os.mkdir(s.path("run"))
    ports = {"sip": s.port(), "span": s.port(), "pbx": s.port()}
    config = s.write("user.conf", CONFIG.format(control=s.path("run/control"), span_host=HOST,
                                                **ports))
    argv = [binary("tandem"), "-c", config]
    if os.geteuid() == 0:
        os.chown(s.path("run"), pwd.getpwnam("nobody").pw_uid, -1)
        argv += ["-u", "nobody"]
    tandem = s.start("user", argv)
    wait_for(lambda: os.path.exists(s.path("run/control")) or not tandem.running(),
             "the control socket", 20)
    wait_for(lambda: "runs with" in tandem.log(), lambda: tandem.log(), 20)
    mode = os.stat(s.path("run/control"))
    check_equal(stat.filemode(mode.st_mode), "srw-rw----", "rights of the control socket")
    with open(f"/proc/{tandem.popen.pid}/status", encoding="ascii") as f:
        status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
    check("0" not in status["Uid"].split(), f"no root in {status['Uid']}")
    check_equal((int(status["CapEff"], 16), status["NoNewPrivs"]), (0, "1"), "privileges")
    check("running as root" not in tandem.log(), "no warning about root")
    refused(s, "a second one on the same socket", "another tandem", control=s.path("run/control"))
    check(os.path.exists(s.path("run/control")), "the first one's socket is still there")
    tandem.popen.send_signal(signal.SIGKILL)
    tandem.popen.wait()
    tandem.ended = True
    check(os.path.exists(s.path("run/control")), "killed, it left its socket behind")
    again = s.start("again", argv)
    wait_for(lambda: "runs with" in again.log(), lambda: again.log(), 20)
    done = subprocess.run([binary("tandemctl"), "-s", s.path("run/control"), "status"],
                          capture_output=True, text=True, timeout=10)
    check(done.returncode == 0 and "trunks  0 of 1 up" in done.stdout, f"status: {done}")
    step("as an ordinary user, over a socket left behind")
    again.stop()
    check(not os.path.exists(s.path("run/control")), "ended, it took its socket along")


def properly_ended(s, how):
    """Calls in both directions and one that rings: each side is told, then it ends with status 0."""
    phone = SipPhone()
    bed = Bed(s, "phone 7101 answer 0\nphone 7102 never\nphone 7103", peer_name="cs",
              peer_port=phone.port, peer_more="")
    up = phone.call(bed.sip_port, "7101")
    ringing = phone.dial(bed.sip_port, "7102")
    ringing.wait(180)
    bed.pbx.dial("7103", "7134")
    out = phone.answer()
    bed.pbx.wait("connect", ext="7103")
    check_equal(len(bed.tandem.calls()), 3, "calls")
    step("three calls are up or ringing")
    how(bed)
    bye = up.wait_bye()
    check_equal(reason_cause("\n".join(f"{k}: {v}" for k, v in bye.headers)), 41, "BYE's Reason")
    out.wait_bye()
    refusal = ringing.wait("5xx")
    ringing.request("ACK", branch=ringing.branch, cseq=ringing.cseq,
                    uri=f"sip:7102@{HOST}:{bed.sip_port}")
    check_equal(refusal.status, 503, "the call that rings is refused")
    for ext in ("7101", "7102", "7103"):
        report = bed.pbx.wait("report", ext=ext)
        check_equal((report["cause"], report["cleared_by"]), (41, "far"), f"{ext} was told")
    step("all were told")
    check_equal(bed.tandem.process.wait(10), 0, "status")
    step("ended")
    check_equal(len(bed.tandem.records()), 3, "records")
    bed.pbx.process.stop()
    phone.stop()
    os.rename(bed.tandem.process.log_path, bed.tandem.process.log_path + ".1")


def stop_command(bed):
    done = subprocess.run([binary("tandemctl"), "-s", bed.tandem.control_path, "stop"],
                          capture_output=True, text=True, timeout=10)
    check_equal(done.returncode, 0, f"tandemctl stop: {done}")


def sigterm(bed):
    bed.tandem.process.popen.send_signal(signal.SIGTERM)


def nothing_left_over(s):
    """A peer that answers nothing does not hold up the end for ever."""
    phone = SipPhone()
    port = s.port()
    tandem = Gateway(s, f"""sip {{ listen = {{"{HOST}:{port}"}} }}
peer "a" {{ address = {{"{HOST}:{phone.port}"}} }}
rule "back" {{ to = "a" }}""")
    phone.dial(port, "1")
    callee = phone.wait_call()
    callee.reply(callee.invite, 180)
    phone.stop()
    tandem.process.popen.send_signal(signal.SIGTERM)
    check_equal(tandem.process.wait(10), 0, "status")
    check("not everything ended in time" in tandem.process.log(), "the log says what was left")


def test(s):
    in_the_way(s)
    ordinary_user(s)
    properly_ended(s, sigterm)
    step("SIGTERM: each side was told")
    properly_ended(s, stop_command)
    step("tandemctl stop: each side was told")
    nothing_left_over(s)


if __name__ == "__main__":
    stage.main(test)
