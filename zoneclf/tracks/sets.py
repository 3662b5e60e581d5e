"""Feature sets by name: which columns of a track table a model learns from.

``mert``, ``genre`` and ``affect`` are what neural networks say of the tracks (`zoneclf deep`); one
of them may follow another set after a plus sign, as in ``deam236+affect``.
"""

from collections.abc import Iterable

from zoneclf.errors import SettingsError
from zoneclf.frames.columns import FRAME_COLUMNS, VOICING_COLUMNS
from zoneclf.tracks.embeddings import KINDS, Kind, is_embedded

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


def neural_kind(name: str) -> Kind | None:
    """Return which neural features a set asks for, alone or beside others; None for none."""
    return KINDS.get(name.rpartition("+")[2])


def is_neural_alone(name: str) -> bool:
    """Return whether a set is of neural features only."""
    return name in KINDS


def require_set(name: str) -> str:
    """Return the name of a set.

    Raises
    ------
    SettingsError
        If there is no such set.
    """
    others = {*SETS, SHARED}
    if name not in {*others, *KINDS, *(f"{other}+{kind}" for other in others for kind in KINDS)}:
        known = ", ".join([*SETS, SHARED, *KINDS])
        plus = ", ".join(f"+{kind}" for kind in KINDS)
        raise SettingsError(
            f"train.features is {name!r}; it must be one of {known}, or another with one of {plus}"
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
    kind = neural_kind(require_set(name))
    other = name.removesuffix(kind.name).removesuffix("+") if kind else name
    embedded = tuple(c for c in present if kind and c.startswith(kind.prefix))
    if kind and not embedded:
        raise SettingsError(
            f"train.features: the tables have no {kind.name} features; run {kind.command}"
        )
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
