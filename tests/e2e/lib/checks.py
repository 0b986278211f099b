"""What must be true of audio and endings, in one place so that every test asks the same."""
from lib.stage import check, check_equal, step


def pbx_heard(report, hz, least_s, level_dbm0=-13.0):
    """A simpbx report: this tone, at its level, whole."""
    heard = report["heard"]
    what = (f"{report['ext']} heard {heard['tone_hz']} Hz for {heard.get('heard_ms', 0) / 1000:.2f} s "
            f"at {heard.get('level_dbm0')} dBm0, {heard.get('gaps')} gaps, {heard.get('jumps')} jumps")
    step(what)
    check(heard["tone_hz"] is not None and abs(heard["tone_hz"] - hz) < 2, f"{what}; not {hz} Hz")
    check(heard["heard_ms"] >= least_s * 1000, f"{what}; not {least_s} s")
    check(abs(heard["level_dbm0"] - level_dbm0) < 1.0, f"{what}; not at {level_dbm0} dBm0")
    check_equal(heard["gaps"], 0, f"gaps in what {report['ext']} heard: {heard['faults']}")
    check_equal(heard["jumps"], 0, f"jumps in what {report['ext']} heard: {heard['faults']}")
    loud = [o for o in heard["others"] if o["level_dbm0"] > -45]
    check(not loud, f"{report['ext']} heard something else too: {loud}")


def phone_heard(who, heard, least_s, level_dbm0=-13.0):
    """An audio.Heard of a SIP phone or of an RTP end."""
    step(f"{who} heard {heard}")
    check(heard.seconds >= least_s, f"{who}: {heard}; not {least_s} s")
    check(abs(heard.level_dbm0 - level_dbm0) < 1.0, f"{who}: {heard}; not at {level_dbm0} dBm0")
    check(heard.purity_db() > 25, f"{who}: {heard}; something else is heard")
    check_equal(heard.gaps_ms, 0, f"{who}: gaps in ms")


def ended(bed, what, cause, from_cause=None, to_cause=None):
    """The newest record of the gateway says so; 0 = that side was never there."""
    record = bed.tandem.records()[-1]
    check_equal(int(record["cause"]), cause, f"{what}: cause in the record")
    for side, wanted in (("from_cause", from_cause), ("to_cause", to_cause)):
        if wanted is not None:
            check_equal(int(record[side]), wanted, f"{what}: {side} in the record")
