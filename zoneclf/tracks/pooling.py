"""From the frames of a track to its one row: the only place where track features are computed.

All come from the frame table alone, whichever extractor made it; tempo, which 0.5 s rows cannot
carry, is measured while the frames are made and handed on.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from zoneclf.frames.columns import BANDS, column_of
from zoneclf.frames.extractor import Frames
from zoneclf.frames.filters import CENTRES_HZ
from zoneclf.settings import DropSettings
from zoneclf.store import TableSpec
from zoneclf.tracks.drops import drop_features, find_drops
from zoneclf.tracks.sets import DROPS, pooled

Values = npt.NDArray[np.float64]

RMS = "pcm_RMSenergy_sma_amean"
_RENAMED = {
    "zero_crossing_rate": "pcm_zcr_sma_amean",
    "rms_energy": RMS,
    "spectral_rolloff": "pcm_fftMag_spectralRollOff90.0_sma_amean",
    "spectral_centroid": "pcm_fftMag_spectralCentroid_sma_amean",
}
_BANDS = [column_of(f"{name}_sma{index}_amean") for name, index in BANDS]
# Auditory bands centred at 3 kHz and above.
_BRIGHT = CENTRES_HZ >= 3000.0
_SIMPLE = (
    "tempo",
    *_RENAMED,
    "low_energy",
    "brightness",
    *(f"mfcc_{number}_{statistic}" for number in range(1, 6) for statistic in ("mean", "std")),
    "energy_variance",
)


def track_spec(frames: TableSpec, drops: DropSettings) -> TableSpec:
    """Return the spec of the track table made from frames of a spec."""
    return TableSpec(
        level="tracks",
        descriptors=frames.descriptors,
        window_s=frames.window_s,
        hop_s=frames.hop_s,
        rate_hz=frames.rate_hz,
        features=(*pooled(frames.features), *_SIMPLE, *DROPS),
        parameters=tuple((f"drop.{name}", value) for name, value in sorted(vars(drops).items())),
    )


def track_features(frames: Frames, spec: TableSpec, drops: DropSettings) -> Values:
    """Return one track's features, shape (features,), in the order of ``track_spec(...).features``.

    Parameters
    ----------
    frames
        Rows of shape (frames, features) and measures; tempo is NaN where it was not measured.
    spec
        The frame table's spec, which names the columns.
    drops
        Thresholds for drops.
    """
    rows = frames.rows.astype(np.float64)
    columns = {name: rows[:, place] for place, name in enumerate(spec.features)}
    moments = np.stack([rows.mean(axis=0), rows.std(axis=0)], axis=1).ravel()
    rms = columns[RMS]
    found = drop_features(
        find_drops(rms, spec.hop_s, drops), (len(rows) - 1) * spec.hop_s + spec.window_s
    )
    simple = _simple(columns, rms) | {"tempo": frames.measures.get("tempo", float("nan"))}
    return np.concatenate(
        [moments, [simple[name] for name in _SIMPLE], [found[name] for name in DROPS]]
    )


def _simple(columns: Mapping[str, Values], rms: Values) -> dict[str, float]:
    values = {name: float(columns[column].mean()) for name, column in _RENAMED.items()}
    bands = np.array([columns[name].mean() for name in _BANDS])
    values["low_energy"] = float((rms < rms.mean()).mean())
    values["brightness"] = float(bands[_BRIGHT].sum() / bands.sum())
    values["energy_variance"] = float(rms.var())
    for number in range(1, 6):
        mean = columns[f"pcm_fftMag_mfcc_sma({number})_amean"]
        within = columns[f"pcm_fftMag_mfcc_sma({number})_stddev"]
        values[f"mfcc_{number}_mean"] = float(mean.mean())
        # Law of total variance: the mean variance within frames and that of their means.
        values[f"mfcc_{number}_std"] = float(np.sqrt((within**2).mean() + mean.var()))
    return values
