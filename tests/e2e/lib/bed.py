"""PBX and gateway joined, with SIP peers: what most tests start with.

Rules: all that the PBX dials goes to the peer, all that a peer dials goes to the PBX; 9999 has no
rule.
"""
from lib.simpbx import Simpbx
from lib.stage import HOST, step, wait_for
from lib.tandem import Tandem

RTP_PORTS = 128

RULES = """
rule "from the PBX" {{ from = "pbx"  number = "7XXX"  to = "{peer}" }}
rule "to the PBX" {{ from = "{peer}"  number = "7XXX"  to = "pbx" }}
"""


def peer(name, port, more="", host=HOST):
    return f'peer "{name}" {{\n\taddress = {{"{host}:{port}"}}\n\tdomain = "{name}"\n\t{more}\n}}\n'


class Bed:
    def __init__(self, stage, phones, peer_name="sipp", peer_port=None, peer_more="any_port = true",
                 span="", between=None, on_ports=None, extra="", rules=None, **sections):
        """extra: more sections.  between: (gateway's port, PBX's port) -> the ports that each is told in place of the
        other, for tests that stand on the wire.  on_ports: called with the bed before anything is
        started, when all ports of the gateway are known."""
        self.stage = stage
        self.sip_port, self.span_port, self.pbx_port = stage.port(), stage.port(), stage.port()
        self.peer_port = peer_port or stage.port()
        self.rtp_first = stage.port_range(RTP_PORTS)
        self.rtp_last = self.rtp_first + RTP_PORTS - 1
        if on_ports:
            on_ports(self)
        self.peer_text = peer(peer_name, self.peer_port, peer_more)
        self.rules = extra + (rules or RULES).format(peer=peer_name)
        far_of_gateway, far_of_pbx = self.pbx_port, self.span_port
        if between:
            far_of_gateway, far_of_pbx = between(self.span_port, self.pbx_port)
        self.tandem = Tandem(stage, {
            "sip_port": self.sip_port, "span_port": self.span_port, "pbx_port": far_of_gateway,
            "rtp_first": self.rtp_first, "rtp_last": self.rtp_last}, self.peer_text + self.rules,
            **sections)
        self.pbx = Simpbx(stage, self.pbx_port, far_of_pbx, phones, span)
        self.pbx.wait("trunk-up", timeout_s=20)
        # Each channel is restarted first (Q.931 5.5).
        wait_for(lambda: self.tandem.span()["slots"] == "." * 23 + "D",
                 lambda: f"all channels are idle: {self.tandem.span()['slots']}", 20)
        step("the D-channel is up, all channels are idle")

    def finish(self):
        """Nothing may be left; then both end."""
        self.tandem.wait_idle()
        self.tandem.check_log_clean()
