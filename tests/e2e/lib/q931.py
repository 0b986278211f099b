"""A reader and judge of D-channel frames, written from Q.921, Q.931 (05/98), ECMA-143 and TR41449; it
shares nothing with isup/ nor with libpri, so that a mistake made there twice is seen here.

Referee(switch, network).sent(frame) and .received(frame) take the frames of one D-channel in order, as
the side whose frames are judged sent and received them; .faults is what was wrong with what it sent.
"""
from lib.stage import Failed

# 3.1: message type -> (name, mandatory elements, others that may be there).  Display, Facility and
# Segmented message aside, which may be in any.
BEARER, CAUSE, CALL_STATE, CHANNEL, FACILITY, PROGRESS = 0x04, 0x08, 0x14, 0x18, 0x1c, 0x1e
NETWORK_FACILITIES, NOTIFICATION, DISPLAY, DATE, KEYPAD, SIGNAL = 0x20, 0x27, 0x28, 0x29, 0x2c, 0x34
CONNECTED, CONNECTED_SUB, CALLING, CALLING_SUB = 0x4c, 0x4d, 0x6c, 0x6d
CALLED, CALLED_SUB, REDIRECTING, TRANSIT_NETWORK = 0x70, 0x71, 0x74, 0x78
RESTART, LLC, HLC, USER_USER, SENDING_COMPLETE = 0x79, 0x7c, 0x7d, 0x7e, 0xa1
REDIRECTION, CHANGE_STATUS = 0x76, 0x01

ANSWER = {BEARER, CHANNEL, PROGRESS, DATE, SIGNAL, CONNECTED, CONNECTED_SUB, LLC, HLC, USER_USER,
          NOTIFICATION, REDIRECTION}
MESSAGES = {
    0x01: ("ALERTING", set(), ANSWER),
    0x02: ("CALL PROCEEDING", set(), {BEARER, CHANNEL, PROGRESS, HLC, NOTIFICATION}),
    0x03: ("PROGRESS", {PROGRESS}, {BEARER, CAUSE, CHANNEL, HLC, USER_USER, NOTIFICATION}),
    0x05: ("SETUP", {BEARER}, {CHANNEL, PROGRESS, NETWORK_FACILITIES, KEYPAD, SIGNAL, CALLING,
                               CALLING_SUB, CALLED, CALLED_SUB, REDIRECTING, TRANSIT_NETWORK, LLC,
                               HLC, USER_USER, SENDING_COMPLETE, NOTIFICATION, DATE, 0x73}),
    0x07: ("CONNECT", set(), ANSWER),
    0x0d: ("SETUP ACKNOWLEDGE", set(), {CHANNEL, PROGRESS, SIGNAL}),
    0x0f: ("CONNECT ACKNOWLEDGE", set(), {CHANNEL, SIGNAL}),
    0x20: ("USER INFORMATION", {USER_USER}, set()),
    0x24: ("HOLD", set(), set()),
    0x28: ("HOLD ACKNOWLEDGE", set(), set()),
    0x30: ("HOLD REJECT", {CAUSE}, set()),
    0x31: ("RETRIEVE", set(), {CHANNEL}),
    0x33: ("RETRIEVE ACKNOWLEDGE", {CHANNEL}, set()),
    0x37: ("RETRIEVE REJECT", {CAUSE}, set()),
    0x45: ("DISCONNECT", {CAUSE}, {PROGRESS, SIGNAL, USER_USER, NOTIFICATION}),
    0x46: ("RESTART", {RESTART}, {CHANNEL}),
    0x4d: ("RELEASE", set(), {CAUSE, SIGNAL, USER_USER}),
    0x4e: ("RESTART ACKNOWLEDGE", {RESTART}, {CHANNEL}),
    0x5a: ("RELEASE COMPLETE", set(), {CAUSE, SIGNAL, USER_USER}),
    0x62: ("FACILITY", {FACILITY}, {CALLING, CALLED, NOTIFICATION}),
    0x64: ("REGISTER", {FACILITY}, set()),
    0x6e: ("NOTIFY", {NOTIFICATION}, {BEARER, REDIRECTION, CONNECTED}),
    0x75: ("STATUS ENQUIRY", set(), set()),
    0x7b: ("INFORMATION", set(), {CAUSE, KEYPAD, SIGNAL, CALLED, SENDING_COMPLETE, CALLING}),
    0x7d: ("STATUS", {CAUSE, CALL_STATE}, set()),
}
SETUP, RELEASE, RELEASE_COMPLETE, DISCONNECT, STATUS, STATUS_ENQUIRY = 0x05, 0x4d, 0x5a, 0x45, 0x7d, 0x75
FIRST_ANSWERS = {0x01, 0x02, 0x07, 0x0d}
GLOBAL = {0x46, 0x4e, STATUS}
SERVICE_TYPES = {0x43: {0x07, 0x0f}, 0x03: {0x07, 0x0f}}

# 4.5 and ITU-T tables: octets of the contents, least and most.
LENGTHS = {BEARER: (2, 10), CAUSE: (2, 30), CALL_STATE: (1, 1), CHANNEL: (1, 12), PROGRESS: (2, 2),
           NOTIFICATION: (1, 3), DISPLAY: (1, 80), KEYPAD: (1, 32), SIGNAL: (1, 1), CALLING: (1, 26),
           CALLED: (1, 26), CONNECTED: (1, 26), REDIRECTING: (1, 26), RESTART: (1, 1),
           LLC: (2, 16), HLC: (2, 3), USER_USER: (1, 129), DATE: (3, 6), CHANGE_STATUS: (1, 1)}
CAUSES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29, 30, 31, 34, 35,
          38, 39, 40, 41, 42, 43, 44, 46, 47, 49, 50, 52, 53, 54, 55, 57, 58, 62, 63, 65, 66, 69, 70, 79,
          81, 82, 83, 84, 85, 86, 87, 88, 90, 91, 95, 96, 97, 98, 99, 100, 101, 102, 103, 110, 111, 127}
LOCATIONS = {0, 1, 2, 3, 4, 5, 7, 10}
STATES = {0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 15, 17, 19, 22, 25, 61, 62}
DIGITS = set(b"0123456789*#")


class Bad(Exception):
    """What is wrong with a frame."""


def want(condition, what):
    if not condition:
        raise Bad(what)


class Message:
    """Of an I or UI frame; .is_message is False for others."""

    def __init__(self, frame):
        want(len(frame) >= 3, "a frame of less than three octets")
        self.sapi, self.command, self.tei = frame[0] >> 2, frame[0] >> 1 & 1, frame[1] >> 1
        want(frame[0] & 1 == 0 and frame[1] & 1 == 1, "address extension bits")
        self.is_information = frame[2] & 1 == 0
        self.is_message = self.is_information or frame[2] & 0xef == 0x03
        if self.is_information:
            want(len(frame) >= 4, "an I frame of three octets")
        if self.is_message:
            self._read(frame[4 if self.is_information else 3:])

    def _read(self, q):
        want(len(q) >= 3, "a message of less than three octets")
        self.discriminator, length = q[0], q[1]
        want(length & 0xf0 == 0, "spare bits in the length of the call reference")
        self.reference_length = length
        want(len(q) >= 3 + length, "a message that ends in its call reference")
        value = int.from_bytes(q[2:2 + length], "big")
        top = 1 << (8 * length - 1) if length else 0
        self.flag, self.reference = bool(value & top), value & ~top
        self.type = q[2 + length]
        self.name = MESSAGES.get(self.type, (f"type {self.type:02x}",))[0]
        self._read_elements(q[3 + length:])

    def _read_elements(self, rest):
        """[(codeset, identifier, contents)] in order."""
        self.elements = []
        locked = active = 0
        while rest:
            head, rest = rest[0], rest[1:]
            if head & 0xf0 == 0x90:
                active = head & 7
                if head & 8 == 0:
                    want(active > locked, f"a locking shift from {locked} to {active}")
                    locked = active
                want(active != 0 and rest, f"shift to codeset {active} for nothing")
                continue
            contents = b""
            if head & 0x80 == 0:
                want(rest and len(rest) > rest[0], f"element {head:02x} longer than the message")
                contents, rest = rest[1:1 + rest[0]], rest[1 + rest[0]:]
            self.elements.append((active, head, contents))
            active = locked

    def get(self, identifier):
        return next((c for codeset, i, c in self.elements if (codeset, i) == (0, identifier)), None)


# --- contents of the elements, 4.5 ---

def octet_groups(contents):
    """Octets 3, 3a, 3b ...; 4, 4a ...: an octet without bit 8 goes on in the next (4.5.1)."""
    groups, group = [], []
    for octet in contents:
        group.append(octet)
        if octet & 0x80:
            groups.append(group)
            group = []
    want(not group, "an octet group does not end")
    return groups


def judge_bearer(c):
    want(c[0] & 0xe0 == 0x80, f"coding of octet 3: {c[0]:02x}")
    capability = c[0] & 0x1f
    want(capability in (0, 8, 9, 16, 17, 24), f"transfer capability {capability}")
    groups = octet_groups(c)
    want(groups[1][0] & 0x7f == 0x10, f"not circuit mode 64 kbit/s: {groups[1][0]:02x}")
    layers = [g[0] >> 5 & 3 for g in groups[2:]]
    want(layers == sorted(set(layers)) and 0 not in layers, f"layers {layers}")
    if capability in (0, 16):
        want(groups[2:] and groups[2][0] == 0xa2, "audio on a T1 is G.711 mu-law")


def judge_cause(c):
    groups = octet_groups(c[:2] if c[0] & 0x80 else c[:3])
    want(len(groups) == 2, "octets 3 and 4")
    want(c[0] & 0x60 == 0, f"coding standard {c[0]:02x}")
    want(c[0] & 0x0f in LOCATIONS, f"location {c[0] & 15}")
    want(groups[1][0] & 0x7f in CAUSES, f"cause {groups[1][0] & 127}")


def judge_call_state(c):
    want(c[0] & 0xc0 == 0 and c[0] & 0x3f in STATES, f"state {c[0]:02x}")


def judge_channel(c, may_be_dchannel=False):
    want(c[0] & 0x80 and c[0] & 0x20, f"octet 3 of a primary rate interface: {c[0]:02x}")
    want(c[0] & 0x10 == 0, "the spare bit of octet 3")
    want(c[0] & 0x04 == 0 or may_be_dchannel, "the D-channel")
    want(c[0] & 0x04 == 0 or c[0] & 0x43 == 0x40, "the D-channel of no interface, or with a B-channel")
    at = 1
    if c[0] & 0x40:
        want(len(c) > 1, "no interface identifier")
        while c[at] & 0x80 == 0:
            at += 1
            want(at < len(c), "the interface identifier does not end")
        at += 1
    if c[0] & 0x03 != 1:
        want(at == len(c), "octets after no or any channel")
        return
    if at == len(c):
        return                           # the whole interface
    want(c[at] & 0xe0 == 0x80, f"octet 3.2: {c[at]:02x}")
    want(c[at] & 0x0f == 3, "channel type: B-channel units")
    places = c[at + 1:]
    if c[at] & 0x10:
        want(len(places) == 3 and any(places), f"slot map {places.hex()}")
        return
    want(len(places) > 0, "no channel number")
    want(all(p & 0x80 == 0 for p in places[:-1]), "bit 8 before the last channel number")
    want(places[-1] & 0x80, "bit 8 of the last channel number")
    want(all(1 <= p & 0x7f <= 24 for p in places), f"channel numbers {places.hex()}")


def judge_progress(c):
    want(c[0] & 0x80 and c[1] & 0x80, "bit 8")
    want(c[0] & 0x60 in (0, 0x20) and c[0] & 0x10 == 0, f"octet 3: {c[0]:02x}")
    want(c[0] & 0x0f in LOCATIONS, f"location {c[0] & 15}")
    standard = {1, 2, 3, 4, 5, 8, 10} if c[0] & 0x60 == 0 else {16, 17, 18}
    want(c[1] & 0x7f in standard, f"description {c[1] & 127}")


def number_judge(octets_most):
    def judge(c):
        want(c[0] & 0x70 != 0x50, "type of number 5")
        want(c[0] & 0x0f in (0, 1, 3, 4, 8, 9), f"numbering plan {c[0] & 15}")
        head = 1
        while c[head - 1] & 0x80 == 0:
            want(head < len(c) and head < octets_most, "octets 3a and on do not end")
            head += 1
        if head > 1:
            want(c[1] & 0x1c == 0, f"spare bits of octet 3a: {c[1]:02x}")
        want(set(c[head:]) <= DIGITS, f"digits {c[head:]!r}")
    return judge


def judge_display(c):
    text = c[1:] if c[0] & 0x80 else c
    want(text and all(0x20 <= o < 0x7f or o >= 0xa0 for o in text), f"text {c!r}")


def judge_restart(c):
    want(c[0] in (0x80, 0x86, 0x87), f"class {c[0]:02x}")


def judge_notification(c):
    want(c[0] & 0x80, "bit 8")


def judge_change_status(c):
    want(c[0] & 0x80 and c[0] & 0x07 <= 2, f"status {c[0]:02x}")


def judge_keypad(c):
    want(all(0x20 <= o < 0x7f for o in c), f"text {c!r}")


def judge_signal(c):
    want(c[0] <= 9 or c[0] in (0x3f, 0x40, 0x41, 0x4f), f"signal {c[0]:02x}")


def judge_hlc(c):
    want(c[0] == 0x91, f"octet 3: {c[0]:02x}")


def ber(octets):
    """[(tag, contents)]; definite lengths, all of them used up."""
    found = []
    while octets:
        want(len(octets) >= 2, "BER: a torn value")
        tag, length, at = octets[0], octets[1], 2
        want(tag & 0x1f != 0x1f and length != 0x80, "BER: a form not used here")
        if length > 0x80:
            at += length & 0x7f
            length = int.from_bytes(octets[2:at], "big")
        want(len(octets) >= at + length, f"BER: value {tag:02x} is longer than what holds it")
        contents = octets[at:at + length]
        if tag & 0x20:
            ber(contents)
        found.append((tag, contents))
        octets = octets[at + length:]
    return found


def judge_facility(c):
    """Q.932 8.2.3, ECMA-165: profile, then extension, profile and interpretation, then components."""
    want(c[0] in (0x91, 0x9f), f"protocol profile {c[0]:02x}")
    components = 0
    for tag, contents in ber(c[1:]):
        if tag in (0xaa, 0x92, 0x8b):
            want(components == 0, f"{tag:02x} after a component")
            continue
        want(tag in (0xa1, 0xa2, 0xa3, 0xa4), f"component {tag:02x}")
        components += 1
        inner = ber(contents)
        want(inner and inner[0][0] == 0x02 or (tag == 0xa4 and inner[0][0] == 0x05), "no invoke identifier")
        if tag == 0xa1:
            operation = [t for t, _ in inner[1:3] if t in (0x02, 0x06)]
            want(operation, "invoke of no operation")
    want(components > 0, "no component")


JUDGES = {BEARER: judge_bearer, CAUSE: judge_cause, CALL_STATE: judge_call_state, CHANNEL: judge_channel,
          PROGRESS: judge_progress, CALLING: number_judge(2), CALLED: number_judge(1),
          CONNECTED: number_judge(2), REDIRECTING: number_judge(3), DISPLAY: judge_display,
          RESTART: judge_restart, NOTIFICATION: judge_notification, KEYPAD: judge_keypad,
          SIGNAL: judge_signal, HLC: judge_hlc, FACILITY: judge_facility}


# --- messages ---

def judge_order(message):
    """4.5.1: identifiers rise, single octets may be anywhere; repeated ones stand together."""
    for codeset in range(8):
        ids = [i for c, i, _ in message.elements if c == codeset and i < 0x80]
        want(ids == sorted(ids), f"order of elements {[hex(i) for i in ids]} in codeset {codeset}")
    codesets = [c for c, _, _ in message.elements]
    want(codesets == sorted(codesets), f"order of codesets {codesets}")


def judge_elements(message):
    for codeset, identifier, contents in message.elements:
        if codeset != 0:
            want(codeset in (4, 5, 6, 7), f"codeset {codeset}")
            continue
        least, most = LENGTHS.get(identifier, (0, 255))
        where = f"element {identifier:02x} ({contents.hex()})"
        want(least <= len(contents) <= most, f"length of {where}")
        if identifier in JUDGES:
            try:
                JUDGES[identifier](contents)
            except (Bad, IndexError) as fault:
                raise Bad(f"{where}: {fault}") from fault


def judge_presence(message):
    want(message.type in MESSAGES, f"message type {message.type:02x}")
    _, mandatory, others = MESSAGES[message.type]
    ids = [i for codeset, i, _ in message.elements if codeset == 0]
    for identifier in mandatory:
        want(identifier in ids, f"mandatory element {identifier:02x} is missing")
    for identifier in ids:
        want(identifier in mandatory | others | {DISPLAY, FACILITY, 0x00},
             f"element {identifier:02x} has no business there")
        want(ids.count(identifier) == 1 or identifier in (PROGRESS, FACILITY, NOTIFICATION, REDIRECTING,
                                                          BEARER, DISPLAY),
             f"element {identifier:02x} more than once")


class Call:
    def __init__(self, by_us, asked):
        self.by_us, self.asked = by_us, asked
        self.answered = self.cleared = self.over = False


class Referee:
    """switch: as in a trunk of tandem.conf.  network: the side that is judged.  partial: the first
    frames are not there."""

    def __init__(self, switch, network, name="trunk", partial=False):
        self.partial = partial
        self.switch, self.network, self.name = switch, network, name
        self.faults, self.judged, self.kinds = [], 0, set()
        self._calls = {}

    def sent(self, frame):
        try:
            message = Message(frame)
            self._link(message)
            if message.is_message:
                self.judged += 1
                self._message(message)
        except Bad as fault:
            self.faults.append(f"{self.name}: {fault}: {frame.hex(' ')}")

    def received(self, frame):
        try:
            message = Message(frame)
        except Bad:
            return                       # the other side is not judged
        if not message.is_message or message.discriminator != 8 or message.reference == 0:
            return
        if message.type == SETUP:
            known = self._calls.get((message.reference, False))
            if known is None or known.asked is None or known.asked.elements != message.elements:
                self._calls[message.reference, False] = Call(False, message)
        call = self._calls.get((message.reference, message.flag))
        if call is None:
            # Answered with the flag the other way round, 5.8.3.2.
            self._calls[message.reference, message.flag] = call = Call(message.flag, None)
            call.answered = True
        if message.type in (DISCONNECT, RELEASE):
            call.cleared = True
        if message.type == RELEASE_COMPLETE:
            self._calls.pop((message.reference, message.flag), None)

    def _link(self, message):
        if message.is_message and message.is_information:
            want(message.sapi == 0 and message.tei == 0, f"SAPI {message.sapi}, TEI {message.tei}")
            want(message.command == int(self.network), f"C/R {message.command} of an I frame")

    def _message(self, message):
        want(message.reference_length == 2, "a call reference of two octets")
        self.kinds.add(message.name)
        judge_order(message)
        if message.discriminator in SERVICE_TYPES:
            self._service(message)
            return
        want(message.discriminator == 8, f"protocol discriminator {message.discriminator:02x}")
        want(not (self.switch in ("qsig", "euroisdn") and message.discriminator != 8), "SERVICE")
        try:
            judge_elements(message)
            judge_presence(message)
            if message.reference == 0:
                self._global(message)
            else:
                self._call(message)
        except Bad as fault:
            raise Bad(f"{message.name}: {fault}") from fault

    def _service(self, message):
        want(self.switch not in ("qsig", "euroisdn"), "SERVICE on a switch that has none")
        want(message.discriminator == (0x43 if self.switch in ("ni2", "dms100") else 0x03),
             f"SERVICE with discriminator {message.discriminator:02x} to {self.switch}")
        want(message.reference == 0, "SERVICE outside the global call reference")
        want(message.type in SERVICE_TYPES[message.discriminator], f"SERVICE type {message.type:02x}")
        status, channel = message.get(CHANGE_STATUS), message.get(CHANNEL)
        want(status is not None and channel is not None, "SERVICE without status or channel")
        judge_change_status(status)
        judge_channel(channel, may_be_dchannel=True)     # T1.607 Annex F: one goes in or out of service

    def _global(self, message):
        want(message.type in GLOBAL, "on the global call reference")
        if message.type in (0x46, 0x4e):
            of_channels = message.get(RESTART)[0] == 0x80
            want(not of_channels or message.get(CHANNEL) is not None, "class 0 without channels")
            want(message.flag == (message.type == 0x4e), "call reference flag")

    def _call(self, message):
        """4.3: the flag is 0 from the side that began the call; and what depends on the one before."""
        want(message.type not in (0x46, 0x4e), "on a call's reference")
        key = message.reference, not message.flag      # as the other side's frames have it
        call = self._calls.get(key)
        if message.type == SETUP:
            self._setup(message, key)
            return
        if call is None and self.partial:
            return
        want(call is not None, "for a call that nobody began")
        want(message.flag != call.by_us or call.asked is None, "call reference flag")
        if message.type in FIRST_ANSWERS and not call.by_us and not call.answered:
            self._first_answer(message, call)
        if message.type in (DISCONNECT, RELEASE, RELEASE_COMPLETE):
            want(call.cleared or message.get(CAUSE) is not None, "the first to clear has a Cause, 5.3.1")
            call.cleared = True
        if message.type == RELEASE_COMPLETE:
            del self._calls[key]

    def _setup(self, message, key):
        want(not message.flag, "call reference flag")
        known = self._calls.get(key)
        want(known is None or known.by_us, "a call reference in use")
        want(message.get(CHANNEL) is not None, "channel of a primary rate interface, 5.1.2")
        want(message.get(CHANNEL)[0] & 3 == 1, "SETUP names a channel")
        if self.switch == "qsig":
            want(message.get(CALLED) is not None, "ECMA-143: Called party number")
        self._calls[key] = Call(True, message)

    def _first_answer(self, message, call):
        """3.1.2 note 2 and the like: the channel is named in the first answer to SETUP."""
        call.answered = True
        channel = message.get(CHANNEL)
        want(channel is not None, "the first answer to SETUP names the channel")
        want(channel[0] & 0x08, "the channel of an answer is exclusive, 5.1.2")


def judge(referees):
    """Fails at a fault; the number of messages that were good otherwise."""
    faults = [fault for referee in referees for fault in referee.faults]
    if faults:
        raise Failed(f"{len(faults)} D-channel messages are not as Q.931 wants them:\n"
                     + "\n".join(faults[:10]))
    return sum(referee.judged for referee in referees)
