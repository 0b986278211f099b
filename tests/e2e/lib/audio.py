"""Test tones and what became of them: which tone, how loud, with what gaps.

Samples are 16-bit integers at 8000 a second.  Levels are dBm0: a mu-law sine of full scale (the
overload point, peak 8159 of 14 bits, here 32636 of 16) is +3.17 dBm0 (G.711 table 2a).
"""
import array
import math
import wave

RATE = 8000
FULL_SCALE = 32636.0
FULL_SCALE_DBM0 = 3.17
FRAME = 160     # 20 ms: what gaps are counted in


def read_wav(path):
    """Samples of one channel at 8000 a second."""
    with wave.open(path, "rb") as w:
        if w.getsampwidth() != 2 or w.getframerate() != RATE:
            raise ValueError(f"{path}: {w.getframerate()} Hz, {8 * w.getsampwidth()} bit")
        samples = array.array("h", w.readframes(w.getnframes()))
        return samples[::w.getnchannels()]


def write_wav(path, samples):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(array.array("h", samples).tobytes())


def tone(hz, seconds, level_dbm0=-13.0):
    peak = FULL_SCALE * 10 ** ((level_dbm0 - FULL_SCALE_DBM0) / 20)
    step = 2 * math.pi * hz / RATE
    return [round(peak * math.sin(step * n)) for n in range(int(seconds * RATE))]


def rms_dbm0(samples):
    power = sum(x * x for x in samples) / max(1, len(samples))
    return 10 * math.log10(max(power, 1e-3) * 2 / FULL_SCALE ** 2) + FULL_SCALE_DBM0


def level_of(samples, hz):
    """Level of one frequency in dBm0 (Goertzel)."""
    k = 2 * math.cos(2 * math.pi * hz / RATE)
    a = b = 0.0
    for x in samples:
        a, b = x + k * a - b, a
    power = (a * a + b * b - k * a * b) * 2 / max(1, len(samples)) ** 2   # mean square of it
    return 10 * math.log10(max(power, 1e-3) * 2 / FULL_SCALE ** 2) + FULL_SCALE_DBM0


def _power(dbm0):
    return 10 ** (dbm0 / 10)


class Heard:
    """What one side heard of one tone, between its first and its last frame."""

    def __init__(self, samples, hz):
        frames = [samples[i:i + FRAME] for i in range(0, len(samples) - FRAME + 1, FRAME)]
        levels = [level_of(f, hz) for f in frames]
        floor = max(max(levels, default=-99.0) - 10, -40)
        on = [n for n, level in enumerate(levels) if level > floor]
        first, last = (on[0] + 1, on[-1]) if on else (0, 0)     # both ends are partly filled
        sounding = [n for n in on if first <= n < last]
        count = max(1, len(sounding))
        self.seconds = max(0, last - first) * FRAME / RATE
        self.gaps_ms = (max(0, last - first) - len(sounding)) * 1000 * FRAME // RATE
        tone_power = sum(_power(levels[n]) for n in sounding) / count
        whole_power = sum(_power(rms_dbm0(frames[n])) for n in sounding) / count
        self.level_dbm0 = 10 * math.log10(max(tone_power, 1e-9))
        self.purity_db = 10 * math.log10(tone_power / max(whole_power - tone_power, 1e-9)) \
            if tone_power > 0 else -99.0
        # A lost sample turns the phase: frame by frame the tone is as loud, over the whole it is not.
        coherent = level_of(samples[first * FRAME:last * FRAME], hz)
        self.broken = bool(sounding) and self.level_dbm0 - coherent > 0.5

    def __str__(self):
        return (f"{self.seconds:.2f} s at {self.level_dbm0:.1f} dBm0, {self.purity_db:.0f} dB over "
                f"the rest, {self.gaps_ms} ms of gaps" + (", phase broken" if self.broken else ""))
