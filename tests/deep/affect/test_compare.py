"""``zoneclf deep affect compare``, its tables, and the pages."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.deep.affect.conftest import embed
from tests.deep.affect.test_train import TINY, mood, zoneclf
from zoneclf.deep.affect.evaluation import Cost, Judged, WindowScores, metrics_json, sentences
from zoneclf.deep.affect.figures import lines_figure, plane_figure
from zoneclf.deep.affect.page import pictures_of, render_page
from zoneclf.deep.affect.rescale import fit_rescale
from zoneclf.deep.pictures import png

COST = Cost(
    megabytes=1.5,
    encoder_megabytes=None,
    seconds_per_epoch=0.25,
    epochs=9,
    weights=1000,
    weights_learnt=10,
    device="cpu",
)


def judged(name="run", *, shrink=0.4, seed=0, rescaled=True, **changes):
    random = np.random.default_rng(seed)
    true = np.clip(random.normal(5, [1.5, 1.1], (90, 2)), 1, 9).astype(np.float32)
    guess = (5 + shrink * (true - 5) + random.normal(0, 0.3, true.shape)).astype(np.float32)
    fields = {
        "name": name,
        "about": "mel-cnn, squared error",
        "backbone": "mel-cnn",
        "split": "test",
        "track_ids": np.array([f"t{n}" for n in range(90)]),
        "paths": np.array([f"music/{n}.mp3" for n in range(90)]),
        "groups": np.repeat(np.arange(30), 3),
        "true": true[:60],
        "predicted": guess[:60],
        "rescale": fit_rescale(true[60:], guess[60:], "valid") if rescaled else None,
        "cost": COST,
        "facts": {"set": "set"},
    }
    for key in ("track_ids", "paths", "groups"):
        fields[key] = fields[key][:60]
    return Judged(**(fields | changes))


def test_regression_to_the_mean_is_said_in_words():
    timid, fair, wild = (judged(shrink=shrink) for shrink in (0.4, 0.95, 2.0))
    assert "Arousal: drawn to the mean: predictions have 0.4" in sentences(timid)[0]
    assert "spread about as the true" in sentences(fair)[0]
    assert "spread too widely" in sentences(wild)[0]
    assert sentences(timid)[2].startswith("Rescaled to the spread of the validation tracks: spread")
    assert "was not fitted" in sentences(judged(rescaled=False))[2]


def test_few_tracks_are_told():
    some = {key: getattr(judged(), key)[:19] for key in ("true", "predicted", "groups")}
    assert "Only 19 tracks: all intervals" in sentences(judged(**some))[2]


def test_what_is_told_of_a_run_fits_json():
    told = metrics_json(judged())
    json.dumps(told, allow_nan=False)
    assert told["rescaled"]["mean"]["spread_ratio"] > told["mean"]["spread_ratio"]
    assert told["rescaled_minus_predicted"]["mean"]["spread_ratio"]["ci95"][0] > 0
    none = metrics_json(judged(rescaled=False))
    assert (none["rescaled"], none["rescale"]) == (None, None)


def test_the_page_escapes_names_and_shows_all():
    name = "<img src=x onerror=alert(1)>"
    windows = WindowScores(true=judged().true, predicted=judged().predicted, groups=judged().groups)
    history = [
        {"epoch": 1, "train_loss": 1.0, "valid_loss": 1.1, "score": -0.1},
        {"epoch": 2, "train_loss": 0.5, "valid_loss": 0.9, "score": 0.4},
    ]
    one = judged(name, windows=windows, history=history, paths=np.array([name] * 60))
    page = render_page([one], pictures_of([one]), "a page")
    assert "<img src=x" not in page
    for words in ("furthest off", "follow a track in time", "How did the training go", "rescaled"):
        assert words in page
    both = [one, judged("other", rescaled=False)]
    page = render_page(both, pictures_of(both), "two")
    assert page.count("data:image/png") == 3
    assert "furthest off" not in page


def test_pictures_of_one_and_of_many_are_drawn():
    runs = [judged(), judged("other", rescaled=False, seed=1)]
    for figure in (plane_figure(runs), lines_figure(runs[:1])):
        assert len(png(figure)) > 10_000
    many = lines_figure([runs[number % 2] for number in range(7)])
    assert sum(axes.axison for axes in many.axes) == 14
    assert [len(plane_figure(some).axes) for some in (runs[:1], runs[1:], runs)] == [2, 1, 4]
    flat = judged("flat", predicted=np.full((60, 2), 5, np.float32), rescaled=False)
    assert len(png(plane_figure([flat]))) > 5_000


@pytest.mark.slow
def test_backbones_side_by_side(affect_workspace, monkeypatch):
    monkeypatch.setattr("zoneclf.deep.affect.results.pictures_of", lambda _: {})
    embed(Path("set"))
    mood()
    options = [*TINY, "--epochs", "1", "--mood", "moods", "--backbones", "mood-resnet,wav2vec2"]
    options += ["--freezes", "part", "--seeds", "2", "--jobs", "1", "--name", "c"]
    done = zoneclf("compare", "set", *options)
    folder = Path("results/affect/c")
    told = json.loads((folder / "comparison.json").read_text())
    kinds = [row["run"] for row in told["table"]]
    assert kinds == [
        "mood-resnet (part frozen), mse",
        "mood-resnet (part frozen), ccc",
        "wav2vec2, mse",
        "wav2vec2, ccc",
    ]
    assert len(told["runs"]) == 8
    rows = [one for one in told["runs"] if one["kind"] == "wav2vec2, mse"]
    ccc = [one["metrics"]["arousal"]["ccc"] for one in rows]
    table = {row["run"]: row for row in told["table"]}
    assert table["wav2vec2, mse"]["ccc_arousal"] == pytest.approx(np.mean(ccc))
    assert table["wav2vec2, mse"]["ccc_arousal_sd"] == pytest.approx(np.std(ccc, ddof=1))
    assert table["wav2vec2, mse"]["encoder_megabytes"] == 380
    changes = {(row["run"], row["remedy"]) for row in told["remedies"]}
    assert ("wav2vec2, mse", "rescaled") in changes
    assert ("wav2vec2, mse", "loss ccc") in changes
    with (folder / "comparison.csv").open() as stream:
        assert [row["run"] for row in csv.DictReader(stream)] == kinds
    assert "| run | R2 arousal |" in (folder / "comparison.md").read_text()
    assert "wav2vec2, mse | rescaled |" in done.stdout
    assert (folder / "report.html").exists()


def test_a_comparison_asks_for_what_there_is(affect_workspace):
    assert "zoneclf deep embed" in zoneclf("compare", "set", code=3).stderr
    assert not Path("models").exists()
    done = zoneclf("compare", "set", "--backbones", "mel-cnn,mel-cnn", code=2)
    assert "none of them twice" in done.stderr
    mood()
    done = zoneclf("compare", "set", "--backbones", "mel-cnn", "--mood", "moods", code=2)
    assert "goes with --backbones mood-resnet" in done.stderr
