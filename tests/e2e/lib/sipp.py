"""SIPp in either role, with the scenarios of tests/e2e/sipp."""
import os
import re

from lib.stage import HOST, ROOT, Failed, check, tool

SCENARIOS = os.path.join(ROOT, "tests", "e2e", "sipp")


class Sipp:
    """One run of a scenario.  values replace @NAME@ in it."""

    def __init__(self, stage, name, scenario, port=None, to=None, service="7101", calls=1,
                 together=None, lines=None, echo=False, **values):
        """to: port of the gateway, for a scenario that calls.  together: calls at once.
        lines: text of fields, one list per call, [field0] and so on in the scenario."""
        self.stage, self.name = stage, name
        self.port = port or stage.port()
        self.media_port = stage.port_range(8)
        with open(os.path.join(SCENARIOS, scenario + ".xml"), encoding="utf-8") as f:
            text = f.read()
        for key, value in values.items():
            text = text.replace(f"@{key.upper()}@", str(value))
        left = re.search(r"@[A-Z_]+@", text)
        check(left is None, f"{scenario}: no value for {left and left.group(0)}")
        self.messages_path = stage.path(name + ".messages")
        arguments = [tool("sipp"), f"{HOST}:{to}" if to else HOST, "-sf",
                     stage.write(name + ".xml", text), "-i", HOST, "-p", str(self.port),
                     "-mi", HOST, "-mp", str(self.media_port), "-s", service, "-m", str(calls),
                     "-l", str(together or calls), "-r", "20", "-nostdin", "-trace_msg",
                     "-message_file", self.messages_path, "-trace_err", "-error_file",
                     stage.path(name + ".errors"), "-timeout", "60s", "-timeout_error",
                     "-cid_str", f"{name}-%u-%p@%s"]
        if echo:
            arguments.append("-rtp_echo")
        if lines:
            arguments += ["-inf", stage.write(name + ".csv", "SEQUENTIAL\n" + "".join(
                ";".join(map(str, line)) + ";\n" for line in lines))]
        self.process = stage.start(name, arguments, status_ok=None, env={"TERM": "dumb"},
                                   is_realtime=echo)

    def messages(self):
        """What went both ways so far: (sent, text) in order."""
        try:
            with open(self.messages_path, encoding="utf-8", errors="replace") as f:
                parts = re.split(r"^-{10,}.*\n", f.read(), flags=re.M)
        except FileNotFoundError:
            return []
        found = []
        for part in parts:
            head, _, text = part.partition("\n\n")
            kind = re.search(r"message (sent|received)", head)
            if kind:
                found.append((kind.group(1) == "sent", text))
        return found

    def received(self, start):
        """Texts of the received messages that begin so: "BYE ", "SIP/2.0 486"."""
        return [text for sent, text in self.messages() if not sent and text.startswith(start)]

    def finish(self, timeout_s=30):
        """Waits for the scenario's end; it must have gone as written."""
        status = self.process.wait(timeout_s)
        if status != 0:
            try:
                with open(self.stage.path(self.name + ".errors"), encoding="utf-8") as f:
                    why = f.read()[-1500:]
            except FileNotFoundError:
                why = self.process.log()[-1500:]
            raise Failed(f"SIPp {self.name}: status {status}\n{why}")


def header(message, name):
    """Value of the first header of this name, or None."""
    found = re.search(rf"^{name}[ \t]*:[ \t]*(.*?)\r?$", message, re.M | re.I)
    return found and found.group(1)


def reason_cause(message):
    """Q.850 cause of the Reason header (RFC 3326), or None."""
    found = re.search(r"Q\.850\s*;.*?cause\s*=\s*(\d+)", header(message, "Reason") or "", re.I)
    return found and int(found.group(1))
