"""Tracks become train, valid, calib and test: stratified by genre, a group in one split only.

Groups are handed out by iterative stratification (Sechidis, Tsoumakas, Vlahavas, ECML PKDD 2011;
package iterative-stratification), the rarest genre first.  That a group is large is one more label
of it, so that splits get their share of tracks and not only of groups.  A genre that a split went
without afterwards is brought there where another split can spare a group of it.  Of several draws
that one is taken whose splits have most nearly their shares of every genre's tracks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from iterstrat.ml_stratifiers import IterativeStratification

from zoneclf.deep.readers.listing import SPLITS
from zoneclf.errors import UsageError

# A genre that is too rare for all goes to these first.
_FIRST = ("train", "test", "valid", "calib")
# Draws, and groups handed out in all of them together: about 3 s.
MOST_DRAWS, GROUPS_DRAWN = 30, 50_000
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """Parts of all tracks, summing to 1, in the order of `SPLITS`."""

    train: float = 0.6
    valid: float = 0.15
    calib: float = 0.1
    test: float = 0.15

    def __post_init__(self) -> None:
        shares = self.in_order
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6 or self.train <= 0:
            said = "/".join(f"{share:g}" for share in shares)
            raise UsageError(f"option --shares: {said} must be at least 0, train above, sum 100 %")

    @property
    def in_order(self) -> tuple[float, ...]:
        """Shares of train, valid, calib, test."""
        return self.train, self.valid, self.calib, self.test


def shares_from(text: str) -> Shares:
    """Return the shares that ``60/15/10/15`` (or ``0.6/0.15/0.1/0.15``) says.

    Raises
    ------
    UsageError
        If it does not say four that sum to all.
    """
    try:
        numbers = [float(part) for part in text.split("/")]
    except ValueError:
        numbers = []
    if len(numbers) != len(SPLITS) or not all(np.isfinite(numbers)):
        raise UsageError(f"option --shares: {text!r} must be train/valid/calib/test as 60/15/10/15")
    whole = 100.0 if sum(numbers) > 1.5 else 1.0
    return Shares(*(number / whole for number in numbers))


def draw_splits(
    targets: npt.NDArray[np.bool_], groups: Sequence[str], shares: Shares, *, seed: int = 0
) -> npt.NDArray[np.str_]:
    """Return the split of each track, shape (tracks,).

    Parameters
    ----------
    targets
        Shape (tracks, genres).
    groups
        Of each track; tracks of one group come into one split.
    seed
        The same seed draws the same splits.
    """
    if not len(groups):
        return np.empty(0, dtype="<U6")
    _, members = np.unique(np.asarray(groups), return_inverse=True)
    counts = np.zeros((members.max() + 1, targets.shape[1]), dtype=np.int64)
    np.add.at(counts, members, targets.astype(np.int64))
    sizes = np.bincount(members)
    drawn = []
    for number in range(max(1, min(MOST_DRAWS, GROUPS_DRAWN // len(sizes)))):
        codes = _stratified(counts > 0, sizes, shares, [seed, number])
        _spread(codes, counts, sizes, shares)
        drawn.append(codes)
    best = min(drawn, key=lambda codes: _unevenness(codes, counts, sizes, shares))
    return np.array(SPLITS)[best][members]


def given_splits(
    given: Sequence[str],
    targets: npt.NDArray[np.bool_],
    groups: Sequence[str],
    shares: Shares,
    *,
    seed: int = 0,
) -> npt.NDArray[np.str_]:
    """Return the splits that a data set gives, with a calib drawn out of its train if it has none.

    Raises
    ------
    UsageError
        If a track has no split, or one of train, valid, test has no track.
    """
    require_given(given)
    found = np.array(given, dtype="<U6")
    train = np.flatnonzero(found == "train").tolist()
    if shares.calib > 0 and not (found == "calib").any():
        part = shares.calib / (shares.train + shares.calib)
        inner = Shares(train=1 - part, valid=0.0, calib=part, test=0.0)
        own = [groups[place] for place in train]
        found[train] = draw_splits(targets[train], own, inner, seed=seed)
    return found


def require_given(given: Sequence[str]) -> None:
    """Check that a data set gives splits; errors are those of `given_splits`."""
    found = np.array(given, dtype="<U6")
    counts = {name: int((found == name).sum()) for name in ("train", "valid", "test")}
    without = int((found == "").sum())
    if without or not all(counts.values()):
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise UsageError(
            f"option --splits given: the data set does not give all of them ({said}, "
            f"none {without}); use --splits drawn"
        )


def _stratified(has: npt.NDArray[np.bool_], sizes: Codes, shares: Shares, seed: list[int]) -> Codes:
    """Return the split of each group as a place in `SPLITS`, drawn by the library."""
    wanted = np.array(shares.in_order)
    used = np.flatnonzero(wanted > 0)
    magnitude = np.floor(np.log2(sizes)).astype(np.int64)
    by_size = magnitude[:, np.newaxis] == np.arange(1, magnitude.max() + 1)
    labels = np.concatenate([has, by_size], axis=1)
    # The library hands out equal groups in order: shuffled, so that the seed decides.
    random = np.random.RandomState(seed)
    order = random.permutation(len(labels))
    drawn = IterativeStratification(labels[order], wanted[used], random)
    codes = np.empty(len(labels), dtype=np.int64)
    codes[order] = used[drawn]
    return codes


def _unevenness(codes: Codes, counts: Codes, sizes: Codes, shares: Shares) -> float:
    """Return how far splits are from their shares of each genre and of all tracks.

    The sum of (found - wanted)^2 / wanted, as in Pearson's chi-squared.
    """
    whole = np.column_stack([counts, sizes])
    used = [place for place, share in enumerate(shares.in_order) if share > 0]
    found = np.stack([whole[codes == place].sum(axis=0) for place in used])
    wanted = np.outer(np.array(shares.in_order)[used], whole.sum(axis=0)) + 1e-9
    return float((np.square(found - wanted) / wanted).sum())


def _spread(codes: Codes, counts: Codes, sizes: Codes, shares: Shares) -> None:
    """Bring genres to splits that went without, rarest first, in place, where one can be spared."""
    targeted = [SPLITS.index(name) for name in _FIRST if getattr(shares, name) > 0]
    for genre in np.argsort((counts > 0).sum(axis=0), kind="stable"):
        for split in targeted:
            if not counts[codes == split, genre].any():
                group = _spared(codes, counts, sizes, int(genre))
                if group is not None:
                    codes[group] = split


def _spared(codes: Codes, counts: Codes, sizes: Codes, genre: int) -> int | None:
    """Return the smallest group of a genre whose split keeps all its genres without it, or None.

    Of equal ones that of the split with most groups of the genre; the first of these.
    """
    having = np.flatnonzero(counts[:, genre])
    held = np.bincount(codes[having], minlength=len(SPLITS))
    for group in sorted(having, key=lambda one: (sizes[one], -held[codes[one]])):
        left = counts[codes == codes[group]].sum(axis=0) - counts[group]
        if left[counts[group] > 0].all():
            return int(group)
    return None
