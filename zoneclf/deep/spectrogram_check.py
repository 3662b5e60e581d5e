"""Whether spectrograms are like those a network learnt from, told with the numbers.

A network that learnt from ready-made spectrograms hears nonsense where they are made otherwise
here, and says so with confidence.  What the checkpoint keeps of its training clips
(`zoneclf.deep.statistics`) tells: the range of values, each clip's mean, spread and extremes, how
much neighbouring frames and bands differ, and every band's quantiles.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoneclf.deep.spectrograms import Spectrogram
from zoneclf.deep.statistics import QUANTILES, clip_numbers

# One clip is held to lie between these quantiles of the training clips, the middle one of several
# between those, and this much of their distance beyond.
_LOW, _HIGH = QUANTILES.index(0.01), QUANTILES.index(0.99)
_SEVERAL, _LOWER, _UPPER = 8, QUANTILES.index(0.25), QUANTILES.index(0.75)
_MARGIN = 0.5
# Parts of values, and of bands, that may lie outside.
_VALUES, _BANDS = 0.02, 0.1
# Of the scale of values, what may be rounding.
_TINY = 1e-3
_WORDS = {
    "mean": "mean",
    "sd": "spread",
    "top": "greatest value",
    "least": "least value",
    "frame_change": "change from frame to frame",
    "band_change": "change from band to band",
}


def said_of(statistics: Mapping[str, Any], spectrograms: Sequence[Spectrogram]) -> list[str]:
    """Return what is outside of a network's training spectrograms, each with its numbers.

    Parameters
    ----------
    statistics
        Of the training split (`zoneclf.deep.statistics.statistics_of`); where something is not
        among them, it is not compared.
    spectrograms
        Shape (frames, mels) each; of several the middle one of each number counts.

    Returns
    -------
    list of str
        Nothing, if they are like those of training.
    """
    if not statistics or not spectrograms:
        return []
    bands = statistics["bands"]
    if any(one.shape[1] != len(bands["mean"]) for one in spectrograms):
        counts = sorted({one.shape[1] for one in spectrograms})
        return [f"{counts[0]} bands (training: {len(bands['mean'])})"]
    return [
        *_of_values(statistics["range"], spectrograms),
        *_of_clips(statistics.get("clips", {}), spectrograms),
        *_of_bands(bands["quantiles"], spectrograms),
    ]


def _of_values(ends: Sequence[float], spectrograms: Sequence[Spectrogram]) -> list[str]:
    least, greatest = ends
    margin = 0.01 * (greatest - least)
    outside = [
        float(((one < least - margin) | (one > greatest + margin)).mean()) for one in spectrograms
    ]
    share = float(np.median(outside))
    if share <= _VALUES:
        return []
    own = min(float(one.min()) for one in spectrograms), max(float(o.max()) for o in spectrograms)
    told = f"{share:.0%} of the values, {_span(*own)}, are outside of the range"
    return [f"{told} (training: {_span(least, greatest)})"]


def _of_clips(known: Mapping[str, Any], spectrograms: Sequence[Spectrogram]) -> list[str]:
    return unlike_clips(known, [clip_numbers(one) for one in spectrograms])


def unlike_clips(known: Mapping[str, Any], numbers: Sequence[Mapping[str, float]]) -> list[str]:
    """Return which numbers of clips (`clip_numbers`) are not like training's, their ``clips``.

    The middle of eight clips or more is held to lie where the middle half of the training clips
    does: one clip may be of any music, many of them tell how they were made.
    """
    ends = (_LOWER, _UPPER) if len(numbers) >= _SEVERAL else (_LOW, _HIGH)
    found = []
    for name, words in _WORDS.items():
        if name not in known:
            continue
        own = float(np.median([one[name] for one in numbers]))
        low, high = (known[name][end] for end in ends)
        scale = 1.0 if name.endswith("change") else abs(known["mean"][_HIGH]) + known["sd"][_HIGH]
        margin = _MARGIN * (high - low) + _TINY * scale
        if not low - margin <= own <= high + margin:
            found.append(f"{words} {own:.3g} (training: {_span(low, high)})")
    return found


def _of_bands(quantiles: Sequence[Any], spectrograms: Sequence[Spectrogram]) -> list[str]:
    low, high = np.array(quantiles[_LOW]), np.array(quantiles[_HIGH])
    means = np.median([one.mean(axis=0, dtype=np.float64) for one in spectrograms], axis=0)
    margin = 0.05 * (high - low)
    outside = int(((means < low - margin) | (means > high + margin)).sum())
    if outside <= _BANDS * len(means):
        return []
    return [f"{outside} of {len(means)} bands lie where training's hardly ever were"]


def _span(low: float, high: float) -> str:
    return f"{low:.3g} to {high:.3g}"
