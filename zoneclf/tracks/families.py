"""Track features in words: which family each is of, and what it says of a track.

Hundreds of columns say almost the same, so that any one of them can be spared; importance is
therefore told by families as well.  A family is what a listener would call one thing.
"""

import re
from dataclasses import dataclass

# Family by key, in the order of tables and pictures, with its words.
FAMILIES = {
    "loudness": "loudness",
    "bands": "energy in frequency bands",
    "brightness": "brightness",
    "texture": "texture of the spectrum",
    "timbre": "timbre (MFCC)",
    "dynamics": "change from moment to moment",
    "tempo": "tempo",
    "drops": "drops",
    "voice": "voice and pitch",
    "mert": "what MERT hears (embedding)",
    "wav2vec2": "what wav2vec 2.0 hears (embedding)",
    "genre": "what a network for genres says",
    "affect": "what a network for arousal and valence says",
    "sources": "what the other sources' model says",
    "other": "other features",
}
_ADDED, _OWN = "source|", "|own"
_COLUMN = re.compile(
    r"^(?P<name>.+?)_sma(?P<delta>_de)?(?:\((?P<index>\d+)\))?_(?P<moment>amean|stddev)"
    r"_(?P<over>mean|std)$"
)
_EMBEDDED = re.compile(r"^(?P<kind>mert|wav2vec2)_(?P<index>\d+)_(?P<over>mean|std)$")
_GENRE = "genre_"
_AFFECT = re.compile(r"^affect_(?P<name>arousal|valence)_(?P<over>mean|sd)$")
_MFCC = re.compile(r"^mfcc_(?P<index>\d+)_(?P<over>mean|std)$")
# Descriptor -> family and words.
_DESCRIPTORS = {
    "audspec_lengthL1norm": ("loudness", "perceived loudness"),
    "audspecRasta_lengthL1norm": ("loudness", "perceived loudness of what moves"),
    "pcm_RMSenergy": ("loudness", "loudness (RMS energy)"),
    "pcm_zcr": ("brightness", "rate of zero crossings"),
    "audSpec_Rfilt": ("bands", "energy in hearing band"),
    "pcm_fftMag_fband250-650": ("bands", "energy between 250 and 650 Hz"),
    "pcm_fftMag_fband1000-4000": ("bands", "energy between 1 and 4 kHz"),
    "pcm_fftMag_spectralRollOff25.0": ("brightness", "lower edge of the spectrum (roll-off 25 %)"),
    "pcm_fftMag_spectralRollOff50.0": ("brightness", "brightness (roll-off 50 %)"),
    "pcm_fftMag_spectralRollOff75.0": ("brightness", "brightness (roll-off 75 %)"),
    "pcm_fftMag_spectralRollOff90.0": ("brightness", "brightness (roll-off 90 %)"),
    "pcm_fftMag_spectralCentroid": ("brightness", "brightness (spectral centroid)"),
    "pcm_fftMag_psySharpness": ("brightness", "sharpness"),
    "pcm_fftMag_spectralSlope": ("brightness", "slope of the spectrum"),
    "pcm_fftMag_spectralFlux": ("texture", "change of the spectrum (flux)"),
    "pcm_fftMag_spectralEntropy": ("texture", "noisiness (spectral entropy)"),
    "pcm_fftMag_spectralVariance": ("texture", "width of the spectrum"),
    "pcm_fftMag_spectralSkewness": ("texture", "lean of the spectrum (skewness)"),
    "pcm_fftMag_spectralKurtosis": ("texture", "peakedness of the spectrum (kurtosis)"),
    "pcm_fftMag_spectralHarmonicity": ("texture", "harmonicity"),
    "pcm_fftMag_mfcc": ("timbre", "timbre (MFCC"),
    "F0final": ("voice", "pitch"),
    "voicingFinalUnclipped": ("voice", "share of voiced sound"),
    "jitterLocal": ("voice", "jitter of the voice"),
    "jitterDDP": ("voice", "jitter of the voice (DDP)"),
    "shimmerLocal": ("voice", "shimmer of the voice"),
    "logHNR": ("voice", "ratio of harmonics to noise"),
}
_WHOLE = {
    "tempo": ("tempo", "tempo"),
    "low_energy": ("loudness", "share of quiet moments"),
    "rms_energy": ("loudness", "loudness (RMS energy)"),
    "energy_variance": ("loudness", "variance of the loudness"),
    "brightness": ("brightness", "brightness (share of high frequencies)"),
    "zero_crossing_rate": ("brightness", "rate of zero crossings"),
    "spectral_rolloff": ("brightness", "brightness (roll-off)"),
    "spectral_centroid": ("brightness", "brightness (spectral centroid)"),
    "drop_count": ("drops", "number of drops"),
    "drops_per_minute": ("drops", "number of drops per minute"),
    "drop_strength": ("drops", "strength of the strongest drop"),
    "drop_contrast_mean": ("drops", "contrast of the drops"),
    "drop_intensity": ("drops", "intensity of the drops"),
}


@dataclass(frozen=True)
class Meaning:
    """A feature's family (a key of `FAMILIES`) and its words, to be read after "the".

    `turns` says how many times the words turn from what is heard: its change, flicker, variation.
    """

    family: str
    words: str
    turns: int = 0


def meaning_of(feature: str) -> Meaning:
    """Return what a feature says; of one that is not known, its name."""
    feature = feature.removesuffix(_OWN)
    if feature in _WHOLE:
        return Meaning(*_WHOLE[feature])
    if feature.startswith(_ADDED):
        return Meaning("sources", f"{feature.removeprefix(_ADDED)} from the other sources' model")
    if found := _EMBEDDED.match(feature):
        who = {"mert": "MERT", "wav2vec2": "wav2vec 2.0"}[found["kind"]]
        words = f"dimension {int(found['index'])} of {who}'s embedding"
        return Meaning(found["kind"], *_varied(words, found["over"], 0))
    if feature.startswith(_GENRE):
        return Meaning("genre", f"probability of the genre {feature.removeprefix(_GENRE)}")
    if found := _AFFECT.match(feature):
        words = f"{found['name']} by a neural network"
        return Meaning("affect", *_varied(words, "std" if found["over"] == "sd" else "mean", 0))
    if found := _MFCC.match(feature):
        words = f"timbre (MFCC {found['index']})"
        return Meaning("timbre", *_varied(words, found["over"], 0))
    found = _COLUMN.match(feature)
    if not found or found["name"] not in _DESCRIPTORS:
        return Meaning("other", feature)
    family, words = _DESCRIPTORS[found["name"]]
    if found["index"]:
        words = f"{words} {found['index']}" + ")" * (family == "timbre")
    turns = 0
    if found["delta"]:
        turns += 1
        family, words = "dynamics", f"change of the {words}"
    if found["moment"] == "stddev":
        turns += 1
        words = f"fast flicker of the {words}"
    return Meaning(family, *_varied(words, found["over"], turns))


def _varied(words: str, over: str, turns: int) -> tuple[str, int]:
    if over == "mean":
        return words, turns
    return f"variation over the track of the {words}", turns + 1
