"""The gateway itself, with a configuration made for the test, and questions to its socket."""
import json
import os
import shlex
import signal
import socket

from lib.stage import HOST, Failed, binary, check, wait_for
from lib.trace import judge_frames

CONFIG = """gateway {{
	control = "{control}"
	{gateway}
}}
media {{
	address = "{host}"
	rtp_ports = "{rtp_first}-{rtp_last}"
	{media}
}}
sip {{
	{sip}
}}
span "t1-1" {{
	local = "{host}:{span_port}"
	peer = "{host}:{pbx_port}"
}}
trunk "pbx" {{
	span = "t1-1"
	{trunk}
}}
{rest}
"""


class Tandem:
    def __init__(self, stage, ports, rest, **sections):
        """ports: see CONFIG.  rest: peers and rules.  sections: more keys for gateway, media and
        trunk, and all of sip."""
        self.stage, self._ports = stage, ports
        self.control_path = stage.path("control")
        self.config = self.configure(rest, **sections)
        wrap = shlex.split(os.environ.get("TANDEM_WRAP", ""))    # valgrind and the like
        self.process = stage.start("tandem", wrap + [binary("tandem"), "-c", self.config])
        wait_for(self._answers, "the control socket answers", 20)

    def configure(self, rest, **sections):
        """Writes the configuration; reload applies it."""
        values = {"gateway": "", "media": "", "trunk": "", **sections}
        values.setdefault("sip", f'listen = {{"{HOST}:{self._ports.get("sip_port")}"}}')
        if "echo_canceller" not in values["trunk"]:     # what comes back is looked at as it is
            values["trunk"] += '\n\techo_canceller = "off"'
        return self.stage.write("tandem.conf", CONFIG.format(
            host=HOST, control=self.control_path, rest=rest, **self._ports, **values))

    def _answers(self):
        check(self.process.running(), "tandem ended: " + self.process.log()[-2000:])
        try:
            return self.ask("status")
        except OSError:
            return None

    def ask(self, command):
        """The reply to a command of tandemctl."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.control_path)
            s.sendall((command + "\n").encode())
            reply = b""
            while chunk := s.recv(65536):
                reply += chunk
        return json.loads(reply)

    def status(self):
        return self.ask("status")["status"]

    def calls(self):
        return self.ask("calls")["calls"]

    def span(self):
        return self.ask("spans")["spans"][0]

    def wait_idle(self, timeout_s=10):
        """No call, no channel busy."""
        def state():
            return self.status()["calls"], self.span()["slots"].count("B"), \
                self.status()["sip"]["dialogs"]
        wait_for(lambda: state()[:2] == (0, 0), lambda: f"no call is left: {state()}", timeout_s)

    def hup(self):
        self.process.popen.send_signal(signal.SIGHUP)

    def wait_log(self, text, timeout_s=10):
        def line():
            return next((l for l in self.process.log().splitlines() if text in l), None)
        return wait_for(line, f'"{text}" in the log', timeout_s)

    def records(self):
        """What was written about each ended call: {key: text}."""
        found = []
        for line in self.process.log().splitlines():
            if " info call: " in line and ": ended: " in line:
                head, _, fields = line.partition(": ended: ")
                record = dict(f.split("=", 1) for f in fields.split() if "=" in f)
                record["call"] = head.split(" call ", 1)[1].split()[0]
                found.append(record)
        return found

    def check_log_clean(self):
        """No error in the log; and what went over the D-channels was as it should be."""
        bad = [l for l in self.process.log().splitlines() if " error " in l]
        if bad:
            raise Failed("errors in tandem's log:\n" + "\n".join(bad[:10]))
        if self.process.running():
            judge_frames(self)


class Gateway(Tandem):
    """A tandem whose configuration is all the test's own, but for the control socket."""

    def __init__(self, stage, text):
        super().__init__(stage, {}, text)

    def configure(self, rest, **sections):
        if "gateway {" not in rest:
            rest = "gateway { }\n" + rest
        return self.stage.write("tandem.conf", rest.replace(
            "gateway {", f'gateway {{ control = "{self.control_path}"', 1))

    def spans(self):
        return {span["name"]: span for span in self.ask("spans")["spans"]}

    def wait_up(self, *names):
        """The trunks of these spans are up and each channel is restarted (Q.931 5.5)."""
        def is_up(name):
            span = self.spans()[name]
            return span["trunk"]["up"] and span["alarms"] == "none" and not span["failed"] \
                and set(span["slots"]) <= set(".BDd-")
        for name in names:
            wait_for(lambda n=name: is_up(n), lambda n=name: f"{n} is up: {self.spans()[n]}", 20)

    def wait_idle(self, timeout_s=10):
        def state():
            return self.status()["calls"], [s["slots"].count("B") for s in self.spans().values()]
        wait_for(lambda: state()[0] == 0 and not any(state()[1]),
                 lambda: f"no call is left: {state()}", timeout_s)
