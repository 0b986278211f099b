"""What must be true of audio and endings, in one place so that every test asks the same.

When the machine itself stands still for longer than a jitter buffer lasts, audio gets gaps that
nobody made.  The stage notices (stage.Strain), and only then few and small faults pass, and are said;
with more or larger ones the test is tried again.  Another tone than was sent is never excused.
"""
from lib.stage import IS_SLOW, check, check_audio, check_equal, step

FAULTS_A_STALL = 4       # each of them can be heard: in the line's and in RTP's jitter buffer, both ways
GAPS_MAX = 0.1           # part of the audio
CROSSTALK_DB = 20        # below the tone: a jump is heard as other tones, but not as loud ones


def whole(stage, who, gap_ms, heard_ms, faults):
    """No gap and no jump, unless the machine stood still."""
    if gap_ms == 0 and not faults:
        return
    stalls, worst_ms = stage.strain.seen()
    if IS_SLOW:
        stalls += len(faults)
    said = f"{who}: {gap_ms} ms of gaps, {faults}; the machine stood still {stalls} times"
    check_audio(len(faults) <= FAULTS_A_STALL * stalls and gap_ms <= GAPS_MAX * heard_ms, said)
    step(f"  let pass: {said}, {worst_ms:.1f} ms at worst")


def pbx_heard(stage, report, hz, least_s, level_dbm0=-13.0):
    """A simpbx report: this tone, at its level, whole."""
    heard = report["heard"]
    same = [t for t in heard["stretches"] if abs(t["tone_hz"] - hz) < 2]
    heard_ms = sum(t["heard_ms"] for t in same)
    what = (f"{report['ext']} heard {heard['tone_hz']} Hz for {heard_ms / 1000:.2f} s at "
            f"{heard.get('level_dbm0')} dBm0, {heard.get('gaps')} gaps, {heard.get('jumps')} jumps")
    step(what)
    check(heard["tone_hz"] is not None and abs(heard["tone_hz"] - hz) < 2, f"{what}; not {hz} Hz")
    check_audio(heard_ms >= least_s * 1000, f"{what}; not {least_s} s")
    check_audio(abs(heard["level_dbm0"] - level_dbm0) < 1.0, f"{what}; not at {level_dbm0} dBm0")
    faults = [f for t in same for f in t["faults"] if f["kind"] != "click"]
    whole(stage, report["ext"], sum(t["gap_ms_total"] for t in same), heard_ms,
          faults + ["broken"] * (len(same) - 1))
    others = [o for o in heard["others"] if o["level_dbm0"] > -45 and abs(o["tone_hz"] - hz) > 40]
    said = f"{report['ext']} heard something else too: {others}"
    check(all(o["level_dbm0"] < level_dbm0 - CROSSTALK_DB for o in others), said)
    if faults:
        check_audio(not others, said)
    else:
        check(not others, said)


def phone_heard(stage, who, heard, least_s, level_dbm0=-13.0):
    """An audio.Heard of a SIP phone or of an RTP end."""
    step(f"{who} heard {heard}")
    check_audio(heard.seconds >= least_s, f"{who}: {heard}; not {least_s} s")
    check_audio(abs(heard.level_dbm0 - level_dbm0) < 1.0, f"{who}: {heard}; not at {level_dbm0} dBm0")
    whole(stage, who, heard.gaps_ms, heard.seconds * 1000,
          ["phase"] * heard.broken + ["gap"] * (heard.gaps_ms > 0))
    # A jump of a few samples, where a stall made a buffer step, is seen here first.
    check_audio(heard.purity_db > (25 if stage.strain.seen()[0] == 0 else 5),
                f"{who}: {heard}; something else is heard")


def ended(bed, what, cause, from_cause=None, to_cause=None):
    """The newest record of the gateway says so; 0 = that side was never there."""
    record = bed.tandem.records()[-1]
    check_equal(int(record["cause"]), cause, f"{what}: cause in the record")
    for side, wanted in (("from_cause", from_cause), ("to_cause", to_cause)):
        if wanted is not None:
            check_equal(int(record[side]), wanted, f"{what}: {side} in the record")
