"""``zoneclf deep mood predict`` and ``zoneclf deep predict``: one mood per file, told."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from zoneclf.deep.checkpoint import load_checkpoint
from zoneclf.deep.genre.prepared import load_prepared
from zoneclf.deep.inference import logits_of


@pytest.fixture
def sounds(mood_set):
    """Three files of the set, and what the network must say of them."""
    places = [0, 30, 50]
    return places, [Path(mood_set.paths[place]) for place in places]


def test_predict_says_what_evaluation_would(learnt, sounds, zoneclf):
    places, paths = sounds
    done = zoneclf("mood", "predict", "small", *paths, "--json")
    said = json.loads(done.stdout)
    assert said["task"] == "mood"
    assert said["model"] == "models/mood/small/best"
    checkpoint, prepared = load_checkpoint(Path("models/mood/small")), load_prepared(Path("set"))
    chances = softmax(logits_of(checkpoint, prepared, places), axis=1)
    for row, track in zip(chances, said["tracks"], strict=True):
        assert track["mood"] == said["labels"][int(row.argmax())]
        assert track["probability"] == pytest.approx(row.max(), abs=2e-4)
        found = [track["probabilities"][mood] for mood in said["labels"]]
        np.testing.assert_allclose(found, row, atol=2e-4)
    assert list(said["tracks"][0]["probabilities"].values()) == sorted(chances[0].round(4))[::-1]


def test_a_line_names_one_mood_and_the_next(learnt, sounds, zoneclf):
    _, paths = sounds
    done = zoneclf("mood", "predict", "small", paths[0])
    assert done.stdout.startswith("0.wav: driving 0.")
    assert "  (then " in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_what_cannot_be_heard_is_told_and_the_rest_goes_on(learnt, sounds, zoneclf):
    Path("broken\x1b.wav").write_bytes(b"no sound")
    done = zoneclf("mood", "predict", "small", "broken\x1b.wav", sounds[1][1], code=4)
    first, second = done.stdout.splitlines()
    assert "undecodable" in first
    assert "\x1b" not in done.stdout
    assert second.startswith("30.wav: ")


def test_the_newest_network_answers_whatever_its_task(learnt, sounds, zoneclf):
    done = zoneclf("predict", sounds[1][0], "--json")
    assert json.loads(done.stdout)["task"] == "mood"
    done = zoneclf("predict", sounds[1][0], "--model", "small", "--top-k", "2", code=2)
    assert "--top-k: models/mood/small/best is of mood, which has none" in done.stderr
    assert "--table:" in zoneclf("predict", sounds[1][0], "--table", "t.parquet", code=2).stderr
    genres = ["--base-channels", "4", "--cnn-features", "4", "--threads", "1", "--no-report"]
    zoneclf("genre", "train", "set", *genres, "--epochs", "1", "--name", "later")
    assert json.loads(zoneclf("predict", sounds[1][0], "--json").stdout)["task"] == "genre"
    told = zoneclf("genre", "predict", "models/mood/small", sounds[1][0], code=3).stderr
    assert "is of task 'mood'; here 'genre' is needed" in told


def test_files_must_be_named(learnt, zoneclf):
    assert "PATHS: name files, folders" in zoneclf("mood", "predict", "small", code=2).stderr
    assert (
        "is no run and no checkpoint (there: small)"
        in zoneclf("mood", "predict", "other", "a.wav", code=3).stderr
    )
