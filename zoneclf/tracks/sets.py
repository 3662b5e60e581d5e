"""Feature sets by name: which columns of a track table a model learns from.

``mert`` is what `zoneclf deep embed` made of the tracks; it may follow another set after a plus
sign, as in ``deam236+mert``.
"""

from collections.abc import Iterable

from zoneclf.errors import SettingsError
from zoneclf.frames.columns import FRAME_COLUMNS, VOICING_COLUMNS
from zoneclf.tracks.embeddings import is_embedded

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
SHARED, MERT = "shared", "mert"
_NOT_SHARED = frozenset((*GROWING, *pooled(VOICING_COLUMNS)))
SETS = {"common22": COMMON22, "deam236": DEAM236, "deam248": DEAM248}


def asks_embeddings(name: str) -> bool:
    """Return whether a set is of embeddings, alone or beside others."""
    return MERT in name.split("+")


def require_set(name: str) -> str:
    """Return the name of a set.

    Raises
    ------
    SettingsError
        If there is no such set.
    """
    others = {*SETS, SHARED}
    if name not in {*others, MERT, *(f"{other}+{MERT}" for other in others)}:
        known = ", ".join([*SETS, SHARED, MERT])
        raise SettingsError(
            f"train.features is {name!r}; it must be one of {known}, or another with +{MERT}"
        )
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
    other = require_set(name).removesuffix(MERT).removesuffix("+")
    embedded = tuple(filter(is_embedded, present)) if asks_embeddings(name) else ()
    if asks_embeddings(name) and not embedded:
        raise SettingsError("train.features: the tables have no embeddings; run zoneclf deep embed")
    if other == SHARED:
        shared = (c for c in present if c not in _NOT_SHARED and not is_embedded(c))
        return (*shared, *embedded)
    missing = [column for column in SETS.get(other, ()) if column not in present]
    if missing:
        raise SettingsError(
            f"train.features: the tables lack {len(missing)} columns of {other}, first "
            f"{missing[0]!r}; extract with the method that gives them, or use --features {SHARED}"
        )
    return (*SETS.get(other, ()), *embedded)
