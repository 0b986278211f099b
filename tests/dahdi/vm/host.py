"""The host's side: starts the machine, waits for its end with a limit, shows what came of it."""
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
OUT = os.path.join(ROOT, os.environ.get("TANDEM_OUT", "build/debug"))
RIG = os.path.join(ROOT, os.environ.get("TANDEM_DAHDI_RIG", "build/dahdi-rig"))
MEMORY_MB = 768
UP_S = 120          # to boot; it takes 6 s when nothing else runs
STALL_S = 2.0
SPOILT = 75
KEPT = ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "KEEP")


class Machine:
    def __init__(self, name):
        self.folder = os.path.join(OUT, "test-logs", "dahdi-" + name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.worst_stall_s = 0.0

    def path(self, name):
        return os.path.join(self.folder, name)

    def _write_command(self, argv, env):
        env = {"TANDEM_GUEST": "1", "TANDEM_OUT": OUT, "TANDEM_DAHDI_RIG": RIG,
               "TMPDIR": "/run/stage", "KEEP": "1", "PYTHONDONTWRITEBYTECODE": "1",
               **{k: os.environ[k] for k in KEPT if k in os.environ}, **env}
        with open(self.path("command"), "w", encoding="utf-8") as f:
            f.writelines(f"export {k}={shlex.quote(v)}\n" for k, v in env.items())
            f.write(f"cd {shlex.quote(ROOT)} && exec {shlex.join(argv)}\n")

    def _argv(self, network):
        def share(tag, path, more):
            return ["-fsdev", f"local,id={tag},path={path},security_model=none,multidevs=remap{more}",
                    "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
        return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-nographic", "-no-reboot",
                "-machine", "q35,usb=off", "-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max",
                "-smp", os.environ.get("TANDEM_VM_CPUS", "1"), "-m", str(MEMORY_MB), "-serial", "file:" + self.path("console"),
                *share("hostroot", "/", ",readonly=on"), *share("out", self.folder, ""), *network,
                "-kernel", os.path.join(RIG, "kernel"),
                "-initrd", os.path.join(RIG, "initramfs"),
                "-append", "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable "
                f"tandem.out={self.folder} tandem.boot={ROOT}/tests/dahdi/guest/boot"]

    def run(self, argv, limit_s, env, network=()):
        """Boots, runs argv there, prints its output.  Its status; SPOILT when the host stood still
        and it failed."""
        if not os.path.exists(os.path.join(RIG, "version")):
            sys.exit(f"{RIG} is not built: tests/dahdi/rig {RIG}")
        self._write_command(argv, env)
        start = time.monotonic()
        with open(self.path("qemu"), "wb") as log:
            qemu = subprocess.Popen(self._argv(network), stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log)
        signal.signal(signal.SIGTERM, lambda *_: (qemu.kill(), sys.exit("stopped by SIGTERM")))
        try:
            fault = self._watch(qemu, start, limit_s)
        finally:
            qemu.kill()
            qemu.wait()
        status = self._status(fault)
        print(f"machine: {time.monotonic() - start:.1f} s in all; logs in {self.folder}", flush=True)
        if status not in (0, 77) and self.worst_stall_s > STALL_S:
            print(f"the host stood still for {self.worst_stall_s:.1f} s")
            return SPOILT
        return status

    def _watch(self, qemu, start, limit_s):
        """None when it ended by itself, or what was wrong."""
        up = None
        last = time.monotonic()
        while qemu.poll() is None:
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
        for name in ("output", "qemu"):
            self._show(name)
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
