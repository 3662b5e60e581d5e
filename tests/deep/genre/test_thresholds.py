import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneclf.deep.genre.decision import ABOVE_ALL, Decision, decide, decision_from
from zoneclf.deep.genre.metrics import Judged, decision_scores
from zoneclf.deep.genre.per_genre_search import best_thresholds
from zoneclf.deep.genre.rule_search import STRATEGIES, THRESHOLDS, TOP_K
from zoneclf.deep.genre.thresholds import load_rule, report, save_tuning, tune
from zoneclf.errors import TableError

seeds = st.integers(0, 2**32 - 1)


def scored(targets: Any, said: Any, decided: Any, objective: str) -> float:
    names = tuple("abcdefgh"[: targets.shape[1]])
    judged = Judged(genres=names, targets=targets, probabilities=said, decided=decided)
    found = decision_scores(judged, np.ones((1, len(targets))))[f"f1_{objective}"][0]
    return float(np.nan_to_num(found))


def small(seed: int, tracks: int, genres: int) -> tuple[Any, Any]:
    """Few tracks, many equal scores, among them 0 and 1; the first track has the first genre."""
    rng = np.random.default_rng(seed)
    targets = rng.random((tracks, genres)) < 0.4
    targets[0, 0] = True
    return targets, rng.integers(5, size=(tracks, genres)) / 4


def every_threshold(said: Any) -> list[float]:
    """One threshold below, between and above all scores."""
    levels = np.unique(said)
    return [0.0, *((levels[1:] + levels[:-1]) / 2), ABOVE_ALL]


@settings(max_examples=25)
@given(seeds, st.integers(1, 9), st.integers(1, 3), st.sampled_from(["macro", "micro"]))
def test_thresholds_per_genre_equal_brute_force(
    seed: int, tracks: int, genres: int, objective: str
) -> None:
    targets, said = small(seed, tracks, genres)
    known = targets.any(axis=0)
    choices = [every_threshold(said[:, g]) if known[g] else [0.6] for g in range(genres)]
    most = max(
        scored(targets, said, said >= np.array(some), objective)
        for some in itertools.product(*choices)
    )
    found = best_thresholds(targets, said, objective=objective, otherwise=0.6)
    assert scored(targets, said, said >= found, objective) == pytest.approx(most, abs=1e-12)
    assert (found[~known] == 0.6).all()


def test_what_is_said_of_a_genre_that_no_track_has_counts_against_micro_f1() -> None:
    for seed in range(40):
        targets, said = small(seed, 7, 2)
        targets[:, 1], said[:, 1] = False, 0.75
        choices = [np.array([one, 0.5]) for one in every_threshold(said[:, 0])]
        most = max(scored(targets, said, said >= one, "micro") for one in choices)
        found = best_thresholds(targets, said, objective="micro", otherwise=0.5)
        assert scored(targets, said, said >= found, "micro") == pytest.approx(most, abs=1e-12)


def test_scores_that_no_number_lies_between_are_still_told_apart() -> None:
    lower = 0.5
    said = np.array([[np.nextafter(lower, 1)], [lower]])
    found = best_thresholds(np.array([[True], [False]]), said, objective="macro", otherwise=0.5)
    assert (said >= found).tolist() == [[True], [False]]


@settings(max_examples=20)
@given(seeds, st.integers(2, 9))
def test_no_single_threshold_betters_the_sample_objective(seed: int, tracks: int) -> None:
    targets, said = small(seed, tracks, 3)
    found = best_thresholds(targets, said, objective="sample", otherwise=0.6)
    reached = scored(targets, said, said >= found, "sample")
    for genre in np.flatnonzero(targets.any(axis=0)):
        for other in every_threshold(said[:, genre]):
            changed = found.copy()
            changed[genre] = other
            assert scored(targets, said, said >= changed, "sample") <= reached + 1e-12


def test_the_sample_objective_gains_over_the_macro_solution() -> None:
    rng = np.random.default_rng(0)
    targets = rng.random((200, 4)) < [0.5, 0.3, 0.1, 0.05]
    said = np.clip(0.25 * targets + 0.7 * rng.random((200, 4)), 0, 1)
    reached = {
        name: scored(
            targets,
            said,
            said >= best_thresholds(targets, said, objective=name, otherwise=0.5),
            "sample",
        )
        for name in ("macro", "sample")
    }
    assert reached["sample"] > reached["macro"] + 0.01


def test_of_equal_thresholds_the_highest_is_taken_half_way_between_scores() -> None:
    targets = np.array([[1], [0], [1]], dtype=bool)
    said = np.array([[0.9], [0.7], [0.2]])  # F1 is 2/3 for the first alone, 0.8 for all three
    found = best_thresholds(targets, said, objective="macro", otherwise=0.5)
    assert found[0] == pytest.approx(0.1)
    targets = np.array([[1], [0], [0], [1]], dtype=bool)
    said = np.array([[0.9], [0.7], [0.4], [0.2]])  # 2/3 for the first alone and for all four
    found = best_thresholds(targets, said, objective="macro", otherwise=0.5)
    assert found[0] == pytest.approx(0.8)


def test_a_genre_may_be_best_left_out_even_where_its_scores_are_1() -> None:
    targets = np.array([[1, 1], [1, 0], [1, 0], [1, 0], [1, 0]], dtype=bool)
    said = np.array([[0.9, 1.0], [0.9, 1.0], [0.9, 1.0], [0.9, 1.0], [0.9, 1.0]])
    found = best_thresholds(targets, said, objective="micro", otherwise=0.5)
    rule = Decision(threshold=tuple(found))
    assert not decide(said, rule)[:, 1].any()
    again = decision_from(json.loads(json.dumps(rule.as_json())), "ab")
    assert (decide(said, again) == decide(said, rule)).all()


@given(seeds, st.integers(1, 8), st.integers(1, 9), st.one_of(st.none(), st.just(0.5)))
def test_top_k_keeps_the_likeliest_and_breaks_ties_by_order(
    seed: int, genres: int, count: int, threshold: float | None
) -> None:
    said = np.random.default_rng(seed).integers(4, size=(6, genres)) / 3
    found = decide(said, Decision(threshold=threshold, top_k=count))
    for row, marks in zip(said, found, strict=True):
        order = sorted(range(genres), key=lambda g: (-row[g], g))[:count]
        wanted = {g for g in order if threshold is None or row[g] >= threshold}
        assert set(np.flatnonzero(marks)) == wanted


def test_a_probability_equal_to_its_threshold_counts() -> None:
    said = np.array([[0.5, 0.4999]])
    assert decide(said, Decision(threshold=0.5)).tolist() == [[True, False]]
    assert decide(said, Decision(threshold=(0.51, 0.4999))).tolist() == [[False, True]]


def test_the_order_of_tracks_does_not_matter() -> None:
    targets, said = small(4, 60, 3)
    order = np.random.default_rng(0).permutation(60)
    for objective in ("macro", "micro", "sample"):
        one = best_thresholds(targets, said, objective=objective, otherwise=0.5)
        two = best_thresholds(targets[order], said[order], objective=objective, otherwise=0.5)
        np.testing.assert_array_equal(one, two)


def learnt(seed: int = 0, tracks: int = 300) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    targets = rng.random((tracks, 6)) < [0.5, 0.4, 0.2, 0.1, 0.05, 0.03]
    said = 1 / (1 + np.exp(-(3 * targets - 2 + 1.5 * rng.normal(size=targets.shape))))
    return targets, said


def test_everything_of_the_grid_is_tried() -> None:
    tuning = tune(*learnt(), genres="abcdef", strategy="threshold")
    rules = [trial.rule for trial in tuning.tried]
    assert THRESHOLDS == (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
    assert TOP_K == (3, 5, 7, 10, 15, 20)
    for value in THRESHOLDS:
        assert Decision(threshold=value) in rules
        for count in TOP_K:
            assert Decision(threshold=value, top_k=count) in rules
    for count in TOP_K:
        assert Decision(threshold=None, top_k=count) in rules
    assert len(rules) == 11 + 6 + 66 + 1


@pytest.mark.parametrize("objective", ["macro", "micro", "sample"])
def test_the_best_of_each_strategy_is_the_best_that_was_tried(objective: str) -> None:
    targets, said = learnt()
    tuning = tune(targets, said, "abcdef", objective=objective, strategy="threshold")
    for name in STRATEGIES:
        tried = [t.scores[f"f1_{objective}"] for t in tuning.tried if t.strategy == name]
        assert tuning.best[name].scores[f"f1_{objective}"] == max(tried)
    own = tuning.best["per-genre"]
    assert own.scores[f"f1_{objective}"] >= tuning.best["threshold"].scores[f"f1_{objective}"]
    again = scored(targets, said, decide(said, own.rule), objective)
    assert own.scores[f"f1_{objective}"] == again


def test_the_strategy_is_chosen_over_folds_not_where_it_was_tuned() -> None:
    rng = np.random.default_rng(2)
    targets = rng.random((60, 8)) < 0.2
    said = rng.random((60, 8))  # nothing to learn: own thresholds only follow noise
    said[targets] = np.maximum(said[targets], rng.random(targets.sum()))
    tuning = tune(targets, said, "abcdefgh")
    tuned = {name: tuning.best[name].scores["f1_macro"] for name in STRATEGIES}
    assert max(tuned, key=tuned.__getitem__) == "per-genre"
    assert tuning.crossed["per-genre"] < tuned["per-genre"] - 0.02
    assert tuning.strategy == max(tuning.crossed, key=tuning.crossed.__getitem__)
    assert tune(targets, said, "abcdefgh", strategy="top-k").chosen.strategy == "top-k"


def test_too_few_groups_for_folds_leave_one_threshold() -> None:
    targets, said = learnt(tracks=40)
    tuning = tune(targets, said, "abcdef", groups=np.repeat(["a", "b"], 20))
    assert (tuning.crossed, tuning.strategy) == ({}, "threshold")


def test_genres_that_no_tuned_track_has_are_named_and_keep_the_single_threshold() -> None:
    targets, said = learnt()
    targets[:, 4] = False
    tuning = tune(targets, said, "abcdef", strategy="per-genre")
    assert tuning.without_tracks == ("e",)
    assert tuning.best["per-genre"].rule.threshold[4] == tuning.best["threshold"].rule.threshold
    with pytest.raises(TableError, match="no labelled track"):
        tune(np.zeros_like(targets), said, "abcdef")


def test_what_is_reported_comes_from_the_other_tracks(tmp_path: Path) -> None:
    tuning = tune(*learnt(0), genres="abcdef", strategy="per-genre")
    targets, said = learnt(1, tracks=200)
    told = report(tuning, targets, said, tuned_on="valid", reported_on="test")
    rule = told.best["per-genre"].rule
    assert told.reported["per-genre"].rule == rule
    worth = scored(targets, said, decide(said, rule), "macro")
    assert told.reported["per-genre"].scores["f1_macro"] == worth
    assert worth != told.best["per-genre"].scores["f1_macro"]
    save_tuning(told, tmp_path / "results.json")
    raw = json.loads((tmp_path / "results.json").read_text())
    assert (raw["tuned_on"], raw["reported_on"]) == ("valid", "test")
    assert (raw["tuned_on_tracks"], raw["reported_on_tracks"]) == (300, 200)
    loaded, _ = load_rule(tmp_path / "results.json", "abcdef")
    assert loaded == told.chosen.rule


def results_of(genres: str, threshold: Any, top_k: Any = None) -> str:
    chosen = {"threshold": threshold, "top_k": top_k}
    return json.dumps({"schema_version": 1, "genres": list(genres), "chosen": chosen})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "is not JSON"),
        ("[]", "holds no tuning results"),
        ("{}", "holds no tuning results"),
        ("[" * 100_000, "is not JSON"),
        ('{"schema_version": 2}', "schema_version 2, not 1"),
        (results_of("ab", [0.5]), "1 thresholds for 2 genres"),
        (results_of("ab", float("nan")), "NaN is no number"),
        (results_of("ab", 1.5), "between 0 and 1"),
        (results_of("ab", None, 0), "at least 1"),
        (results_of("ac", 0.5), r"another model \(2 genres, first 'b'\)"),
        (results_of("ba", 0.5), "the order of genres"),
    ],
)
def test_files_that_hold_no_rule_for_this_model_are_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(TableError, match=message):
        load_rule(tmp_path / "results.json", ("a", "b"))


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.touch()
    os.truncate(path, 10**10)  # takes no room on the disk
    with pytest.raises(TableError, match=r"results\.json: larger than 64000000 bytes"):
        load_rule(path, "ab")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read"):
        load_rule(tmp_path / "nowhere.json", "ab")


def test_rules_tell_themselves_in_words() -> None:
    assert Decision(threshold=0.45).words == "probability at least 0.45"
    assert Decision(threshold=None, top_k=3).words == "the 3 likeliest"
    assert (
        Decision(threshold=0.5, top_k=3).words == "probability at least 0.50, at most 3 likeliest"
    )
    with pytest.raises(ValueError, match="neither"):
        Decision(threshold=None)
