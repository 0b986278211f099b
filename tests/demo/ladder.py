"""A live ladder of what passes on both sides of the gateway, from `tandemctl trace`.

A trace line is "HH:MM:SS.uuuuuu CALL PROTOCOL WHERE DIRECTION TEXT": q931 on the left, sip on the
right; ">" was sent by the gateway, "<" received.
"""
import re

LANE = 44
MIDDLE = 10
LINE = re.compile(r"(\d\d):(\d\d):(\d\d\.\d+) +\S+ (q931|sip) (\S+) ([<>]) (.*)")
# LAPD's own frames keep the link up; a ladder of calls is clearer without them.
# What would not fit and tells a reader of a ladder little.
NOISE = re.compile(r" preferred| \((?!\w+\)$)[^)]*\)$|;transport=udp|-0x[0-9a-f]+@\S+")
LINK_FRAMES = re.compile(r"^(RR|RNR|REJ|SABME|UA|DM|DISC|UI|FRMR)\b")


class Ladder:
    def __init__(self, left="PBX", middle="Tandem", right="SIP phone", out=print):
        self.out = out
        self.first = None
        self.messages = []             # (ms, protocol, direction, text)
        self.head = (left, middle, right)

    def start(self):
        left, middle, right = self.head
        self.out(f"{'ms':>9}  {left:<{LANE // 2 + 2}}{'':{LANE // 2}}{middle:^{MIDDLE}}"
                 f"{'':{LANE // 2}}{right:>{LANE // 2 + 2}}")

    def line(self, text):
        """One trace line; draws it.  Returns False for what is no message of a call."""
        match = LINE.match(text)
        if match is None:
            return False
        hours, minutes, seconds, protocol, _, direction, what = match.groups()
        if protocol == "q931" and LINK_FRAMES.match(what):
            return False
        at = (int(hours) * 60 + int(minutes)) * 60 + float(seconds)
        if self.first is None:
            self.first = at
        ms = (at - self.first) * 1000 % 86400000
        self.messages.append((ms, protocol, direction, what))
        # The gateway is in the middle: what it sends to the PBX goes left, to SIP right.
        to_right = (protocol == "sip") == (direction == ">")
        arrow = _arrow(NOISE.sub("", what), to_right)
        lanes = (" " * LANE, arrow) if protocol == "sip" else (arrow, " " * LANE)
        self.out(f"{ms:9.1f} |{lanes[0]}|{'':{MIDDLE - 2}}|{lanes[1]}|")
        return True


def _arrow(text, to_right):
    text = text if len(text) <= LANE - 8 else text[:LANE - 11] + "..."
    dashes = LANE - len(text) - 3
    left = dashes // 2
    body = "-" * left + " " + text + " " + "-" * (dashes - left)
    return body + ">" if to_right else "<" + body
