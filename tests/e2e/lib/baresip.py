"""baresip, a real SIP phone, without sound card: it plays a file and records what it hears."""
import glob
import json
import os
import re
import socket

from lib import audio
from lib.stage import HOST, Failed, tool, wait_for

CONFIG = """poll_method epoll
sip_listen {host}:{sip_port}
net_interface {host}
call_local_timeout 60
call_max_calls 4
audio_path /usr/share/baresip
audio_source {source}
audio_player {player}
audio_alert aufile,{tone}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp_first}-{rtp_last}
rtp_stats no
jitter_buffer_delay 2-10
ctrl_tcp_listen {host}:{control_port}
snd_path {heard}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
"""


class Baresip:
    """A phone `number`, registered at the proxy unless register is false; it plays `hz` in its
    calls, or, with echo, what it hears."""

    def __init__(self, stage, number, proxy_port, hz, answer="auto", domain="cs", *,
                 register=True, echo=False, sip_port=None, password=None):
        self.number, self.hz = number, hz
        self.folder = stage.path(f"phone-{number}")
        self.heard_folder = os.path.join(self.folder, "heard")
        os.makedirs(self.heard_folder)
        tone = os.path.join(self.folder, "tone.wav")
        audio.write_wav(tone, audio.tone(hz, 30))
        self.control_port = stage.port(socket.SOCK_STREAM)
        rtp = stage.port_range(16)
        stage.write(f"phone-{number}/config", CONFIG.format(
            host=HOST, sip_port=sip_port or stage.port(), tone=tone,
            source=f"aubridge,{number}" if echo else f"aufile,{tone}", player=f"aubridge,{number}",
            rtp_first=rtp, rtp_last=rtp + 15, control_port=self.control_port,
            heard=self.heard_folder))
        stage.write(f"phone-{number}/accounts",
                    f"<sip:{number}@{domain};transport=udp>;regint={60 if register else 0}"
                    f";auth_pass={password or 'none'}"
                    f";outbound=\"sip:{HOST}:{proxy_port};transport=udp\""
                    f";audio_codecs=pcmu,pcma;answermode={answer};ptime=20\n")
        self.process = stage.start(f"phone-{number}", [tool("baresip"), "-f", self.folder],
                                   status_ok=None, is_realtime=True)
        self.events = []
        self.answers = {}
        self._pending = b""
        self._token = 0
        self._socket = wait_for(self._connect, f"{number}: control port")
        if not register:
            return
        wait_for(lambda: re.search(r"\bOK\b", re.sub(r"\x1b\[[0-9;]*m", " ", self.command("reginfo"))),
                 f"{number} is registered", every_s=0.05)

    def _connect(self):
        try:
            s = socket.create_connection((HOST, self.control_port), 1)
            s.settimeout(0.01)
            return s
        except OSError:
            return None

    def _read(self):
        try:
            data = self._socket.recv(65536)
            if not data:
                raise Failed(f"phone {self.number} went away")
            self._pending += data
        except socket.timeout:
            pass
        while b":" in self._pending:       # netstrings: LENGTH:OCTETS,
            size, rest = self._pending.split(b":", 1)
            if len(rest) < int(size) + 1:
                break
            message = json.loads(rest[:int(size)])
            self._pending = rest[int(size) + 1:]
            if message.get("event"):
                self.events.append(message)
            else:
                self.answers[message.get("token")] = message

    def command(self, command, params=""):
        self._token += 1
        token = str(self._token)
        text = json.dumps({"command": command, "params": params, "token": token}).encode()
        self._socket.sendall(b"%d:%s," % (len(text), text))

        def answered():
            self._read()
            return self.answers.pop(token, None)
        answer = wait_for(answered, f"{self.number}: answer to {command}", every_s=0)
        if not answer.get("ok"):
            raise Failed(f"phone {self.number}: {command} {params}: {answer}")
        return answer.get("data", "")

    def saw(self, kind):
        self._read()
        return next((e for e in self.events if e["type"] == kind), None)

    def wait_event(self, kind, timeout_s=10.0):
        """The next event of this kind; it and those before it are forgotten."""
        event = wait_for(lambda: self.saw(kind), lambda: f"{self.number}: {kind} among "
                         f"{[e['type'] for e in self.events]}", timeout_s, every_s=0)
        del self.events[:self.events.index(event) + 1]
        return event

    def dial(self, number):
        self.command("dial", number)

    def answer(self):
        self.command("accept")

    def hang_up(self):
        self.command("hangup")

    def heard(self):
        """Samples of the latest call, whole once the call is over."""
        files = sorted(glob.glob(os.path.join(self.heard_folder, "*dec.wav")))
        if not files:
            raise Failed(f"phone {self.number} recorded nothing")
        return audio.read_wav(files[-1])
