"""A stage for one end-to-end test: its folder, its ports, its processes, and their sure end.

    def test(stage):
        ...
    if __name__ == "__main__":
        stage.main(test)

The environment: TANDEM_OUT is where the binaries are (build/debug by default); KEEP=1 keeps the
folder with the logs.  Status 0 = passed, 77 = skipped, 75 = audio was
spoilt, anything else = failed.
"""
import ctypes
import fcntl
import mmap
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
OUT = os.path.join(ROOT, os.environ.get("TANDEM_OUT", "build/debug"))
IS_SLOW = os.path.basename(OUT) == "tsan"   # a worker is then too slow for its own clock at times
HOST = "127.0.0.1"
PR_SET_PDEATHSIG = 1
HELD_UP_MS = 5      # the buffer of a pseudowire holds 2 to 10
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


class Skip(Exception):
    """This test cannot run here; the reason is its text."""


class Failed(AssertionError):
    """What was expected did not happen."""


class Distorted(Failed):
    """Audio has gaps or jumps.  The one thing that the machine can spoil: everything that plays,
    carries and records shares its processors, so where it stood still the runner tries the test
    again.  Where it did not, and for another tone than was sent, there is no second try."""


def check_audio(condition, what):
    """For what a machine that stands still can spoil."""
    if not condition:
        raise Distorted(what)


def check(condition, what):
    if not condition:
        raise Failed(what)


def check_equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: {got!r}, expected {wanted!r}")


def wait_for(condition, what, timeout_s=10.0, every_s=0.02):
    """Calls condition until it gives something true, and returns that."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {timeout_s:g} s: {what() if callable(what) else what}")
        time.sleep(every_s)


def step(text):
    print(f"[{time.monotonic() - _started:7.3f}] {text}", flush=True)


_started = time.monotonic()


class Process:
    """A child with its output in a log file.  Stopped by SIGTERM, then by SIGKILL."""

    def __init__(self, stage, name, argv, env=None, stdin=subprocess.DEVNULL, status_ok=(0,),
                 stdout=None, bufsize=-1, is_realtime=False):
        self.name = name
        self.log_path = os.path.join(stage.folder, name + ".log")
        self.status_ok = status_ok
        self.ended = False
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                argv, stdin=stdin, stdout=stdout or log, stderr=log, cwd=stage.folder,
                env={**os.environ, **(env or {})}, start_new_session=True, bufsize=bufsize,
                preexec_fn=_start_realtime if is_realtime else _die_with_parent)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def running(self):
        return self.popen.poll() is None

    def wait(self, timeout_s):
        try:
            return self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end within {timeout_s:g} s") from None

    def stop(self, timeout_s=10.0):
        """Ends the process and checks its exit status: a sanitizer's report shows there."""
        if self.ended:
            return
        self.ended = True
        if self.running():
            self.popen.send_signal(signal.SIGTERM)
        try:
            status = self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop within {timeout_s:g} s") from None
        finally:
            self._kill_group()
        if self.status_ok is not None:
            check(status in self.status_ok, f"{self.name} ended with status {status}")

    def kill(self):
        self.ended = True
        self._kill_group()
        self.popen.wait(10)

    def _kill_group(self):
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def realtime():
    """Lets this thread or process go before others, where that is permitted: those that play and
    record audio here would otherwise be judged by what else runs on the machine."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(5))
    except (PermissionError, OSError):
        pass


def _start_realtime():
    _die_with_parent()
    realtime()


class Strain:
    """Whether the machine stood still: on each of its processors a process that does nothing but wake
    up every 2 ms, with the priority of those it stands for, and notes when it was woken too late.
    Processors of a virtual machine stand still one by one."""

    PERIOD_S, LATE_S = 0.002, 0.0015
    NOTE = struct.Struct("=Id")

    def __init__(self):
        cpus = sorted(os.sched_getaffinity(0))
        self._shared = mmap.mmap(-1, len(cpus) * self.NOTE.size)
        self._parent = os.getpid()
        self._children = []
        for n, cpu in enumerate(cpus):
            child = os.fork()
            if child == 0:
                self._watch(n, cpu)
            self._children.append(child)

    def _watch(self, n, cpu):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.sched_setaffinity(0, {cpu})
        _start_realtime()
        stalls = worst = 0
        due = time.monotonic()
        while os.getppid() == self._parent:
            due += self.PERIOD_S
            time.sleep(max(0.0, due - time.monotonic()))
            late = time.monotonic() - due
            if late > self.LATE_S:
                stalls += 1
                worst = max(worst, late)
                due = time.monotonic()
                self.NOTE.pack_into(self._shared, n * self.NOTE.size, stalls, worst * 1000)
        os._exit(0)

    def seen(self):
        """(how often, the worst in ms)"""
        notes = list(self.NOTE.iter_unpack(self._shared[:]))
        return sum(stalls for stalls, _ in notes), max(worst for _, worst in notes)

    def stop(self):
        for child in self._children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


class Stage:
    def __init__(self, name):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix=f"tandem-{name}-")
        self.processes = []
        self.has_own_network = False
        self.strain = Strain()
        self._ports = set()

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def start(self, name, argv, **options):
        process = Process(self, name, argv, **options)
        self.processes.append(process)
        return process

    def port(self, kind=socket.SOCK_DGRAM):
        """A port nobody has now, and that this test was not given before."""
        while True:
            with socket.socket(socket.AF_INET, kind) as s:
                s.bind((HOST, 0))
                port = s.getsockname()[1]
            if port not in self._ports:
                self._ports.add(port)
                return port

    def port_range(self, count):
        """The first of count UDP ports in a row, the first even (RTP), outside the range from
        which the kernel gives ports away."""
        start = 12000 + (os.getpid() * 64) % 16000
        for first in list(range(start, 31000, 64)) + list(range(12000, start, 64)):
            ports = range(first - first % 2, first - first % 2 + count)
            if not self._ports.intersection(ports) and all(map(_udp_port_is_free, ports)):
                self._ports.update(ports)
                return ports[0]
        raise Failed("no free range of UDP ports")

    def stop(self):
        """Ends all, the last started first; the first fault found is raised at the end."""
        fault = None
        for process in reversed(self.processes):
            try:
                process.stop()
            except Failed as e:
                fault = fault or e
        if fault:
            raise fault

    def clean(self, keep):
        self.strain.stop()
        for process in self.processes:
            if not process.ended:
                process.kill()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def show_logs(self, lines=25, columns=240):
        for process in self.processes:
            text = [line[:columns] for line in re.split(r"[\r\n]+", process.log())
                    if line.strip() and "(bit/s)" not in line]
            print(f"--- {process.name}: last {min(lines, len(text))} of {len(text)} lines")
            print("\n".join(text[-lines:]))


def _udp_port_is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind((HOST, port))
        except OSError:
            return False
    return True


def binary(name):
    path = os.path.join(OUT, name)
    check(os.access(path, os.X_OK), f"{path} is not built")
    return path


def tool(name, *more_folders):
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin",
                                                     "/sbin", *more_folders]))
    if found is None:
        raise Skip(f"{name} is not installed (scripts/packages check installs it)")
    return found


def _own_network():
    """A loopback of our own, where the kernel lets us have one: no other program on the machine can
    send to our ports or show up in a capture."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWNET
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(flags) != 0:
        return False
    if flags & CLONE_NEWUSER:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"),
                           ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as f:
                f.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sH14x", b"lo", IFF_UP)
        fcntl.ioctl(s, SIOCSIFFLAGS, request)
    return True


def _show_fault(fault):
    """Where in the test it was, and what; not how the library found out."""
    for frame in traceback.extract_tb(fault.__traceback__):
        if frame.filename.endswith(("_e2e.py", "_vm.py")) or not isinstance(fault, Failed):
            print(f"{os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}")
    print(f"{type(fault).__name__}: {fault}")


def main(test):
    """Runs the test and turns what happened into an exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
    has_own_network = _own_network()
    name = os.path.basename(sys.argv[0]).replace("_e2e.py", "")
    stage = Stage(name)
    stage.has_own_network = has_own_network
    keep = bool(os.environ.get("KEEP"))
    status = 1
    try:
        test(stage)
        stage.stop()
        step("passed")
        status = 0
    except Skip as e:
        print(f"skipped: {e}")
        status = 77
    except (Exception, KeyboardInterrupt) as e:  # pylint: disable=broad-except
        _, worst_ms = stage.strain.seen()
        held_up = worst_ms >= HELD_UP_MS
        status = 75 if held_up or isinstance(e, Distorted) else 1
        _show_fault(e)
        if held_up:
            print(f"the machine stood still for {worst_ms:.0f} ms meanwhile: this run does not count")
        for process in stage.processes:
            process.kill()
        stage.show_logs()
    finally:
        stage.clean(keep)
        if keep:
            print(f"logs are kept in {stage.folder}")
    sys.stdout.flush()
    sys.exit(status)
