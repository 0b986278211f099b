"""The simulated PBX: phones by a script, commands on its standard input, events from its output."""
import json
import subprocess

from lib.stage import HOST, Failed, binary, wait_for


def _address(at):
    return f"{HOST}:{at}" if isinstance(at, int) else at


class Simpbx:
    """phones: lines of a script (docs/simpbx.md).  local, peer: ports, or "ADDRESS:PORT".  span:
    more words about the span; after a line break, more spans."""

    def __init__(self, stage, local, peer, phones, span="", name="simpbx"):
        self.name = name
        script = stage.write(name + ".pbx",
                             f"span t1-1 local {_address(local)} peer {_address(peer)}\n"
                             + (f"\t{span}\n" if span else "") + phones.strip() + "\n")
        self.out_path = stage.path(name + ".events")
        with open(self.out_path, "wb") as out:
            self.process = stage.start(name, [binary("simpbx"), script],
                                       stdin=subprocess.PIPE, stdout=out, bufsize=0,
                                       is_realtime=True)
        self.events = []
        self._at = 0

    def command(self, text, refused=False):
        """Gives a command and returns the reply, which must be ok (or, with refused, must not)."""
        self.process.popen.stdin.write((text + "\n").encode())
        self._read()

        def reply():
            self._read()
            return next((e for e in self.events if "reply" in e), None)
        answer = wait_for(reply, f"{self.name}: a reply to {text}", every_s=0.005)
        self.events.remove(answer)
        if answer["ok"] == refused:
            raise Failed(f"{self.name}: {text}: {answer}")
        return answer

    def _read(self):
        with open(self.out_path, "rb") as f:
            f.seek(self._at)
            data = f.read()
        whole = data[:data.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in whole.splitlines():
            if line.startswith(b"{"):
                self.events.append(json.loads(line))
        if not self.process.running() and not whole:
            raise Failed(f"{self.name} has ended")

    def find(self, event, **wanted):
        """Events of that name so far whose fields have these values, the oldest first."""
        self._read()
        return [e for e in self.events if e.get("event") == event
                and all(e.get(key) == value for key, value in wanted.items())]

    def wait(self, event, timeout_s=10.0, **wanted):
        """The first event like that, which is then forgotten."""
        found = wait_for(lambda: self.find(event, **wanted), lambda: (
            f"{self.name}: {event} {wanted}; the last: "
            + "; ".join(json.dumps(e)[:160] for e in self.events[-4:])), timeout_s)[0]
        self.events.remove(found)
        return found

    def dial(self, ext, number):
        """Its own side of the link may settle a moment after the gateway's."""
        wait_for(lambda: any(s["dchan_up"] for s in self.command("stats")["spans"]),
                 f"{self.name}: the D-channel is up")
        return self.command(f"dial {ext} {number}")

    def hang_up(self, ext):
        self.command(f"hangup {ext}")
