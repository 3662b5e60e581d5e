"""A table of tags that is made up: clusters that are known, tags that belong to none.

The layout is MTG-Jamendo's (`zoneclf.deep.readers.jamendo`).  What makes it hard to read:

* clusters differ in size (2 tags and more) and by a factor of 12 in how often they are used, tags
  within one by a factor of 6;
* a quarter of a track's further tags comes from another cluster, mostly from a neighbour (clusters
  lie on a ring, a step further halves it), 6 % from anywhere;
* three tags are used by a neighbour's tracks too, half as often as by those of their own cluster;
* four in ten tracks have one tag only, which says nothing of what goes together;
* half of the noise tags come by chance alone, the other half more often with some clusters than
  with others (log-normal rates, sigma 0.7); they are three in ten tags a track, and all that some
  tracks have.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zoneclf.deep.readers.jamendo import HEADER
from zoneclf.writing import write_text

NOISE = -1
_FEWEST_TAGS = 2
_CLUSTER_RATIO, _TAG_RATIO = 12.0, 6.0
_ELSEWHERE, _ANYWHERE = 0.25, 0.06
_FURTHER = 1.0
_SHARED, _SHARE = 3, 0.5
_NOISE_RATE, _NOISE_SPREAD, _WITHOUT_CLUSTER = 0.3, 0.7, 0.25

Rates = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Planted:
    """Tracks' tags, and the cluster that each tag was planted in (`NOISE` for none)."""

    tracks: tuple[tuple[str, ...], ...]
    truth: dict[str, int]


@dataclass(frozen=True, eq=False)
class _Plan:
    """How often tags come; `noise` has one more row, for tracks without a cluster."""

    clusters: Rates  # (clusters,)
    neighbours: Rates  # (clusters, clusters)
    tags: Rates  # (clusters, tags)
    noise: Rates  # (clusters + 1, tags)
    truth: npt.NDArray[np.int64]  # (tags,)


def plant(
    *, rows: int = 5000, tags: int = 56, clusters: int = 11, noise: int = 8, seed: int = 0
) -> Planted:
    """Return `rows` tracks with tags, `noise` of which belong to no cluster."""
    random = np.random.default_rng(seed)
    plan = _plan(tags, clusters, noise, random=random)
    names = [f"tag{number:02}" for number in random.permutation(tags)]
    tracks: list[tuple[str, ...]] = []
    while len(tracks) < rows:
        found = _track(plan, random)
        if found:
            tracks.append(tuple(names[tag] for tag in sorted(found)))
    return Planted(tuple(tracks), dict(zip(names, plan.truth.tolist(), strict=True)))


def write_planted(planted: Planted, path: Path) -> None:
    """Write the tracks as MTG-Jamendo's mood/theme table."""
    lines = ["\t".join(HEADER)]
    for number, tags in enumerate(planted.tracks):
        about = (
            f"track_{number:07}",
            f"artist_{number // 3:06}",
            f"album_{number // 3:06}",
            f"{number % 100:02}/{number}.mp3",
            "180.0",
        )
        lines.append("\t".join((*about, *(f"mood/theme---{tag}" for tag in tags))))
    write_text("\n".join(lines) + "\n", path)


def _plan(tags: int, clusters: int, noise: int, *, random: np.random.Generator) -> _Plan:
    spare = tags - noise - _FEWEST_TAGS * clusters
    sizes = _FEWEST_TAGS + random.multinomial(spare, random.dirichlet(np.full(clusters, 3.0)))
    truth = np.concatenate([np.repeat(np.arange(clusters), sizes), np.full(noise, NOISE)])
    used = random.permutation(np.geomspace(_CLUSTER_RATIO, 1, clusters))
    used = used / used.sum()
    ring = random.permutation(clusters)
    steps = np.abs(ring[:, None] - ring[None])
    steps = np.minimum(steps, clusters - steps)
    near = np.where(steps > 0, 0.5**steps, 0.0)
    near /= near.sum(axis=1, keepdims=True)
    weights = np.exp(random.uniform(0, np.log(_TAG_RATIO), tags))
    own = np.where(truth[None] == np.arange(clusters)[:, None], weights, 0.0)
    own /= own.sum(axis=1, keepdims=True)
    _share_some(own, truth, used, near=near, random=random)
    return _Plan(used, near, own, _noise_rates(truth, weights, clusters, random=random), truth)


def _share_some(
    own: Rates,
    truth: npt.NDArray[np.int64],
    used: Rates,
    *,
    near: Rates,
    random: np.random.Generator,
) -> None:
    """Let a neighbour use some tags of clusters that have more than two."""
    large = [
        tag for tag in np.flatnonzero(truth >= 0) if (truth == truth[tag]).sum() > _FEWEST_TAGS
    ]
    for tag in random.choice(large, min(_SHARED, len(large)), replace=False):
        home = truth[tag]
        other = random.choice(len(used), p=near[home])
        own[other, tag] = _SHARE * own[home, tag] * used[home] / used[other]
    own /= own.sum(axis=1, keepdims=True)


def _noise_rates(
    truth: npt.NDArray[np.int64], weights: Rates, clusters: int, *, random: np.random.Generator
) -> Rates:
    """Return how often tracks of each cluster, and of none, have each noise tag."""
    rates = np.where(truth == NOISE, weights, 0.0)
    rates *= _NOISE_RATE / max(rates.sum(), 1.0)
    out = np.tile(rates, (clusters + 1, 1))
    uneven = np.flatnonzero(truth == NOISE)[::2]
    factors = np.exp(random.normal(0, _NOISE_SPREAD, (clusters + 1, len(uneven))))
    out[:, uneven] *= factors / factors.mean(axis=0)
    return np.asarray(np.minimum(out, 1.0))


def _track(plan: _Plan, random: np.random.Generator) -> set[int]:
    clusters, tags = plan.tags.shape
    home = int(random.choice(clusters, p=plan.clusters))
    has_none = random.random() < _WITHOUT_CLUSTER
    chances = plan.noise[clusters if has_none else home]
    found = set(np.flatnonzero(random.random(tags) < chances).tolist())
    if has_none:
        return found
    found.add(int(random.choice(tags, p=plan.tags[home])))
    for _ in range(random.poisson(_FURTHER)):
        drawn = random.random()
        if drawn < _ANYWHERE:
            found.add(int(random.integers(tags)))
            continue
        elsewhere = drawn < _ANYWHERE + _ELSEWHERE
        source = int(random.choice(clusters, p=plan.neighbours[home])) if elsewhere else home
        found.add(int(random.choice(tags, p=plan.tags[source])))
    return found
