"""Tags that are used for the same tracks become clusters; tags that go with none are noise.

    tracks' tags -> co-occurrence -> rows of unit length -> PCA -> HDBSCAN -> check against chance

1. Association of two tags: the cosine of their columns of tracks, n_ab / sqrt(n_a n_b) (Ochiai
   1957), or positive pointwise mutual information, max(0, log(n_ab N / (n_a n_b))) (Church and
   Hanks, "Word Association Norms, Mutual Information, and Lexicography", 1990).
2. A tag is described by its row.  With itself it is taken to go as well as with the tag it goes
   best with: with less, two tags that only go with each other would have nothing in common, with
   more, every tag would be alone.  Rows are brought to unit length, so that their distance is that
   of their directions.
3. PCA keeps the share `variance`; HDBSCAN (Campello, Moulavi and Sander 2013; scikit-learn's) finds
   dense groups of tags in what is left.  Its noise stays noise.
4. Tags that go with everything a little have rows in common, too.  So a tag stays in its cluster
   only if it stands beside any other tag of it more often than chance would have it, by `strength`
   in `zoneclf.deep.mood.tag_table.surprise`.  The weakest is taken out first; clusters that become
   too small are taken apart.
"""

import itertools
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from zoneclf.deep.mood.tag_table import Matrix, TagTable, surprise
from zoneclf.deep.strict import MisfitError
from zoneclf.errors import LabelError

Association = Literal["cosine", "ppmi"]
Selection = Literal["eom", "leaf"]
ASSOCIATIONS: tuple[Association, ...] = ("cosine", "ppmi")
SELECTIONS: tuple[Selection, ...] = ("eom", "leaf")
NOISE = -1
Labels = npt.NDArray[np.int64]
FEWEST_TAGS = 4
# What is tried where a number of clusters is asked for.
_VARIANCES = (0.8, 0.9, 0.95, 0.99)
_SIZES = range(2, 7)


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """How tags are clustered; the module says what each setting means.

    `min_cluster_size` is in tags; `selection` is HDBSCAN's: ``eom`` takes the clusters that last
    longest, ``leaf`` the smallest ones.
    """

    association: Association = "cosine"
    variance: float = 0.95
    min_cluster_size: int = 2
    selection: Selection = "eom"
    strength: float = 3.0

    def __post_init__(self) -> None:
        for name, least, most in (
            ("variance", 0.1, 1.0),
            ("min_cluster_size", 2, 1000),
            ("strength", 0.0, 1000.0),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise MisfitError(f"{name} is {value}; it must be from {least:g} to {most:g}")


def cluster_tags(table: TagTable, settings: ClusterSettings) -> Labels:
    """Return the cluster of each tag, from 0 on, `NOISE` for those that go with none.

    Raises
    ------
    LabelError
        If there are too few tags, or no two of them ever stand together.
    """
    return _kept(_found(_directions(table, settings.association), settings), table, settings)


def search(table: TagTable, settings: ClusterSettings, wanted: int) -> ClusterSettings:
    """Return the settings that find `wanted` clusters, or come nearest to it.

    Share of variance, smallest size and selection are tried; of those that come as near the one
    with the fewest noise tags is taken, then the one nearest to `settings` as they are.
    """
    rows = _directions(table, settings.association)
    best, best_miss = settings, (np.inf, np.inf)
    tried = itertools.product((settings.min_cluster_size, *_SIZES), SELECTIONS, _VARIANCES)
    first = (settings.min_cluster_size, settings.selection, settings.variance)
    for size, selection, variance in (first, *tried):
        one = replace(settings, min_cluster_size=size, selection=selection, variance=variance)
        labels = _kept(_found(rows, one), table, one)
        miss = (abs(len(clusters_in(labels)) - wanted), float((labels == NOISE).sum()))
        if miss < best_miss:
            best, best_miss = one, miss
    return best


def clusters_in(labels: Labels) -> list[int]:
    """Return the clusters that are there, in order."""
    return sorted(set(labels[labels != NOISE].tolist()))


def association(table: TagTable, kind: Association) -> Matrix:
    """Return how well tags go together, shape (tags, tags), with the diagonal of point 2."""
    together, counts = table.together(), table.counts.astype(np.float64)
    chance = np.outer(counts, counts)
    if kind == "cosine":
        found = together / np.sqrt(chance)
    else:
        ratio = together * len(table.has) / chance
        found = np.log(np.maximum(ratio, 1.0))
    np.fill_diagonal(found, 0.0)
    np.fill_diagonal(found, found.max(axis=1))
    return np.asarray(found)


def _directions(table: TagTable, kind: Association) -> Matrix:
    """Return rows of unit length; a tag that never stands beside another has one of zeros."""
    if len(table.tags) < FEWEST_TAGS:
        raise LabelError(
            f"{len(table.tags)} tags ({', '.join(table.tags)}): too few to cluster; at least "
            f"{FEWEST_TAGS} are needed"
        )
    found = association(table, kind)
    if not found.any():
        raise LabelError("no two tags ever stand at one track; name a table with several a track")
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0))


def _found(rows: Matrix, settings: ClusterSettings) -> Labels:
    """Return what HDBSCAN finds among tags that stand beside others."""
    from sklearn.cluster import HDBSCAN

    labels = np.full(len(rows), NOISE, dtype=np.int64)
    there = rows.any(axis=1)
    if there.sum() <= settings.min_cluster_size:
        return labels
    finder = HDBSCAN(
        min_cluster_size=settings.min_cluster_size,
        min_samples=1,
        cluster_selection_method=settings.selection,
        copy=True,
    )
    labels[there] = finder.fit(_projected(rows[there], settings.variance)).labels_
    return labels


def _projected(rows: Matrix, share: float) -> Matrix:
    """Return rows in as many principal components as hold this share of the variance."""
    centred = rows - rows.mean(axis=0)
    axes, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    held = np.cumsum(sizes**2) / max(float((sizes**2).sum()), np.finfo(float).tiny)
    count = int(np.searchsorted(held, min(share, held[-1]))) + 1
    return np.asarray(axes[:, :count] * sizes[:count])


def _kept(labels: Labels, table: TagTable, settings: ClusterSettings) -> Labels:
    """Return the clusters without tags that stand beside their others as chance would have it."""
    kept = labels.copy()
    while True:
        strengths = _strengths(kept, table)
        weakest = int(np.argmin(strengths))
        if strengths[weakest] >= settings.strength:
            return _renumbered(kept, table)
        kept[weakest] = NOISE
        for cluster in clusters_in(kept):
            if (kept == cluster).sum() < settings.min_cluster_size:
                kept[kept == cluster] = NOISE


def _strengths(labels: Labels, table: TagTable) -> Matrix:
    """Return how surprisingly often each tag stands beside any other of its cluster; noise: inf."""
    found = np.full(len(labels), np.inf)
    for cluster in clusters_in(labels):
        inside = labels == cluster
        has = table.has[:, inside]
        beside = has.sum(axis=1, keepdims=True) > has  # one that is not itself
        numbers = ((has & beside), has, beside)
        both, first, second = (one.sum(axis=0).astype(np.float64) for one in numbers)
        found[inside] = surprise(both, first, second, tracks=len(has))
    return found


def _renumbered(labels: Labels, table: TagTable) -> Labels:
    """Return the same clusters numbered by the tracks that they have, most first."""
    sizes = {c: int(table.has[:, labels == c].any(axis=1).sum()) for c in clusters_in(labels)}
    order = sorted(sizes, key=lambda cluster: (-sizes[cluster], cluster))
    out = np.full_like(labels, NOISE)
    for number, cluster in enumerate(order):
        out[labels == cluster] = number
    return out
