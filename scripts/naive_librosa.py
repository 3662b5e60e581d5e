"""What a quick script would do: load at 22 050 Hz, eight librosa features, a beat tracker.

The baseline of `bench_extract.py`, written as such scripts are: the whole file in memory, every
feature from the start.  Its numbers are other quantities than openSMILE's.
"""

import sys
from pathlib import Path

import librosa
import numpy as np
from librosa import feature
from librosa.beat import beat_track


def naive_features(path: Path) -> dict[str, float]:
    """Return means of librosa's features over a file."""
    samples, rate_hz = librosa.load(path, sr=22050, mono=True)
    tempo, _ = beat_track(y=samples, sr=rate_hz)
    frames = {
        "rms": feature.rms(y=samples),
        "zcr": feature.zero_crossing_rate(samples),
        "centroid": feature.spectral_centroid(y=samples, sr=rate_hz),
        "rolloff": feature.spectral_rolloff(y=samples, sr=rate_hz),
        "bandwidth": feature.spectral_bandwidth(y=samples, sr=rate_hz),
        "contrast": feature.spectral_contrast(y=samples, sr=rate_hz),
        "chroma": feature.chroma_stft(y=samples, sr=rate_hz),
        "mfcc": feature.mfcc(y=samples, sr=rate_hz, n_mfcc=13),
    }
    means = {name: float(values.mean()) for name, values in frames.items()}
    return {**means, "tempo": float(np.atleast_1d(tempo)[0])}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, naive_features(Path(name)))
