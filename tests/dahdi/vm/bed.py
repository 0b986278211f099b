"""Gateway, PBX and the DAHDI driver between them, all in the machine; SIP peers as in tests/e2e."""
from lib.bed import RTP_PORTS
from lib.rtp_end import PCMU, RtpEnd
from lib.simpbx import Simpbx
from lib.sip_phone import SipPhone
from lib.stage import HOST, step, wait_for
from lib.tandem import Gateway

LEAD_MS = 160       # the machine is held up for 40 ms now and then

CONFIG = """
media {{ address = "{host}" rtp_ports = "{rtp}-{rtp_last}" jitter_min_ms = 80 jitter_max_ms = 200 }}
sip {{ listen = {{"{host}:{sip}"}} }}
{spans}
peer "sipp" {{ address = {{"{host}:{peer}"}} domain = "sipp" any_port = true }}
rule "from the PBX" {{ from = "pbx" number = "7XXX" to = "sipp" }}
rule "to the PBX" {{ from = "sipp" number = "7XXX" to = "pbx" }}
{more}
"""


def card(address):
    """The driver's name of a span made by driver.create()."""
    return "DYN/loc/" + address


def span(name, address, trunk, trunk_more=""):
    return (f'span "{name}" {{ backend = "dahdi" card = "{card(address)}" lead_ms = {LEAD_MS} }}\n'
            f'trunk "{trunk}" {{ span = "{name}" {trunk_more} }}\n')


def pbx_span(address):
    return f"backend dahdi card {card(address)} lead {LEAD_MS}"


class Bed:
    """spans: text of the configuration, from span().  far: address of the PBX's span, or the words
    about it; None: no PBX yet."""

    def __init__(self, stage, phones, spans, far, more="", peer_port=None):
        self.stage, self.phones = stage, phones
        self.sip_port, self.peer_port = stage.port(), peer_port or stage.port()
        first = stage.port_range(RTP_PORTS)
        self.tandem = Gateway(stage, CONFIG.format(
            host=HOST, sip=self.sip_port, peer=self.peer_port, rtp=first, spans=spans, more=more,
            rtp_last=first + RTP_PORTS - 1))
        self.pbx = None
        if far:
            self.start_pbx(far if " " in far else pbx_span(far))

    def start_pbx(self, words, name="simpbx", wait=True):
        self.pbx = Simpbx(self.stage, 1, 2, self.phones, words, name)
        if wait:
            self.wait_up()

    def wait_up(self):
        self.pbx.wait("trunk-up", timeout_s=30)
        wait_for(lambda: self.tandem.span()["slots"] == "." * 23 + "D",
                 lambda: f"all channels are idle: {self.tandem.span()}", 30)
        step("the D-channel is up, all channels are idle")

    def counts(self, name="t1-1"):
        return self.tandem.spans()[name]["counts"]

    def finish(self):
        self.tandem.wait_idle()
        self.tandem.check_log_clean()


class EchoEnd(RtpEnd):
    """Sends back what it hears, as it comes."""

    def _receive(self):
        before = len(self.packets)
        super()._receive()
        for _, kind, payload in self.packets[before:]:
            if kind == PCMU and self.peer:
                self._packet(kind, payload, self._timestamp)
                self._timestamp += len(payload)

    def _send(self):
        pass


class EchoPhone(SipPhone):
    def _end(self, hz):
        self._ends.append(EchoEnd(hz, self.host))
        return self._ends[-1]
