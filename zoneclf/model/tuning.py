"""Settings of a strategy, searched by log loss on folds of the user's training tracks.

Optuna proposes them (extra `tune`): a tree-structured Parzen estimator (Bergstra et al.,
"Algorithms for hyper-parameter optimization", NIPS 2011).  The settings in force are the first
trial.  What wins among many wins by luck as well, so the best is compared with the settings in
force once more, on other folds, and is taken only if it is better there beyond noise.
"""

import hashlib
import importlib.util
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from zoneclf.errors import MissingExtraError, SettingsError, TableError
from zoneclf.model.comparison import compare, fold_count, track_losses
from zoneclf.model.search_space import ranges_of, space_of, start_of
from zoneclf.model.strategies import AUTO, fit
from zoneclf.model.task import Task
from zoneclf.model.trials import Trial, TrialLog
from zoneclf.model.validation import out_of_fold
from zoneclf.settings import TrainSettings

# Goes up when what is searched changes, so that older trials are not gone on with.
_VERSION = 1
# Added to the seed of the folds on which the best is compared with the settings in force.
_OTHER_FOLDS = 1000


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    `chosen` are the best trial's settings by key, `before` and `best` the log loss of the first
    trial and of the best; `difference` and `ci95` compare the two on other folds and are None if
    the first was best.  `settings` are those to train with.
    """

    settings: TrainSettings
    chosen: dict[str, Any]
    trials: int
    before: float
    best: float
    difference: float | None
    ci95: tuple[float, float] | None

    @property
    def is_taken(self) -> bool:
        """Whether the best settings are better beyond noise."""
        return self.ci95 is not None and self.ci95[1] < 0

    def as_json(self) -> dict[str, Any]:
        """Return plain values, for the card."""
        raw = asdict(self)
        del raw["settings"]
        return {**raw, "taken": self.is_taken}


def require_tunable(settings: TrainSettings) -> None:
    """Check that there is something to search and something to search with.

    Raises
    ------
    SettingsError
        If the strategy is `auto`, or leaves nothing to search.
    MissingExtraError
        If Optuna is not installed.
    """
    if settings.strategy == AUTO:
        raise SettingsError(
            "--tune: searches the settings of one strategy; name it with --strategy, auto tells "
            "which is best"
        )
    if not ranges_of(settings):
        raise SettingsError(
            f"--tune: {settings.strategy} has nothing to search while user_weight is auto; give "
            "--user-weight a number"
        )
    if importlib.util.find_spec("optuna") is None:
        raise MissingExtraError("tune", "optuna")


def search_key(task: Task) -> str:
    """Return a hash of all that a trial's log loss depends on, and of what is searched."""
    table, settings = task.table, replace(task.settings, threads=1)
    values = np.ascontiguousarray(table.features.to_numpy(np.float32))
    about = table.about[
        [name for name in table.about.columns if str(name).endswith("_se")]
    ].to_numpy(np.float64)
    parts = [values, table.codes, about]
    told = [_VERSION, asdict(settings), table.zones, sorted(task.own), table.spec.digest]
    told += [list(table.about["track_id"]), list(map(str, table.group))]
    told += [hashlib.sha256(part.tobytes()).hexdigest() for part in parts]
    text = json.dumps(told, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def search(
    task: Task,
    log: TrialLog,
    count: int,
    tell: Callable[[int, float], None] = lambda *_: None,
) -> Tuned:
    """Return the best of `count` trials, those of earlier runs among them.

    Trial n depends on the seed and the trials before it alone, so that a search that was
    interrupted ends where it would have ended.

    `task` holds the training tracks and the settings to start from; `log` keeps the trials, `count`
    of them altogether; `tell` is called with how many are done and the lowest log loss so far.

    Raises
    ------
    TableError
        If the user's tracks are too few for folds, or the log is of another search.
    """
    fold_count(task)
    trials, proposals = log.read(), _Proposals(task)
    try:
        for trial in trials:
            proposals.learn(trial)
    except (ValueError, TypeError):  # not what is searched, or outside the ranges
        raise TableError(f"{log.path}: is of another search; delete the file") from None
    while len(trials) < count:
        tell(len(trials), min((trial.log_loss for trial in trials), default=np.inf))
        chosen = proposals.next(len(trials)) if trials else start_of(task)
        trial = Trial(chosen, _log_loss(_with(task, chosen)))
        log.add(trial)
        proposals.learn(trial)
        trials.append(trial)
    trials = trials[:count]
    tell(len(trials), min(trial.log_loss for trial in trials))
    return _judged(task, trials)


class _Proposals:
    """Settings to try next, from what earlier trials gave."""

    def __init__(self, task: Task) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._optuna, self._seed = optuna, task.settings.seed
        self._space = space_of(task)
        self._study = optuna.create_study()

    def learn(self, trial: Trial) -> None:
        """Add a trial."""
        told = {"params": trial.chosen, "distributions": self._space, "value": trial.log_loss}
        self._study.add_trial(self._optuna.trial.create_trial(**told))

    def next(self, number: int) -> dict[str, Any]:
        """Return the settings of trial `number`."""
        sampler = self._optuna.samplers.TPESampler(seed=self._seed + number)
        fresh = self._optuna.create_study(sampler=sampler)
        fresh.add_trials(self._study.trials)
        found: dict[str, Any] = fresh.ask(self._space).params
        return found


def _judged(task: Task, trials: list[Trial]) -> Tuned:
    """Compare the best trial with the first on folds that neither was chosen by."""
    first, best = trials[0], min(trials, key=lambda trial: trial.log_loss)
    tuned = Tuned(
        task.settings, best.chosen, len(trials), first.log_loss, best.log_loss, None, None
    )
    if best.log_loss >= first.log_loss:
        return tuned
    other = replace(task, settings=replace(task.settings, seed=task.settings.seed + _OTHER_FOLDS))
    fits = {
        "before": fit,
        "best": lambda part: fit(_with(part, best.chosen)),
    }
    found = {one.name: one for one in compare(other, fits, baseline="before")}["best"]
    judged = replace(tuned, difference=found.difference, ci95=found.ci95)
    if judged.is_taken:
        judged = replace(judged, settings=_with(task, best.chosen).settings)
    return judged


def _log_loss(task: Task) -> float:
    settings, own = task.settings, task.is_own
    found = out_of_fold(
        task, {"one": fit}, own, count=fold_count(task), repeats=settings.inner_repeats
    )
    return float(track_losses(task.table.codes[own], found["one"]).mean())


def _with(task: Task, chosen: dict[str, Any]) -> Task:
    return replace(task, settings=replace(task.settings, **chosen))
