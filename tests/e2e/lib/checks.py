"""What must be true of audio and endings, in one place so that every test asks the same.

On a machine that lets programs wait for a processor, audio gets gaps that nobody made; the kernel
says how much they waited, and only then are small gaps let pass, and said.
"""
from lib.stage import check, check_equal, step

STRAINED = 0.25          # part of the time in which somebody waited for a processor
GAPS_MAX = 0.1           # part of the audio, on a strained machine


def whole(stage, who, gap_ms, heard_ms, faults):
    """No gap and no jump, or few of them on a strained machine."""
    if gap_ms == 0 and not faults:
        return
    strain = stage.strain.share()
    check(strain > STRAINED, f"{who}: {gap_ms} ms of gaps, faults {faults} (strain {strain:.2f})")
    check(gap_ms <= GAPS_MAX * heard_ms, f"{who}: {gap_ms} ms of gaps in {heard_ms} ms")
    step(f"  note: let pass on a machine strained by {strain:.2f}: {gap_ms} ms of gaps, {faults}")


def pbx_heard(stage, report, hz, least_s, level_dbm0=-13.0):
    """A simpbx report: this tone, at its level, whole."""
    heard = report["heard"]
    same = [t for t in heard["stretches"] if abs(t["tone_hz"] - hz) < 2]
    heard_ms = sum(t["heard_ms"] for t in same)
    what = (f"{report['ext']} heard {heard['tone_hz']} Hz for {heard_ms / 1000:.2f} s at "
            f"{heard.get('level_dbm0')} dBm0, {heard.get('gaps')} gaps, {heard.get('jumps')} jumps")
    step(what)
    check(heard["tone_hz"] is not None and abs(heard["tone_hz"] - hz) < 2, f"{what}; not {hz} Hz")
    check(heard_ms >= least_s * 1000, f"{what}; not {least_s} s")
    check(abs(heard["level_dbm0"] - level_dbm0) < 1.0, f"{what}; not at {level_dbm0} dBm0")
    faults = [f for t in same for f in t["faults"] if f["kind"] != "click"]
    whole(stage, report["ext"], sum(t["gap_ms_total"] for t in same), heard_ms,
          faults + ["broken"] * (len(same) - 1))
    loud = [o for o in heard["others"] if o["level_dbm0"] > -45 and abs(o["tone_hz"] - hz) > 40]
    check(not loud, f"{report['ext']} heard something else too: {loud}")


def phone_heard(stage, who, heard, least_s, level_dbm0=-13.0):
    """An audio.Heard of a SIP phone or of an RTP end."""
    step(f"{who} heard {heard}")
    check(heard.seconds >= least_s, f"{who}: {heard}; not {least_s} s")
    check(abs(heard.level_dbm0 - level_dbm0) < 1.0, f"{who}: {heard}; not at {level_dbm0} dBm0")
    whole(stage, who, heard.gaps_ms, heard.seconds * 1000, ["phase"] if heard.broken else [])
    check(heard.purity_db > (25 if heard.gaps_ms == 0 and not heard.broken else 5),
          f"{who}: {heard}; something else is heard")


def ended(bed, what, cause, from_cause=None, to_cause=None):
    """The newest record of the gateway says so; 0 = that side was never there."""
    record = bed.tandem.records()[-1]
    check_equal(int(record["cause"]), cause, f"{what}: cause in the record")
    for side, wanted in (("from_cause", from_cause), ("to_cause", to_cause)):
        if wanted is not None:
            check_equal(int(record[side]), wanted, f"{what}: {side} in the record")
