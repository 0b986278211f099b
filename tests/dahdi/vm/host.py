"""The host's side: starts the machine, waits for its end with a limit, shows what came of it."""
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
OUT = os.path.join(ROOT, os.environ.get("TANDEM_OUT", "build/debug"))
RIG = os.path.join(ROOT, os.environ.get("TANDEM_DAHDI_RIG", "build/dahdi-rig"))
KERNEL = "linux.uml"
MEMORY_MB = 512
UP_S = 60           # to boot; it takes 1 s when nothing else runs
STALL_S = 2.0
SPOILT = 75
PASSED_ON = ("SOAK_SECONDS",)


class Machine:
    def __init__(self, name):
        self.folder = os.path.join(OUT, "test-logs", "dahdi-" + name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.worst_stall_s = 0.0
        self._lock, self._processor = None, self._take_processor()

    def path(self, name):
        return os.path.join(self.folder, name)

    def _write_command(self, argv):
        env = {"TANDEM_GUEST": "1", "TANDEM_OUT": OUT, "TANDEM_DAHDI_RIG": RIG,
               "TMPDIR": "/run/stage", "KEEP": "1", "PYTHONDONTWRITEBYTECODE": "1",
               **{k: os.environ[k] for k in PASSED_ON if k in os.environ}}
        with open(self.path("command"), "w", encoding="utf-8") as f:
            f.writelines(f"export {k}={shlex.quote(v)}\n" for k, v in env.items())
            f.write(f"cd {shlex.quote(ROOT)} && exec {shlex.join(argv)}\n")

    def _argv(self):
        return [KERNEL, f"mem={MEMORY_MB}M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/",
                "ro", f"init={ROOT}/tests/dahdi/boot", "con=null", "con0=null,fd:1", "ssl=null",
                "quiet", "panic=1", f"TANDEM_DAHDI_OUT={self.folder}"]

    @staticmethod
    def _environment():
        """Where the machine's memory is: a file that must be executable."""
        shm = os.statvfs("/dev/shm")
        fits = shm.f_bavail * shm.f_bsize > 2 * MEMORY_MB << 20 and not shm.f_flag & os.ST_NOEXEC
        return {**os.environ, "TMPDIR": "/dev/shm" if fits else "/var/tmp"}

    def _take_processor(self):
        """One that no other machine has, held while this program runs; the last is waited for."""
        for processor in sorted(os.sched_getaffinity(0), reverse=True):
            path = os.path.join(tempfile.gettempdir(), f"tandem-dahdi-{os.getuid()}-{processor}")
            self._lock = open(path, "w", encoding="ascii")
            last = processor == min(os.sched_getaffinity(0))
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | (0 if last else fcntl.LOCK_NB))
                break
            except BlockingIOError:
                self._lock.close()
        return processor

    def _prepare(self):
        """On one processor: from one to the other, each of its system calls would take ten times as
        long.  Ahead of what else runs, where that is permitted, because a line does not wait."""
        os.sched_setaffinity(0, {self._processor})
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(20))
        except OSError:
            pass

    def run(self, argv, limit_s):
        """Boots, runs argv there, prints its output.  Its status; SPOILT when the host stood still
        and it failed."""
        if not os.path.exists(os.path.join(RIG, "version")):
            sys.exit(f"{RIG} is not built: tests/dahdi/rig {RIG}")
        self._write_command(argv)
        start = time.monotonic()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
        with open(self.path("console"), "wb") as log:
            machine = subprocess.Popen(
                self._argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment(), preexec_fn=self._prepare, start_new_session=True)
        try:
            fault = self._watch(machine, start, limit_s)
        finally:
            # Its processes are processes here, all in its session's group.
            try:
                os.killpg(machine.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            machine.wait()
        status = self._status(fault)
        print(f"machine: {time.monotonic() - start:.1f} s in all; logs in {self.folder}", flush=True)
        if status not in (0, 77) and self.worst_stall_s > STALL_S:
            print(f"the host stood still for {self.worst_stall_s:.1f} s")
            return SPOILT
        return status

    def _watch(self, machine, start, limit_s):
        """None when it ended by itself, or what was wrong."""
        up = None
        last = time.monotonic()
        while machine.poll() is None:
            time.sleep(0.05)
            now = time.monotonic()
            self.worst_stall_s = max(self.worst_stall_s, now - last - 0.05)
            last = now
            if up is None and os.path.exists(self.path("up")):
                up = now
                print(f"machine: up after {up - start:.1f} s", flush=True)
            if up is None and now - start > UP_S:
                return f"it did not come up within {UP_S} s"
            if now - start > limit_s:
                return f"not done after {limit_s} s"
        return None

    def _status(self, fault):
        self._show("output")
        if os.path.exists(self.path("status")):
            with open(self.path("status"), encoding="ascii") as f:
                return int(f.read())
        self._show("console", 40)
        print("machine: " + (fault or "it ended without a status: see its console above"))
        return 1

    def _show(self, name, lines=None):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as f:
                text = f.read().splitlines()
        except FileNotFoundError:
            return
        for line in text[-lines:] if lines else text:
            print(line)
