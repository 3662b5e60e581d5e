"""The search for settings: resumable, the same for a seed, never on tracks that are held out."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from zoneclf.errors import MissingExtraError, SettingsError, TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model import tuning
from zoneclf.model.card import read_card
from zoneclf.model.search_space import space_of, start_of
from zoneclf.model.strategies import FIXED
from zoneclf.model.task import Task
from zoneclf.model.trials import Trial, TrialLog
from zoneclf.model.tuning import Tuned, require_tunable, search, search_key
from zoneclf.model.validation import out_of_fold
from zoneclf.pipeline import training
from zoneclf.report.tuning import OPTIMISM, tuning_line
from zoneclf.settings import Settings, TrainSettings
from zoneclf.store import TableNote

pytest.importorskip("optuna")
OWN = frozenset({"user"})
Make = Callable[..., LabelledTable]
# So strong a penalty says little, so that there is something to find.
POOR = TrainSettings(
    strategy="user-only", learner="linear", linear_penalty=200.0, inner_folds=2, inner_repeats=1
)


def task_of(table: LabelledTable, **changed: object) -> Task:
    return Task(table, OWN, replace(POOR, **changed))


@pytest.fixture
def only_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search the penalty of a linear model alone: quick."""
    monkeypatch.setattr(
        "zoneclf.model.search_space._RANGES", {"user-only": {"linear_penalty": (0.01, 300.0)}}
    )
    monkeypatch.setattr("zoneclf.model.search_space._CHOICES", {"user-only": {}})


@pytest.mark.usefixtures("only_linear")
def test_the_first_trial_is_the_settings_in_force(make_table: Make, tmp_path: Path) -> None:
    log = TrialLog(tmp_path / "log")
    found = search(task_of(make_table(60)), log, 4)
    trials = log.read()
    assert trials[0].chosen == {"linear_penalty": 200.0}
    assert found.before == trials[0].log_loss
    assert found.best == min(trial.log_loss for trial in trials) <= found.before


@pytest.mark.usefixtures("only_linear")
def test_what_is_better_beyond_noise_is_taken(make_table: Make, tmp_path: Path) -> None:
    found = search(task_of(make_table(90)), TrialLog(tmp_path / "log"), 8)
    assert found.is_taken
    assert found.difference is not None
    assert found.difference < 0
    assert found.settings == replace(POOR, **found.chosen)
    assert found.settings.linear_penalty < 100
    assert "so it takes linear_penalty" in tuning_line(found.as_json())


@pytest.mark.usefixtures("only_linear")
def test_without_anything_to_find_the_settings_stay(make_table: Make, tmp_path: Path) -> None:
    table = make_table(90)
    np.random.default_rng(1).shuffle(table.codes)
    task = task_of(table)  # labels that say nothing want the strongest penalty
    found = search(task, TrialLog(tmp_path / "log"), 8)
    assert not found.is_taken
    assert found.settings == task.settings
    assert "they stay as they are" in tuning_line(found.as_json())


@pytest.mark.usefixtures("only_linear")
def test_a_search_goes_on_where_it_was_interrupted(make_table: Make, tmp_path: Path) -> None:
    task = task_of(make_table(60))
    whole = TrialLog(tmp_path / "whole")
    expected = search(task, whole, 14)
    parts = TrialLog(tmp_path / "parts")

    def interrupt(done: int, best: float) -> None:
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(task, parts, 14, interrupt)
    assert len(parts.read()) == 12
    with parts.path.open("a") as stream:
        stream.write('{"chosen": {"linear_')  # killed while it wrote
    assert asdict(search(task, parts, 14)) == asdict(expected)
    assert parts.path.read_bytes() == whole.path.read_bytes()


@pytest.mark.usefixtures("only_linear")
def test_nothing_is_tried_twice(
    make_table: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, log = task_of(make_table(60)), TrialLog(tmp_path / "log")
    search(task, log, 4)
    monkeypatch.setattr(tuning, "_log_loss", None)
    assert search(task, log, 4).trials == 4


@pytest.mark.usefixtures("only_linear")
def test_another_seed_tries_other_settings(make_table: Make, tmp_path: Path) -> None:
    tried = []
    for seed in (0, 1):
        log = TrialLog(tmp_path / str(seed))
        search(task_of(make_table(60), seed=seed), log, 3)
        tried.append([trial.chosen for trial in log.read()])
    assert tried[0][0] == tried[1][0]
    assert tried[0][1:] != tried[1][1:]


def test_the_key_tells_searches_apart(make_table: Make) -> None:
    table = make_table(60, share_of_user=0.5)
    task = task_of(table)
    relabelled = replace(table, codes=np.roll(table.codes, 1))
    moved = replace(table, features=table.features + 1)
    others = [
        task_of(relabelled),
        task_of(moved),
        task_of(table.take(np.arange(59))),
        task_of(table, strategy="weighted"),
        task_of(table, seed=1),
        replace(task, own=frozenset({"deam"})),
    ]
    keys = {search_key(other) for other in (task, *others)}
    assert len(keys) == 1 + len(others)
    assert search_key(task_of(make_table(60, share_of_user=0.5), threads=2)) == search_key(task)


@pytest.mark.parametrize("strategy", FIXED)
def test_every_searched_setting_is_one_and_its_start_is_allowed(
    make_table: Make, strategy: str
) -> None:
    table = make_table(60, share_of_user=0.5)
    about = table.about.assign(arousal_se=0.3, valence_se=0.3)
    task = task_of(replace(table, about=about), strategy=strategy, rounds=5000, l2=0.0)
    space, start = space_of(task), start_of(task)
    assert set(space) == set(start)
    for key, value in start.items():
        assert space[key]._contains(space[key].to_internal_repr(value)), key
    assert ("soft_labels" in space) == (strategy not in {"user-only", "affect"})
    assert ("user_weight" in space) == (strategy in {"weighted", "balanced", "ensemble", "affect"})


def test_what_is_chosen_automatically_is_not_searched(make_table: Make) -> None:
    task = task_of(make_table(), strategy="ensemble", user_weight="auto", ensemble_weight="auto")
    assert not {"user_weight", "ensemble_weight"} & set(space_of(task))


def test_what_cannot_be_searched_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="--tune: searches the settings of one strategy; name"):
        require_tunable(replace(POOR, strategy="auto"))
    with pytest.raises(SettingsError, match="affect has nothing to search while user_weight is"):
        require_tunable(replace(POOR, strategy="affect", user_weight="auto"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"optuna is not installed; run: pip install 'zone"):
        require_tunable(POOR)


def test_too_few_tracks_are_refused(make_table: Make, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="are too few to compare ways to learn"):
        search(task_of(make_table(3)), TrialLog(tmp_path / "log"), 2)
    assert not (tmp_path / "log").exists()


@pytest.mark.usefixtures("only_linear")
@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"chosen": {"eta": 0.1}, "log_loss": 1.0}', "is of another search; delete the file"),
        ('{"chosen": {"linear_penalty": 1e9}, "log_loss": 1}', "is of another search; delete"),
        ('{"chosen": {"linear_penalty": "x"}, "log_loss": 1}', "is of another search; delete"),
        ('{"chosen": {}, "log_loss": NaN}', "line 1 is no trial; delete the file"),
        ("[]", "line 1 is no trial; delete the file"),
    ],
)
def test_a_log_that_was_edited_is_refused(
    make_table: Make, tmp_path: Path, line: str, complaint: str
) -> None:
    log = TrialLog(tmp_path / "log")
    log.path.write_text(line + "\n")
    with pytest.raises(TableError, match=complaint):
        search(task_of(make_table(60)), log, 2)


def test_trials_are_read_as_they_were_written(tmp_path: Path) -> None:
    log = TrialLog(tmp_path / "log")
    trials = [Trial({"eta": 0.1 + 0.2, "learner": "trees"}, 1 / 3), Trial({}, 0.0)]
    for trial in trials:
        log.add(trial)
    assert log.read() == trials


class Quiet:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    warn = say

    def progress(self, what: str, done: int, total: int, detail: str = "") -> None: ...


@pytest.fixture
def in_a_workspace(make_table: Make, monkeypatch: pytest.MonkeyPatch) -> LabelledTable:
    """A workspace whose unified table is a toy."""
    table = make_table(150, share_of_user=0.6)
    table = replace(table, about=table.about.assign(duration_s=180.0))
    about = {"extractors": {}, "licence": ""}
    notes = {"sources": {"user": about, "deam": about}, "rule": "toy"}
    note = TableNote(spec=table.spec, origins=(), notes=notes)
    monkeypatch.setattr(training, "table_for", lambda *_, **__: (table, note))
    monkeypatch.setattr(training, "prepare", lambda used, _: (used, ()))
    return table


@pytest.mark.usefixtures("only_linear")
def test_the_search_never_sees_the_holdout(
    in_a_workspace: LabelledTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()

    def spied(task: Task, *arguments: object, **named: object) -> object:
        seen.update(task.table.about["track_id"])
        return out_of_fold(task, *arguments, **named)

    for place in ("tuning", "comparison"):
        monkeypatch.setattr(f"zoneclf.model.{place}.out_of_fold", spied)
    workspace, voice = training.Workspace(tmp_path), Quiet()
    settings = Settings(train=POOR)
    made = training.train(workspace, settings, "toy", voice, trials=6)
    held_out = set(json.loads(workspace.holdout.read_text())["track_ids"])
    assert held_out
    assert seen
    assert not seen & held_out
    card = read_card(made.folder)
    assert card.tuning["taken"]
    assert card.settings["linear_penalty"] == card.tuning["chosen"]["linear_penalty"] < 200
    assert OPTIMISM in (made.folder / "MODEL_CARD.md").read_text()
    assert OPTIMISM in made.lines()
    training.train(workspace, settings, "again", voice, trials=6)
    assert any("going on after 6 trials in" in line for line in voice.said)


def test_the_words_say_what_was_found() -> None:
    tuned = Tuned(
        POOR, {"eta": 0.0312345, "learner": "blend"}, 9, 0.71, 0.65, -0.05, (-0.08, -0.02)
    )
    assert tuning_line(tuned.as_json()) == (
        "9 trials: log loss on inner folds 0.710 with the settings in force, 0.650 with the best; "
        "-0.050 (-0.080 to -0.020) on other folds, so it takes eta 0.0312, learner blend"
    )
    doubtful = replace(tuned, ci95=(-0.08, 0.01))
    assert "not better beyond noise, so they stay as they are" in tuning_line(doubtful.as_json())
