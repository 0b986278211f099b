"""What went over the wire: dumpcap on lo, and tshark as a referee that knows none of our code."""
import os
import struct
import subprocess
import time

from lib.stage import Failed, Skip, check, tool, wait_for

FAULTS = '_ws.malformed || _ws.expert.severity == "Error"'


class Tshark:
    """ports: {port: tshark's name of the protocol on it}."""

    def __init__(self, stage, ports, transport="udp"):
        self.stage, self.ports, self.transport = stage, ports, transport

    def run(self, path, *arguments):
        decode = [a for port, name in self.ports.items()
                  for a in ("-d", f"{self.transport}.port=={port},{name}")]
        done = subprocess.run([tool("tshark"), "-n", "-r", path, *decode, *arguments],
                              capture_output=True, text=True, timeout=120,
                              env={**os.environ, "HOME": self.stage.folder})
        check(done.returncode == 0, f"tshark: {done.stderr.strip()}")
        return done.stdout.splitlines()

    def fields(self, path, *names):
        """The named fields of every packet, in one pass: [{name: text}]."""
        wanted = [a for name in names for a in ("-e", name)]
        lines = self.run(path, "-T", "fields", "-E", "separator=/t", *wanted)
        return [dict(zip(names, line.split("\t"))) for line in lines]

    def check_no_faults(self, path):
        faults = self.run(path, "-Y", FAULTS)
        if faults:
            number = faults[0].split()[0]
            detail = self.run(path, "-Y", f"frame.number == {number}", "-V")
            raise Failed(f"tshark finds fault with {len(faults)} packets, the first:\n"
                         + "\n".join(detail[-60:]))


class Capture:
    """Packets of these ports on lo, UDP or TCP, from now to stop()."""

    def __init__(self, stage, ports, ranges=(), transport="udp"):
        """ranges: (first, last)."""
        self.path = stage.path("wire.pcap")
        wanted = [f"port {port}" for port in ports] + [f"portrange {a}-{b}" for a, b in ranges]
        self.process = stage.start("dumpcap", [
            tool("dumpcap"), "-q", "-P", "-i", "lo", "-s", "2048", "-B", "32", "-f",
            transport + " and (" + " or ".join(wanted) + ")", "-w", self.path], status_ok=None)
        try:
            wait_for(self._started, "dumpcap captures", 5)
        except Failed:
            why = [line for line in self.process.log().splitlines() if "ermission" in line]
            raise Skip("cannot capture packets: " + "".join(why[:1] or ["dumpcap ended"])) from None

    def _started(self):
        if not self.process.running():
            raise Failed("dumpcap ended")
        return os.path.exists(self.path) and os.path.getsize(self.path) >= 24

    def stop(self):
        time.sleep(0.3)                  # dumpcap writes what it holds back about that late
        self.process.stop()

    def payloads(self, source_port, destination_port):
        """(time, UDP payload) of the packets from one port to another."""
        found = []
        with open(self.path, "rb") as f:
            data = f.read()
        magic, _, _, _, _, _, link_type = struct.unpack_from("=IHHiIII", data)
        check(magic in (0xa1b2c3d4, 0xa1b23c4d) and link_type == 1, "an Ethernet pcap")
        unit = 1e9 if magic == 0xa1b23c4d else 1e6
        at = 24
        while at + 16 <= len(data):
            seconds, part, size, _ = struct.unpack_from("=IIII", data, at)
            frame = data[at + 16:at + 16 + size]
            at += 16 + size
            if frame[12:14] != b"\x08\x00" or frame[23] != 17:
                continue
            udp = 14 + (frame[14] & 15) * 4
            if struct.unpack_from("!HH", frame, udp) == (source_port, destination_port):
                found.append((seconds + part / unit, frame[udp + 8:]))
        return found
