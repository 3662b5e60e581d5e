"""Permutation importance: how much worse held-out tracks are judged without a column's order.

A column is shuffled among the held-out tracks and the log loss measured again (Breiman, "Random
forests", Machine Learning 45, 2001; Fisher, Rudin, Dominici, JMLR 20, 2019).  Columns that say the
same hide each other, so whole families (`zoneclf.tracks.families`) are shuffled too, each family's
columns together.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.labels.table import LabelledTable
from zoneclf.model.predictors import Predictor
from zoneclf.tracks.families import FAMILIES, meaning_of

Values = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]
FEATURE_SHUFFLES, FAMILY_SHUFFLES = 3, 10
_SMALLEST = 1e-7
_WIDTH = 1.96
# Rows asked for at once.
_ROWS = 4096


@dataclass(frozen=True)
class HeldOut:
    """A predictor and labelled tracks that it has not seen."""

    predictor: Predictor
    table: LabelledTable


def permutation_by_feature(
    pieces: Sequence[HeldOut],
    *,
    shuffles: int = FEATURE_SHUFFLES,
    progress: Progress = lambda *_: None,
) -> pd.DataFrame:
    """Return columns feature, permutation, permutation_low, permutation_high, largest first.

    For the meaning of the numbers, `permutation`.
    """
    groups = {name: (name,) for name in pieces[0].table.spec.features}
    return permutation(pieces, groups, shuffles=shuffles, progress=progress).rename(
        columns={"group": "feature"}
    )


def permutation_by_family(
    pieces: Sequence[HeldOut],
    *,
    shuffles: int = FAMILY_SHUFFLES,
    progress: Progress = lambda *_: None,
) -> pd.DataFrame:
    """Return columns family, words, features and the permutation's, largest first."""
    groups = families_of(pieces[0].table.spec.features)
    found = permutation(pieces, groups, shuffles=shuffles, progress=progress)
    found = found.rename(columns={"group": "family"})
    found.insert(1, "words", found["family"].map(FAMILIES))
    found.insert(2, "features", [len(groups[name]) for name in found["family"]])
    return found


def families_of(features: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the features by family, in the order of `FAMILIES`."""
    whose = {name: meaning_of(name).family for name in features}
    groups = {key: tuple(n for n in features if whose[n] == key) for key in FAMILIES}
    return {key: names for key, names in groups.items() if names}


def permutation(
    pieces: Sequence[HeldOut],
    groups: Mapping[str, Sequence[str]],
    *,
    shuffles: int,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> pd.DataFrame:
    """Return how much the log loss rises when a group of columns is shuffled.

    Parameters
    ----------
    pieces
        Folds, or the holdout alone; tracks are shuffled within a piece.
    groups
        Columns by name of the group; they are shuffled together.
    shuffles
        Over how many the rise is averaged.
    seed
        With the group's name it draws the shuffles, so they owe nothing to the other groups.

    Returns
    -------
    pandas.DataFrame
        Columns group, permutation (mean rise per track), permutation_low and _high (its 95 %
        interval over groups of tracks, such as artists), the largest rise first.
    """
    whose = np.concatenate([piece.table.group for piece in pieces])
    rises = []
    for number, piece in enumerate(pieces):
        rises.append(_rises(piece, groups, shuffles, (seed, number)))
        progress(number + 1, len(pieces))
    rows = [
        (name, *_interval(each, whose))
        for name, each in zip(groups, np.concatenate(rises, axis=1), strict=True)
    ]
    names = ["group", "permutation", "permutation_low", "permutation_high"]
    found = pd.DataFrame(rows, columns=names)
    return found.sort_values(["permutation", "group"], ascending=[False, True], ignore_index=True)


def _rises(
    piece: HeldOut, groups: Mapping[str, Sequence[str]], shuffles: int, seed: tuple[int, int]
) -> Values:
    """Return how much each track's log loss rises, shape (groups, tracks), the mean of shuffles."""
    table, count = piece.table.features, len(piece.table)
    values, start = table.to_numpy(np.float32), _losses(piece, table)
    place = {name: number for number, name in enumerate(table.columns)}
    columns = [np.array([place[name] for name in names]) for names in groups.values()]
    keys = [zlib.crc32(name.encode()) for name in groups]
    jobs = [(group, shuffle) for group in range(len(groups)) for shuffle in range(shuffles)]
    total, at_once = np.zeros((len(groups), count)), max(1, _ROWS // count)
    for first in range(0, len(jobs), at_once):
        some = jobs[first : first + at_once]
        changed = np.tile(values, (len(some), 1, 1))
        for number, (group, shuffle) in enumerate(some):
            order = np.random.default_rng([*seed, keys[group], shuffle]).permutation(count)
            changed[number][:, columns[group]] = values[np.ix_(order, columns[group])]
        asked = pd.DataFrame(changed.reshape(-1, values.shape[1]), columns=table.columns)
        np.add.at(total, [group for group, _ in some], _losses(piece, asked).reshape(-1, count))
    return total / shuffles - start


def _losses(piece: HeldOut, features: pd.DataFrame) -> Values:
    """Return the log loss of each row, shape (rows,); rows may be the tracks several times."""
    codes = np.tile(piece.table.codes, len(features) // len(piece.table))
    found = piece.predictor.probabilities(features)[np.arange(len(codes)), codes]
    return np.asarray(-np.log(np.maximum(found.astype(np.float64), _SMALLEST)))


def _interval(rises: Values, whose: npt.NDArray[np.str_]) -> tuple[float, float, float]:
    """Return the mean and its 95 % interval, where tracks of one group stand or fall together."""
    mean = float(rises.mean())
    _, places = np.unique(whose, return_inverse=True)
    sums = np.bincount(places, weights=rises - mean)
    count = len(sums)
    error = float(np.sqrt((sums**2).sum() * count / max(1, count - 1)) / len(rises))
    return mean, mean - _WIDTH * error, mean + _WIDTH * error
