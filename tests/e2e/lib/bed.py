"""PBX and gateway joined, with SIP peers: what most tests start with.

Rules: all that the PBX dials goes to the peer, all that a peer dials goes to the PBX; 9999 has no
rule.
"""
from lib.simpbx import Simpbx
from lib.stage import HOST, step
from lib.tandem import Tandem

RULES = """
rule "from the PBX" {{ from = "pbx"  number = "7XXX"  to = "{peer}" }}
rule "to the PBX" {{ from = "{peer}"  number = "7XXX"  to = "pbx" }}
"""


def peer(name, port, more=""):
    return f'peer "{name}" {{\n\taddress = {{"{HOST}:{port}"}}\n\tdomain = "{name}"\n\t{more}\n}}\n'


class Bed:
    def __init__(self, stage, phones, peer_name="sipp", peer_port=None, peer_more="any_port = true",
                 span="", between=None, **sections):
        """between: (stage, gateway's span port) -> port that the PBX talks to in its place, for
        tests that stand on the wire."""
        self.stage = stage
        self.sip_port, self.span_port, self.pbx_port = stage.port(), stage.port(), stage.port()
        self.peer_port = peer_port or stage.port()
        self.peer_text = peer(peer_name, self.peer_port, peer_more)
        self.rules = RULES.format(peer=peer_name)
        far_of_gateway, far_of_pbx = self.pbx_port, self.span_port
        if between:
            far_of_gateway, far_of_pbx = between(self.span_port, self.pbx_port)
        self.tandem = Tandem(stage, self.sip_port, self.span_port, far_of_gateway,
                             self.peer_text + self.rules, **sections)
        self.pbx = Simpbx(stage, self.pbx_port, far_of_pbx, phones, span)
        self.tandem.wait_up()
        step("the D-channel is up")

    def finish(self):
        """Nothing may be left; then both end."""
        self.tandem.wait_idle()
        self.tandem.check_log_clean()
