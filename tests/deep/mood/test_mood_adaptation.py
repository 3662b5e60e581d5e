"""``zoneclf deep mood train --adapt``: another set's sound is learnt for, no label of it read."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from zoneclf.deep.checkpoint import load_checkpoint
from zoneclf.deep.domain_check import held_out
from zoneclf.deep.genre.prepared import KIND, load_prepared
from zoneclf.deep.mood.learning import MOOD
from zoneclf.deep.mood.recipe import MoodRecipe
from zoneclf.deep.recipe import changed
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.deep.target_set import adaptation_for, with_target
from zoneclf.errors import TableError, UsageError

TINY = ["--base-channels", "4", "--blocks", "1", "--features", "8", "--threads", "1"]
TINY += ["--epochs", "2", "--batch-size", "8", "--lr", "0.01"]


def relabelled(source, folder, seed):
    """Copy a set, its moods shuffled among its tracks, the first of them gone."""
    prepared = load_prepared(source)
    folder.mkdir()
    for path in source.glob("spectrograms-*"):
        (folder / path.name).symlink_to(path.resolve())
    rows = pq.read_table(source / "tracks.parquet").to_pydict()
    order = np.random.default_rng(seed).permutation(len(prepared))
    rows["genres"] = [rows["genres"][place] for place in order]
    KIND.save(folder, rows, prepared.card)
    return folder


@pytest.fixture
def sets(workspace):
    """A set, and two that sound as it does and have other labels."""
    for seed, name in enumerate(("other", "third")):
        relabelled(workspace / "set", workspace / name, seed)
    return workspace


@pytest.fixture
def train(zoneclf):
    """Runs the command."""
    return lambda *options, code=0: zoneclf("mood", "train", *options, code=code)


def weights_of(run):
    return load_checkpoint(Path("models/mood") / run / "last").network.state_dict()


def same(first, second):
    one, other = weights_of(first), weights_of(second)
    return all(one[name].equal(other[name]) for name in one)


@pytest.mark.slow
@pytest.mark.parametrize("adapt", ["dann", "coral"])
def test_adapting_changes_weights_and_never_by_the_targets_labels(sets, train, adapt):
    train("set", *TINY, "--name", "plain")
    for target in ("other", "third"):
        train("set", *TINY, "--adapt", adapt, "--target", target, "--name", f"to-{target}")
    assert not same("plain", "to-other")
    assert same("to-other", "to-third")
    digests = [json.loads(p.read_text())["digest"] for p in Path().glob("models/mood/*/train.json")]
    assert len(set(digests)) == 3


def test_a_run_tells_how_far_apart_it_sees_both_sets(sets, train):
    options = ["set", *TINY, "--adapt", "dann", "--adapt-weight", "0.5", "--target", "other"]
    alone = train(*options, "--name", "alone").stdout
    assert "no equal run with --adapt none to compare with" in alone
    train("set", *TINY, "--name", "plain")
    said = json.loads(train(*options, "--seed", "0", "--name", "alone", "--json").stdout)
    assert said["domain_classifier"]["without"] is None  # finished: told as it was
    said = json.loads(train(*options, "--patience", "8", "--name", "x", "--json").stdout)
    found = said["domain_classifier"]
    assert found["without_run"] == "plain"
    assert all(0 <= found[key] <= 1 for key in ("start", "without", "after"))
    held = len(load_prepared(Path("set")).places("train"))
    assert found["source_clips"] == found["target_clips"] == 60 - held
    assert said["recipe"]["adapt"] == "dann"
    card = load_checkpoint(Path("models/mood/x")).card
    assert card.training["target_sha256"] == load_prepared(Path("other")).sha256
    assert "(plain)" in train(*options, "--name", "x").stdout


def test_a_target_that_changed_is_told(sets, train):
    options = ["set", *TINY, "--adapt", "coral", "--target", "other", "--name", "one"]
    train(*options)
    for path in Path("other").glob("*.*"):
        path.write_bytes((Path("third") / path.name).read_bytes())
    assert "is a run of the set, its embeddings or its --target" in train(*options, code=2).stderr


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--adapt", "dann"], 2, "--adapt is dann; it needs --target"),
        (["--target", "other"], 2, "--target is other; it needs --adapt dann or"),
        (["--adapt", "mmd", "--target", "other"], 2, "--adapt is str 'mmd'; it must be one of"),
        (["--adapt", "dann", "--target", "other", "--adapt-weight", "-1"], 2, "--adapt-weight is"),
        (["--adapt", "dann", "--target", "gone"], 3, "gone: holds no prepared set"),
    ],
)
def test_wrong_usage_is_told_in_a_line(sets, train, options, code, told):
    done = train("set", *TINY, *options, code=code)
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def material_of(folder, **changes):
    recipe = changed(MoodRecipe(), {"adapt": "dann", "target": str(folder), **changes})
    return MOOD.material(folder, recipe, ""), recipe


def test_the_target_is_known_without_its_labels(mood_set):
    target = material_of(mood_set.folder)[0].target.prepared
    assert not hasattr(target, "targets")
    assert not hasattr(target, "genres")
    assert target.card == {"sha256": mood_set.sha256}
    np.testing.assert_array_equal(target.spectrogram(3), mood_set.spectrogram(3))


def test_other_spectrograms_are_refused_by_what_they_differ_in(mood_set):
    material, recipe = material_of(mood_set.folder)
    other = dataclasses.replace(mood_set, spectrogram_settings=SpectrogramSettings(mels=48))
    with pytest.raises(TableError, match=r"mels 32 instead of 48\); prepare it with the same"):
        with_target(dataclasses.replace(material, prepared=other), recipe, "mood-resnet")


def test_a_frozen_network_has_nothing_to_adapt(mood_set):
    material, recipe = material_of(mood_set.folder)
    lesson, _ = MOOD.lesson(material, recipe, "cpu")
    network, _ = MOOD.network(material, recipe, lesson)
    network.requires_grad_(False)
    network.head.requires_grad_(True)
    with pytest.raises(UsageError, match="features that are frozen cannot adapt"):
        adaptation_for(material, recipe, network, lesson.inputs)


def test_what_tells_sets_apart_was_not_learnt_from(mood_set):
    places = held_out(mood_set)
    assert len(places)
    assert not set(places) & set(mood_set.places("train"))
