import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneclf.deep.genre.counting import NEVER, OPEN, per_genre, rarest, verdict
from zoneclf.deep.genre.metrics import metrics
from zoneclf.deep.genre.ranking import average_precision, roc_area, steps_of
from zoneclf.deep.resampling import resampled


def cases(seed: int, tracks: int, genres: int, *, levels: int = 7) -> tuple[Any, Any, Any]:
    """Targets, probabilities with many ties, decisions; some genres have no or only true tracks."""
    rng = np.random.default_rng(seed)
    targets = rng.random((tracks, genres)) < rng.choice([0.0, 0.1, 0.4, 1.0], size=genres)
    probabilities = rng.integers(levels, size=(tracks, genres)) / levels
    return targets, probabilities, rng.random((tracks, genres)) < probabilities


many = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(2, 8))


@settings(max_examples=8)
@given(many)
def test_scores_of_decisions_are_scikit_learns(case: tuple[int, int, int]) -> None:
    targets, probabilities, decided = cases(*case)
    found = metrics(targets, probabilities, decided, resamples=0)
    known = targets.any(axis=0)
    named = {
        "f1": oracle.f1_score,
        "precision": oracle.precision_score,
        "recall": oracle.recall_score,
        "jaccard": oracle.jaccard_score,
    }
    wanted = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of tracks without labels
        for name, score in named.items():
            for mean, theirs in [("micro", "micro"), ("sample", "samples")]:
                wanted[f"{name}_{mean}"] = score(targets, decided, average=theirs, zero_division=0)
            if known.any():
                some = [
                    score(targets[:, g], decided[:, g], zero_division=0)
                    for g in np.flatnonzero(known)
                ]
                wanted[f"{name}_macro"] = np.mean(some)
    wanted["hamming_loss"] = oracle.hamming_loss(targets, decided)
    del wanted["jaccard_micro"]  # follows from f1_micro
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


@given(many)
def test_areas_are_scikit_learns_with_ties(case: tuple[int, int, int]) -> None:
    targets, probabilities, decided = cases(*case)
    rows = metrics(targets, probabilities, decided, resamples=0)["per_genre"]
    for place, row in enumerate(rows):
        truth, said = targets[:, place], probabilities[:, place]
        if truth.any():
            precision = oracle.average_precision_score(truth, said)
            assert row["pr_auc"] == pytest.approx(precision, abs=1e-12)
            assert row["pr_auc_lift"] == pytest.approx(precision / truth.mean(), abs=1e-12)
        else:
            assert row["pr_auc"] is None
        if truth.any() and not truth.all():
            assert row["roc_auc"] == pytest.approx(oracle.roc_auc_score(truth, said), abs=1e-12)
        else:
            assert row["roc_auc"] is None


@given(many)
def test_counting_a_track_twice_is_having_it_twice(case: tuple[int, int, int]) -> None:
    targets, probabilities, _ = cases(*case)
    truth, said = targets[:, 0], probabilities[:, 0]
    times = np.random.default_rng(case[0]).integers(0, 3, size=truth.size)
    if not times.sum():
        return
    places = np.repeat(np.arange(truth.size), times)
    weighted = steps_of(truth, said, times[None, :].astype(float))
    repeated = steps_of(truth[places], said[places])
    for area in (average_precision, roc_area):
        np.testing.assert_allclose(area(weighted), area(repeated), atol=1e-12)


def test_macro_areas_leave_out_genres_that_no_track_has() -> None:
    targets = np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1]], dtype=bool)
    said = np.array([[0.9, 0.9, 0.1], [0.2, 0.9, 0.8], [0.1, 0.9, 0.2], [0.3, 0.9, 0.9]])
    found = metrics(targets, said, said >= 0.5, genres=["a", "nobody", "c"], resamples=0)
    assert found["genres_without_tracks"] == ["nobody"]
    assert found["pr_auc_macro"] == pytest.approx(
        oracle.average_precision_score(targets[:, [0, 2]], said[:, [0, 2]]), abs=1e-12
    )
    assert found["prevalence_macro"] == 0.5
    assert found["pr_auc_lift"] == pytest.approx(2 * found["pr_auc_macro"])
    # Predicted for all four tracks, which is wrong and must cost something.
    assert found["precision_micro"] == pytest.approx(3 / 7)
    assert found["f1_macro"] == pytest.approx((2 / 3 + 1) / 2)


def test_scores_at_random_have_no_lift() -> None:
    rng = np.random.default_rng(3)
    targets = rng.random((4000, 5)) < [0.02, 0.05, 0.1, 0.2, 0.5]
    said = rng.random((4000, 5))
    found = metrics(targets, said, said >= 0.5, resamples=0)
    assert found["pr_auc_lift"] == pytest.approx(1, abs=0.1)
    assert found["roc_auc_macro"] == pytest.approx(0.5, abs=0.03)


def test_labels_per_track_and_their_ratio() -> None:
    targets = np.array([[1, 0, 0], [1, 1, 0]], dtype=bool)
    decided = np.array([[1, 1, 1], [0, 0, 0]], dtype=bool)
    found = metrics(targets, decided.astype(float), decided, resamples=0)
    assert (found["labels_true"], found["labels_predicted"]) == (1.5, 1.5)
    assert found["predicted_to_true"] == 1.0
    assert found["tracks_without_prediction"] == 0.5


def test_intervals_hold_the_score_and_narrow_with_tracks() -> None:
    widths = []
    for tracks in (40, 640):
        rng = np.random.default_rng(5)
        targets = rng.random((tracks, 4)) < 0.3
        said = np.clip(0.3 * targets + 0.6 * rng.random((tracks, 4)), 0, 1)
        found = metrics(targets, said, said >= 0.5)
        for name in ("f1_macro", "f1_micro", "pr_auc_macro", "labels_predicted"):
            low, high = found[f"{name}_ci95"]
            assert low <= found[name] <= high, name
        low, high = found["f1_macro_ci95"]
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_an_interval_is_that_of_resampling_by_hand() -> None:
    targets, said, decided = cases(11, 60, 3)
    targets[:3, :] = True
    targets[3:6, :] = False
    found = metrics(targets, said, decided)
    by_hand = []
    for weights in resampled(60):
        for row in weights.astype(int):
            places = np.repeat(np.arange(60), row)
            true, said_so = targets[places], decided[places]
            by_hand.append(2 * (true & said_so).sum() / (true.sum() + said_so.sum()))
    low, high = np.quantile(by_hand, [0.025, 0.975])
    reach = max(found["f1_micro"] - low, high - found["f1_micro"])
    wanted = [found["f1_micro"] - reach, found["f1_micro"] + reach]
    np.testing.assert_allclose(found["f1_micro_ci95"], wanted)


def long_tailed(rng: np.random.Generator, tracks: int) -> tuple[Any, Any]:
    shares = 0.4 * 0.03 ** (np.arange(6) / 5)
    targets = rng.random((tracks, 6)) < shares
    return targets, 1.5 * targets + np.log(shares) + 1.2 * rng.normal(size=targets.shape)


def test_intervals_of_rare_genres_hold_what_many_tracks_would_score() -> None:
    rng = np.random.default_rng(0)
    targets, said = long_tailed(rng, 60_000)
    truth = metrics(targets, said, said > -1, resamples=0)["pr_auc_macro"]
    held = 0
    for _ in range(40):
        targets, said = long_tailed(rng, 250)
        found = metrics(targets, said, said > -1, resamples=100)
        low, high = found["pr_auc_macro_ci95"]
        assert low <= found["pr_auc_macro"] <= high
        held += low <= truth <= high
    assert held >= 34  # the plain range of resamples holds it in 28


def test_tracks_of_one_artist_are_drawn_together_and_widen_intervals() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat([f"artist:{n}" for n in range(20)], 20)
    for weights in resampled(400, groups, resamples=30):
        for row in weights:
            assert all(len(set(part)) == 1 for part in row.reshape(20, 20))
            assert row.sum() == 400
    right = np.repeat(rng.random(20) < 0.6, 20)  # an artist is wholly right or wholly wrong
    targets = np.ones((400, 1), dtype=bool)
    decided = right[:, None]
    alone = metrics(targets, decided.astype(float), decided)["recall_macro_ci95"]
    together = metrics(targets, decided.astype(float), decided, groups=groups)
    grouped = together["recall_macro_ci95"]
    assert grouped[1] - grouped[0] > 3 * (alone[1] - alone[0])


def test_fewer_than_five_groups_are_not_drawn_whole() -> None:
    groups = np.repeat(["a", "b"], 50)
    weights = next(resampled(100, groups, resamples=5))
    assert len(set(weights[0][:50])) > 1


def test_rare_recall_is_of_the_rarest_third() -> None:
    assert list(rarest(np.array([5, 0, 1, 9, 1, 3, 2]))) == [2, 4]
    assert list(rarest(np.array([4, 4, 4]))) == [2]
    targets = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=bool)
    decided = np.array([[1, 1, 1], [0, 1, 0], [0, 0, 0]], dtype=bool)
    said = decided.astype(float)
    assert metrics(targets, said, decided, resamples=0)["rare_recall"] == 1.0
    named = metrics(targets, said, decided, genres="abc", rare=["a"], resamples=0)
    assert named["rare_recall"] == pytest.approx(1 / 3)
    assert named["rare_genres"] == ["a"]


@pytest.mark.parametrize(
    ("true", "predicted", "hits", "word"),
    [
        (100, 300, 90, "too many"),
        (100, 30, 25, "too few"),
        (100, 110, 80, "about right"),
        (3, 5, 2, OPEN),
        (20, 0, 0, NEVER),
        (0, 0, 0, "no track has it"),
        (0, 4, 0, "too many"),
    ],
)
def test_over_and_under_prediction_in_words(
    true: int, predicted: int, hits: int, word: str
) -> None:
    assert verdict(true, predicted, hits) == word


def test_the_genre_table_counts() -> None:
    targets = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], dtype=bool)
    decided = np.array([[1, 0], [0, 0], [1, 0], [1, 0]], dtype=bool)
    rows = per_genre("ab", targets, probabilities=decided.astype(float), decided=decided)
    first, second = rows
    assert (first["tracks"], first["predicted"], first["hits"]) == (2, 3, 1)
    assert first["predicted_to_true"] == 1.5
    assert (first["precision"], first["recall"], first["f1"]) == (1 / 3, 0.5, 0.4)
    assert second["recall"] is None
    assert second["f1"] is None


def test_shapes_and_numbers_are_checked() -> None:
    marks = np.zeros((3, 2), dtype=bool)
    with pytest.raises(ValueError, match="decided has shape"):
        metrics(marks, marks.astype(float), marks[:2])
    with pytest.raises(ValueError, match="finite"):
        metrics(marks, np.full((3, 2), np.nan), marks)
    with pytest.raises(ValueError, match="no track"):
        metrics(marks[:0], marks[:0].astype(float), marks[:0])
