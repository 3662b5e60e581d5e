"""The loop learns, stops early, refuses what it cannot do, and goes on exactly."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from zoneclf.deep.adaptation import Adaptation, AdaptSettings, coral
from zoneclf.deep.augmentation import Augmentation, Augmenter
from zoneclf.deep.batches import MAX_CROPS, Inputs, answers, crop
from zoneclf.deep.history import Epoch, draw_history, stalls_of
from zoneclf.deep.losses import weighted_bce
from zoneclf.deep.networks import build
from zoneclf.deep.resume import RESUME
from zoneclf.deep.schedules import Rate
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.deep.training import Fit, FitSettings, Lesson, Teller
from zoneclf.errors import ModelError, TableError

MELS, FRAMES, CLIPS = 16, 24, 40
PARAMETERS = {"labels": 2, "mels": MELS, "frames": FRAMES, "base_channels": 4, "features": 8}
SETTINGS = FitSettings(epochs=3, batch_size=10, lr=5e-3, patience=9)


@pytest.fixture(autouse=True, scope="module")
def no_curves():
    """Pictures take longer than these runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zoneclf.deep.training.draw_history", lambda *_: None)
        yield


class MadeUp:
    """Clips of 24 to 40 frames that are loud in low bands, in high ones, or in both."""

    spectrogram_settings = SpectrogramSettings(mels=MELS)

    def __init__(self, count=CLIPS):
        random = np.random.default_rng(0)
        self.targets = random.random((count, 2)) < 0.5
        self.sounds = []
        for low, high in self.targets:
            sound = random.normal(0, 1, (random.integers(24, 41), MELS)).astype(np.float32)
            sound[:, :8] += 2 * low
            sound[:, 8:] += 2 * high
            self.sounds.append(sound)

    def spectrogram(self, place):
        return self.sounds[place]

    def embeddings(self):
        raise AssertionError("not asked for")


def agreement(logits, targets):
    return float(((logits > 0) == (targets > 0)).mean())


def lesson_of(clips, score=agreement, augmenter=None):
    return Lesson(
        inputs=Inputs(clips, FRAMES, augmenter=augmenter),
        targets=torch.from_numpy(clips.targets.astype(np.float32)),
        train=list(range(10, len(clips.targets))),
        valid=list(range(10)),
        loss=weighted_bce,
        score=score,
    )


class Kept:
    """Keeps weights instead of checkpoints."""

    def __init__(self):
        self.weights = {}

    def __call__(self, name, network, _):
        self.weights[name] = {n: value.clone() for n, value in network.state_dict().items()}


def fit(folder, *, settings=SETTINGS, kept=None, clips=None, score=agreement, **more):
    torch.manual_seed(5)
    network = build("mel-cnn", PARAMETERS | {"dropout": 0.3})
    more.pop("freeze", lambda _: None)(network)
    lesson = lesson_of(clips or MadeUp(), score, more.pop("augmenter", None))
    if "adapt" in more:
        more["adaptation"] = adaptation_to_louder(**more.pop("adapt"))
    epochs = Fit(lesson, settings, folder, kept or Kept(), run="r", **more)(network)
    return epochs, network


def adaptation_to_louder(**how):
    louder = MadeUp()
    louder.sounds = [2 * sound for sound in louder.sounds]
    settings = AdaptSettings(target="louder", **how)
    return Adaptation(settings, Inputs(louder, FRAMES), places=range(20), features=8, seed=5)


def half_frozen(network):
    """Freeze all but the last two layers."""
    network.requires_grad_(False)
    network.hidden.requires_grad_(True)
    network.head.requires_grad_(True)


def untimed(epochs):
    return [dataclasses.replace(one, seconds=0.0) for one in epochs]


def test_it_learns_what_can_be_heard(tmp_path):
    epochs, _ = fit(tmp_path, clips=MadeUp(110), settings=dataclasses.replace(SETTINGS, epochs=6))
    assert epochs[-1].score > 0.9
    assert epochs[-1].train_loss < 0.8 * epochs[0].train_loss


def test_targets_that_were_shuffled_are_not_learnt(tmp_path):
    clips = MadeUp(110)
    clips.targets = np.random.default_rng(1).permutation(clips.targets)
    epochs, _ = fit(tmp_path, clips=clips, settings=dataclasses.replace(SETTINGS, epochs=4))
    assert np.mean([one.score for one in epochs]) < 0.7


def test_history_is_a_row_per_epoch(tmp_path):
    epochs, _ = fit(tmp_path)
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert float(rows[2]["valid_loss"]) == pytest.approx(epochs[2].valid_loss, rel=1e-5)


def test_curves_are_drawn(tmp_path):
    one = Epoch(
        epoch=1, learning_rate=1, train_loss=1, valid_loss=1, score=0.5, best=True, seconds=1
    )
    worse = dataclasses.replace(one, epoch=2, best=False, score=0.4)
    for epochs in ([one], [one, worse]):
        draw_history(epochs, tmp_path / "history.png", "PR-AUC")
        assert (tmp_path / "history.png").read_bytes()[:4] == b"\x89PNG"


def test_it_stops_when_nothing_gets_better_and_keeps_the_best(tmp_path):
    scores = iter([0.5, 0.7, 0.6, 0.7, 0.9])
    kept, settings = Kept(), dataclasses.replace(SETTINGS, epochs=9, patience=2)
    epochs, network = fit(tmp_path, settings=settings, kept=kept, score=lambda *_: next(scores))
    assert [one.best for one in epochs] == [True, True, False, False]
    assert stalls_of(epochs) == [0, 0, 1, 2]
    final = network.state_dict()
    assert all(torch.equal(kept.weights["last"][name], final[name]) for name in final)
    assert not torch.equal(kept.weights["best"]["head.weight"], final["head.weight"])


def test_the_callers_random_numbers_are_left_alone(tmp_path):
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    network = build("mel-cnn", PARAMETERS)
    torch.manual_seed(3)
    Fit(lesson_of(MadeUp()), SETTINGS, tmp_path, Kept())(network)
    assert torch.equal(torch.rand(1), wanted)


class Killed(BaseException):
    """What a kill is like for a process that lives on."""


class KilledAt(Teller):
    """Dies at a batch of an epoch."""

    def __init__(self, epoch, batch):
        self.when = epoch, batch

    def batch(self, epoch, done, *_):
        if (epoch, done) == self.when:
            raise Killed


class KeptUntil(Kept):
    """Dies after storing a checkpoint, before the epoch is noted."""

    def __call__(self, name, network, epoch):
        super().__call__(name, network, epoch)
        if epoch.epoch == 2 and name == "last":
            raise Killed


@pytest.fixture(scope="module")
def whole_runs(tmp_path_factory):
    """For each schedule, epochs and weights of a run that was not stopped."""
    found = {}
    for schedule in ("cosine", "plateau"):
        settings = dataclasses.replace(SETTINGS, schedule=schedule, patience=3)
        epochs, network = fit(tmp_path_factory.mktemp(schedule), settings=settings)
        found[schedule] = settings, epochs, network.state_dict()
    return found


@pytest.mark.parametrize(
    ("schedule", "when", "save_every_s"),
    [
        ("cosine", (1, 1), 0.0),
        ("cosine", (1, 1), 1e9),
        ("cosine", (2, 2), 0.0),
        ("cosine", (2, 2), 1e9),
        ("cosine", (3, 3), 0.0),
        ("cosine", "after the checkpoint", 0.0),
        ("cosine", "after the checkpoint", 1e9),
        ("plateau", (2, 2), 0.0),
        ("plateau", (3, 1), 1e9),
    ],
)
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    tmp_path, whole_runs, schedule, when, save_every_s
):
    settings, whole, wanted = whole_runs[schedule]
    how = {"settings": settings, "save_every_s": save_every_s}
    with pytest.raises(Killed):
        if isinstance(when, str):
            fit(tmp_path, kept=KeptUntil(), **how)
        else:
            fit(tmp_path, tell=KilledAt(*when), **how)
    epochs, network = fit(tmp_path, **how)
    assert untimed(epochs) == untimed(whole)
    for name, value in network.state_dict().items():
        assert torch.equal(value, wanted[name]), name


def stopped(folder):
    with pytest.raises(Killed):
        fit(folder, tell=KilledAt(2, 2), save_every_s=0.0)
    return folder / RESUME


def test_what_is_stored_is_not_all_done_again(tmp_path):
    stopped(tmp_path)
    heard = []

    class Listening(Teller):
        def going_on(self, epoch, batches):
            heard.append((epoch, batches))

    fit(tmp_path, tell=Listening())
    # The kill came before the second batch was stored.
    assert heard == [(2, 1)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda _: b"",
        lambda content: content.replace(b"network/head.bias", b"network/head.bios"),
        lambda content: content.replace(b'optimizer/3/exp_avg"', b'optimizer/9/exp_avg"'),
        lambda content: content.replace(b'\\"batches\\": 1', b'\\"batches\\": x'),
        lambda content: content.replace(b'\\"batches\\": 1', b'\\"botches\\": 1'),
    ],
)
def test_damage_in_what_to_go_on_from_is_told(tmp_path, damage):
    path = stopped(tmp_path)
    content = path.read_bytes()
    path.write_bytes(damage(content))
    assert path.read_bytes() != content
    with pytest.raises(ModelError, match="cannot be gone on from") as told:
        fit(tmp_path)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


def test_another_runs_state_is_refused(tmp_path):
    path = stopped(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'\\"run\\": \\"r\\"', b'\\"run\\": \\"q\\"'))
    with pytest.raises(ModelError, match="is of another run"):
        fit(tmp_path)


def test_a_loss_that_is_no_number_ends_it(tmp_path):
    clips = MadeUp()
    clips.sounds[4][:] = np.inf
    with pytest.raises(ModelError, match="no longer a number in epoch 1; lower --lr"):
        fit(tmp_path, clips=clips)


def test_too_few_tracks_are_told(tmp_path):
    lesson = dataclasses.replace(lesson_of(MadeUp()), train=[1])
    with pytest.raises(TableError, match="1 tracks to train on and 10 to"):
        Fit(lesson, SETTINGS, tmp_path, Kept())(build("mel-cnn", PARAMETERS))


def test_rates_fall_along_a_cosine_or_down_steps():
    cosine = Rate("cosine", 1.0, 10, 6)
    assert [cosine.at(part, []) for part in (0, 5, 10)] == pytest.approx([1, 0.5, 0])
    plateau = Rate("plateau", 1.0, 10, 6)
    stalls = [0, 1, 2, 3, 4, 0, 1, 2]
    assert plateau.at(8, stalls[:2]) == 1
    assert plateau.at(8, stalls[:3]) == 0.5
    assert plateau.at(8, stalls) == 0.125


def test_crops_cover_a_clip_and_short_ones_are_repeated():
    clips = MadeUp()
    clips.sounds[0] = np.arange(100, dtype=np.float32)[:, None] * np.ones(MELS, np.float32)
    clips.sounds[1] = clips.sounds[0][:10]
    clips.sounds[2] = np.zeros((10_000, MELS), np.float32)
    inputs = Inputs(clips, FRAMES)
    assert inputs.starts(0) == [0, 19, 38, 57, 76]
    assert inputs.starts(1) == [0]
    assert len(inputs.starts(2)) == MAX_CROPS
    short = inputs.batch([1], [0])["spectrogram"][0]
    assert short.shape == (MELS, FRAMES)
    assert short[0].tolist() == [*range(10), *range(10), *range(4)]
    with pytest.raises(TableError, match="has no frames"):
        crop(np.zeros((0, MELS), np.float32), 0, FRAMES)


def test_an_answer_is_the_mean_over_crops():
    clips = MadeUp()
    clips.sounds[0] = np.random.default_rng(0).normal(0, 1, (60, MELS)).astype(np.float32)
    network = build("mel-cnn", PARAMETERS)
    inputs = Inputs(clips, FRAMES)
    found = answers(network, inputs, [3, 0, 5])
    assert network.training
    network.eval()
    with torch.inference_mode():
        crops = network(inputs.batch([0, 0, 0], [0, 18, 36])).numpy()
    np.testing.assert_allclose(found[1], crops.mean(axis=0), atol=1e-5)


def test_training_crops_come_from_everywhere():
    clips = MadeUp()
    clips.sounds[0] = np.arange(30, dtype=np.float32)[:, None] * np.ones(MELS, np.float32)
    random = np.random.default_rng(0)
    inputs = Inputs(clips, FRAMES)
    firsts = {int(inputs.random_batch([0], random)["spectrogram"][0, 0, 0]) for _ in range(100)}
    assert firsts == set(range(7))


def test_stalls_are_counted_from_the_best():
    one = Epoch(epoch=1, learning_rate=1, train_loss=1, valid_loss=1, score=1, best=True, seconds=1)
    later = dataclasses.replace(one, best=False)
    assert stalls_of([one, later, later, one, later]) == [0, 1, 2, 0, 1]


def test_nothing_here_unpickles():
    for path in Path(__file__).parents[2].joinpath("zoneclf/deep").glob("*.py"):
        assert "import pickle" not in path.read_text()
        assert " torch.load(" not in path.read_text()


def test_what_is_frozen_stays_as_it_was_and_the_rest_learns(tmp_path):
    """Running means of batch normalisation are no weights, and stay as well."""
    torch.manual_seed(5)
    before = build("mel-cnn", PARAMETERS | {"dropout": 0.3}).state_dict()
    _, network = fit(tmp_path, freeze=half_frozen)
    moved = {name for name, now in network.state_dict().items() if not now.equal(before[name])}
    assert moved == {"hidden.weight", "hidden.bias", "head.weight", "head.bias"}


AUGMENTER = Augmenter(
    Augmentation(noise_db=20, stretch=0.2, pitch=1, time_mask=0.2, frequency_mask=0.2),
    MadeUp.spectrogram_settings,
)


@pytest.mark.parametrize(
    "more",
    [
        {"freeze": half_frozen},
        {"augmenter": AUGMENTER},
        {"adapt": {"adapt": "dann"}},
        {"adapt": {"adapt": "coral"}},
    ],
)
def test_a_frozen_augmented_or_adapting_run_goes_on_exactly(tmp_path, more):
    whole, kept = Kept(), Kept()
    fit(tmp_path / "whole", kept=whole, **more)

    class Stop(Teller):
        def batch(self, epoch, done, *_):
            if (epoch, done) == (2, 2):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "cut", tell=Stop(), save_every_s=0, **more)
    fit(tmp_path / "cut", kept=kept, **more)
    for name, weight in whole.weights["last"].items():
        assert weight.equal(kept.weights["last"][name]), name


def test_a_stopped_run_that_adapts_is_not_gone_on_with_as_one_that_does_not(tmp_path):
    adapt = {"adapt": {"adapt": "dann"}}
    with pytest.raises(Killed):
        fit(tmp_path, tell=KilledAt(2, 2), save_every_s=0.0, **adapt)
    with pytest.raises(ModelError, match="cannot be gone on from"):
        fit(tmp_path)
    fit(tmp_path, **adapt)


def test_coral_brings_covariances_together(tmp_path):
    """Covariances of features that a fresh network makes are tiny, and what they differ by more."""

    def grown(network):
        with torch.no_grad():
            network.hidden.weight.mul_(30)

    apart = []
    for weight in (0.0, 1000.0):
        adapt = {"adapt": "coral", "adapt_weight": weight}
        settings = dataclasses.replace(SETTINGS, epochs=6)
        _, network = fit(tmp_path / str(weight), adapt=adapt, freeze=grown, settings=settings)
        network.eval()
        with torch.inference_mode():
            batches = [
                clips.batch(range(20, 40), [0] * 20)
                for clips in (lesson_of(MadeUp()).inputs, adaptation_to_louder().target)
            ]
            apart.append(float(coral(*(network.embed(batch) for batch in batches))))
    assert apart[1] < 0.3 * apart[0]


def test_of_epochs_that_are_as_good_the_longest_adapted_is_the_best(tmp_path):
    scores = iter([0.5, 0.7, 0.7])
    epochs, _ = fit(tmp_path, adapt={"adapt": "dann"}, score=lambda *_: next(scores))
    assert [one.best for one in epochs] == [True, True, True]
