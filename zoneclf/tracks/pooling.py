"""From the frames of a track to its one row: the only place where track features are computed.

All come from the frame table alone, whichever extractor made it; tempo, which 0.5 s rows cannot
carry, is measured while the frames are made and handed on.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from zoneclf.frames.columns import BANDS, column_of
from zoneclf.frames.extractor import Frames
from zoneclf.frames.filters import CENTRES_HZ
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.takes import TrackFacts
from zoneclf.settings import DropSettings
from zoneclf.store import TableSpec
from zoneclf.tracks.drops import RULE, drop_features, find_drops
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
# Rows turned to float64 at once: 2 MB.
_ROWS_AT_ONCE = 1024
SIMPLE = (
    "tempo",
    *_RENAMED,
    "low_energy",
    "brightness",
    *(f"mfcc_{number}_{statistic}" for number in range(1, 6) for statistic in ("mean", "std")),
    "energy_variance",
)


def track_spec(frames: TableSpec, drops: DropSettings) -> TableSpec:
    """Return the spec of the track table made from frames of a spec."""
    parameters = {**vars(drops), "rule": float(RULE)}
    return TableSpec(
        level="tracks",
        descriptors=frames.descriptors,
        window_s=frames.window_s,
        hop_s=frames.hop_s,
        rate_hz=frames.rate_hz,
        features=(*pooled(frames.features), *SIMPLE, *DROPS),
        parameters=tuple((f"drop.{name}", value) for name, value in sorted(parameters.items())),
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
    moments = Moments()
    for rows in frames.source.chunks():
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            moments.add(rows[first : first + _ROWS_AT_ONCE].astype(np.float64))
    rms = rms_of(frames, spec.features)
    found = drop_features(
        find_drops(rms, FrameGrid(spec.window_s, spec.hop_s), drops),
        (len(rms) - 1) * spec.hop_s + spec.window_s,
    )
    simple = simple_features(moments.mean, moments.variance, spec.features)
    simple["low_energy"] = np.asarray((rms < rms.mean()).mean())
    simple["tempo"] = np.asarray(frames.measures.get("tempo", np.nan))
    return np.concatenate(
        [
            mean_and_spread(moments.mean, moments.variance),
            [simple[name] for name in SIMPLE],
            [found[name] for name in DROPS],
        ]
    )


def rms_of(frames: Frames, features: Sequence[str]) -> Values:
    """Return RMS per frame, shape (frames,), of rows whose columns are `features`."""
    place = features.index(RMS)
    # Copies: a view of one column would keep all the others in memory.
    return np.concatenate([rows[:, place].astype(np.float64) for rows in frames.source.chunks()])


def rms_curves(
    tracks: Iterable[tuple[TrackFacts, Frames]], features: Sequence[str]
) -> dict[str, Values]:
    """Return RMS per frame of each track, shape (frames,), by track id."""
    return {facts.track_id: rms_of(frames, features) for facts, frames in tracks}


class Moments:
    """Mean and variance of columns, piece by piece.

    Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances", COMPSTAT 1982, equation 2.1.
    """

    def __init__(self) -> None:
        self._count = 0
        self.mean: Values = np.zeros(1)
        self._squares: Values = np.zeros(1)

    def add(self, rows: Values) -> None:
        """Take rows of shape (rows, columns)."""
        mean = rows.mean(axis=0)
        centred = rows - mean
        squares = np.einsum("ij,ij->j", centred, centred)
        whole = self._count + len(rows)
        apart = mean - self.mean
        self._squares = self._squares + squares + apart**2 * (self._count * len(rows) / whole)
        self.mean = self.mean + apart * (len(rows) / whole)
        self._count = whole

    @property
    def variance(self) -> Values:
        """Population variance, shape (columns,)."""
        return self._squares / self._count


def mean_and_spread(mean: Values, variance: Values) -> Values:
    """Return mean and standard deviation of each column side by side, shape (..., 2 columns)."""
    pairs = np.stack([mean, np.sqrt(variance)], axis=-1)
    return np.asarray(pairs.reshape(*mean.shape[:-1], -1))


def simple_features(mean: Values, variance: Values, columns: Sequence[str]) -> dict[str, Values]:
    """Return those of `SIMPLE` that follow from mean and variance, shape (..., columns).

    Not among them are low energy, which needs the frames, and tempo, which they do not carry.
    """
    place = {column: number for number, column in enumerate(columns)}
    values = {name: mean[..., place[column]] for name, column in _RENAMED.items()}
    bands = mean[..., [place[name] for name in _BANDS]]
    bright, total = bands[..., _BRIGHT].sum(axis=-1), bands.sum(axis=-1)
    # Digital silence has no band: it is not bright.
    values["brightness"] = np.divide(bright, total, out=np.zeros_like(total), where=total > 0)
    values["energy_variance"] = variance[..., place[RMS]]
    for number in range(1, 6):
        outer = place[f"pcm_fftMag_mfcc_sma({number})_amean"]
        inner = place[f"pcm_fftMag_mfcc_sma({number})_stddev"]
        values[f"mfcc_{number}_mean"] = mean[..., outer]
        # Law of total variance: the mean variance within frames (their mean square deviation)
        # and the variance of their means.
        within = mean[..., inner] ** 2 + variance[..., inner]
        values[f"mfcc_{number}_std"] = np.sqrt(within + variance[..., outer])
    return values
