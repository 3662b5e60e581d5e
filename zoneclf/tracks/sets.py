"""Feature sets by name: which columns of a track table a model learns from."""

from collections.abc import Iterable

from zoneclf.errors import SettingsError
from zoneclf.frames.columns import FRAME_COLUMNS, VOICING_COLUMNS

DROP_RATES = ("drops_per_minute", "drop_strength", "drop_contrast_mean", "drop_intensity")
DROPS = ("drop_count", *DROP_RATES)
# Sums over a track: they grow with its length and so tell a source of clips from one of tracks.
GROWING = ("drop_count",)
ENERGY = ("low_energy", "energy_variance", "brightness")

# The 22 that both sources of the first experiments had.
COMMON22 = (
    "tempo",
    "zero_crossing_rate",
    "low_energy",
    "rms_energy",
    "spectral_rolloff",
    "brightness",
    "spectral_centroid",
    *(f"mfcc_{number}_mean" for number in range(1, 6)),
    *(f"mfcc_{number}_std" for number in range(1, 6)),
    "energy_variance",
    "drop_strength",
    "drop_contrast_mean",
    "drop_count",
    "drop_intensity",
)


def pooled(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the names of mean and standard deviation over frames of each column."""
    return tuple(f"{column}_{statistic}" for column in columns for statistic in ("mean", "std"))


# Mean and spread of all 236 frame columns, rates, tempo: nothing that grows with length.
DEAM236 = (*pooled(FRAME_COLUMNS), "tempo", *ENERGY, *DROP_RATES)
DEAM248 = (*DEAM236, *pooled(VOICING_COLUMNS))
SHARED = "shared"
_NOT_SHARED = frozenset((*GROWING, *pooled(VOICING_COLUMNS)))
SETS = {"common22": COMMON22, "deam236": DEAM236, "deam248": DEAM248}


def require_set(name: str) -> str:
    """Return the name of a set.

    Raises
    ------
    SettingsError
        If there is no such set.
    """
    if name not in {*SETS, SHARED}:
        known = ", ".join([*SETS, SHARED])
        raise SettingsError(f"train.features is {name!r}; it must be one of {known}")
    return name


def features_of(name: str, present: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of a set; `shared` is all of `present` that every extractor can give.

    Left out of `shared` are the voicing columns, which need openSMILE, and what grows with a
    track's length.

    Raises
    ------
    SettingsError
        If the set is unknown or a column of it is not in `present`.
    """
    if name == SHARED:
        return tuple(column for column in present if column not in _NOT_SHARED)
    missing = [column for column in SETS[require_set(name)] if column not in present]
    if missing:
        raise SettingsError(
            f"train.features: the tables lack {len(missing)} columns of {name}, first "
            f"{missing[0]!r}; extract with the method that gives them, or use --features {SHARED}"
        )
    return SETS[name]
