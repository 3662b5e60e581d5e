"""Near-duplicates never help a model: random labels stay at chance, and the test can fail."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.neighbors import KNeighborsClassifier

from zoneclf.labels.duplicates import join_duplicates
from zoneclf.labels.table import LabelledTable
from zoneclf.model.splits import folds, load_or_draw
from zoneclf.settings import EvaluationSettings
from zoneclf.tracks.fingerprints import CEPSTRA, Fingerprint, fingerprint

RECORDINGS, VERSIONS = 150, 3


def curves(seed: int) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(scale=4, size=(120, CEPSTRA))
    return steps.cumsum(axis=0).astype(np.float32)


def planted(table: LabelledTable) -> tuple[LabelledTable, dict[str, Fingerprint]]:
    """Return a table of versions of recordings, each of its own group, with random labels."""
    rng = np.random.default_rng(0)
    of = np.arange(len(table)) % RECORDINGS
    zones = rng.integers(len(table.zones), size=RECORDINGS)
    features = rng.normal(size=(RECORDINGS, table.features.shape[1]))[of]
    features += 0.01 * rng.normal(size=features.shape)
    prints = {}
    for place, track_id in enumerate(table.about["track_id"]):
        rows = curves(int(of[place]))[rng.integers(20) :]
        one = fingerprint(rows + rng.normal(scale=0.5, size=rows.shape).astype("f4"), 0.5)
        assert one is not None
        prints[track_id] = one
    alone = np.array([f"track:{place}" for place in range(len(table))])
    frame = pd.DataFrame(features, columns=table.features.columns)
    return dataclasses.replace(table, features=frame, codes=zones[of], group=alone), prints


def accuracy(table: LabelledTable) -> float:
    """Return the cross-validated accuracy of the nearest neighbour, which learns by heart."""
    features = table.features.to_numpy()
    right = np.zeros(len(table), dtype=bool)
    for train, held_out in folds(table.codes, table.group, count=5, seed=0):
        model = KNeighborsClassifier(1).fit(features[train], table.codes[train])
        right[held_out] = model.predict(features[held_out]) == table.codes[held_out]
    return float(right.mean())


def test_random_labels_are_at_chance_though_versions_are_planted(
    make_table: Callable[..., LabelledTable],
) -> None:
    table, prints = planted(make_table(RECORDINGS * VERSIONS))
    found = join_duplicates(table, prints)
    assert [len(rows) for rows in found.recordings] == [VERSIONS] * RECORDINGS
    chance = 1 / len(table.zones)
    assert abs(accuracy(found.table) - chance) < 3 * np.sqrt(chance * (1 - chance) / RECORDINGS)
    # The same without groups: what the grouping prevents.
    assert accuracy(table) > 0.95


def test_a_later_version_of_a_held_out_track_is_not_learnt_from(
    tmp_path: Path, make_table: Callable[..., LabelledTable]
) -> None:
    whole, prints = planted(make_table(RECORDINGS * VERSIONS))
    path, user = tmp_path / "holdout.json", frozenset({"user"})
    early = join_duplicates(whole.take(np.arange(RECORDINGS)), prints).table
    drawn = load_or_draw(path, early, user, EvaluationSettings(), 0)
    held_out = np.flatnonzero(drawn.rows(early))
    late = join_duplicates(whole, prints).table  # two further versions of each recording
    holdout = load_or_draw(path, late, user, EvaluationSettings(), 0)
    assert holdout == drawn
    learnt = np.flatnonzero(holdout.learnable(late))
    assert not set(learnt % RECORDINGS) & set(held_out)
    assert len(learnt) == VERSIONS * (RECORDINGS - held_out.size)
    # Without the join they would be.
    assert set(np.flatnonzero(holdout.learnable(whole)) % RECORDINGS) & set(held_out)
