"""``zoneclf deep mood evaluate``: what is right, what is mistaken for what, how it is told."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
)

from zoneclf.deep.genre.prepared import load_prepared
from zoneclf.deep.mood.evaluation import Judged, metrics_json, sentences
from zoneclf.deep.mood.results import write_evaluation

MOODS = ("happy", "<b>sad</b>", "=calm", "never")


def judged_of(count=80, *, moods=MOODS, skill=1.5, name="run", seed=0):
    random = np.random.default_rng(seed)
    true = random.integers(0, 3, count)
    logits = random.normal(0, 1, (count, len(moods))).astype(np.float32)
    logits[:, 3] -= 9
    logits[np.arange(count), true] += skill
    names = np.array([f"track {number}.mp3" for number in range(count)])
    return Judged(
        name=name,
        split="test",
        moods=moods,
        track_ids=names,
        paths=names,
        groups=np.array([f"artist {number % 20}" for number in range(count)]),
        true=true,
        logits=logits,
        training_counts=(40, 30, 20, 10),
    )


def test_scores_are_scikit_learns():
    judged = judged_of()
    told = metrics_json(judged)
    assert told["accuracy"] == pytest.approx(accuracy_score(judged.true, judged.said))
    wanted = balanced_accuracy_score(judged.true, judged.said)
    assert told["balanced_accuracy"] == pytest.approx(wanted)
    labels = sorted(set(judged.true))
    f1 = f1_score(judged.true, judged.said, average="macro", labels=labels)
    assert told["f1_macro"] == pytest.approx(f1)
    loss = log_loss(judged.true, judged.probabilities, labels=range(4))
    assert told["log_loss"] == pytest.approx(loss)
    assert told["confusion"] == confusion_matrix(judged.true, judged.said, labels=range(4)).tolist()
    low, high = told["balanced_accuracy_ci95"]
    assert low < told["balanced_accuracy"] < high
    assert told["accuracy_of_one_mood"] == pytest.approx((judged.true == 0).mean())
    assert told["balanced_accuracy_of_one_mood"] == pytest.approx(1 / 3)
    assert told["moods_without_tracks"] == ["never"]


def test_what_a_mood_is_mistaken_for_is_told():
    judged = judged_of()
    row = judged.scores["per_mood"][0]
    wrong = judged.confusion[0].copy()
    wrong[0] = 0
    assert row["mistaken"] == wrong.max()
    assert row["mistaken_for"] == MOODS[int(wrong.argmax())]
    assert row["recall"] == pytest.approx(judged.confusion[0, 0] / judged.confusion[0].sum())


def test_sentences_say_what_matters():
    told = " ".join(sentences(judged_of(skill=0.0)))
    assert "Guessing cannot be ruled out" in told
    assert "surer than it is right" in told
    told = " ".join(sentences(judged_of(skill=4.0)))
    assert "Guessing" not in told
    assert "No judged track has never" in told


def test_names_are_text_only_on_the_page_and_safe_in_tables(tmp_path):
    write_evaluation(judged_of(), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "<b>sad</b>" not in page
    assert "&lt;b&gt;sad" in page
    rows = list(csv.reader((tmp_path / "confusion_matrix.csv").read_text().splitlines()))
    assert rows[0] == ["true / predicted", "happy", "<b>sad</b>", "'=calm", "never"]
    assert rows[3][0] == "'=calm"


def test_evaluate_leaves_all_that_others_need(learnt, zoneclf):
    done = zoneclf("mood", "evaluate", "small", "--json")
    told = json.loads(done.stdout)
    folder = Path("results/mood/small")
    assert told["results"] == str(folder)
    assert {path.name for path in folder.iterdir()} == {
        "metrics.json",
        "confusion_matrix.csv",
        "confusion_matrix.png",
        "losses.png",
        "per_mood.csv",
        "predictions.parquet",
        "report.html",
    }
    prepared = load_prepared(Path("set"))
    rows = pq.read_table(folder / "predictions.parquet").to_pydict()
    assert rows["track_id"] == prepared.track_ids[prepared.places("test")].tolist()
    right = np.mean(
        [one == other for one, other in zip(rows["mood"], rows["predicted"], strict=True)]
    )
    assert told["accuracy"] == pytest.approx(right)
    sums = np.sum([rows[f"p_{mood}"] for mood in prepared.genres], axis=0)
    np.testing.assert_allclose(sums, 1, rtol=1e-5)


def test_evaluate_says_it_in_words(learnt, zoneclf):
    done = zoneclf("mood", "evaluate", "small", "--split", "valid")
    assert "Balanced accuracy" in done.stdout
    assert "report: results/mood/small-valid/report.html" in done.stdout


def test_runs_of_other_tasks_are_not_judged_as_moods(learnt, zoneclf):
    assert "none is no run" not in zoneclf("mood", "evaluate", "none", code=3).stdout
    card = Path("models/mood/small/train.json")
    card.write_text(json.dumps(json.loads(card.read_text()) | {"task": "genre"}))
    assert "is a run of genre" in zoneclf("mood", "evaluate", "small", code=3).stderr
