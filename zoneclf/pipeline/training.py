"""The labelled table -> a model folder with its card; the holdout is drawn here, once."""

import datetime
import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from zoneclf.errors import OutputError, TableError, UsageError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.card import ModelCard
from zoneclf.model.predictors import Calibrated
from zoneclf.model.preparation import prepare
from zoneclf.model.reference import reference_of
from zoneclf.model.splits import Holdout, load_or_draw
from zoneclf.model.starter import STARTER, load_starter
from zoneclf.model.strategies import OWN_ONLY, fit, require_known
from zoneclf.model.task import Task
from zoneclf.model.tuning import require_tunable
from zoneclf.pipeline.contexts import contexts_of
from zoneclf.pipeline.embedding import require_whole_tracks, table_for
from zoneclf.pipeline.labelling import labelled_only, zone_map
from zoneclf.pipeline.measuring import Measured, measure
from zoneclf.pipeline.provenance import data_of, save_with_cards
from zoneclf.pipeline.shaping import matched
from zoneclf.pipeline.tasks import task_for
from zoneclf.pipeline.tuning import tuned
from zoneclf.pipeline.versions import versions_used
from zoneclf.pipeline.workspace import Voice, Workspace, own_sources
from zoneclf.report.card import comparison_lines
from zoneclf.report.tuning import OPTIMISM
from zoneclf.settings import Settings
from zoneclf.store import TableNote


@dataclass(frozen=True)
class Trained:
    """A new model: its folder and card, and the sources whose zones it is for."""

    folder: Path
    card: ModelCard
    own: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return in words what was made, what it was chosen from, and what it promises."""
        card, mine = self.card, " and ".join(self.own)
        said = [f"{self.folder}: {len(card.spec.features)} features, zones {', '.join(card.zones)}"]
        said += comparison_lines(card.comparison)
        if card.scores:
            low, high = card.scores["accuracy_ci95"]
            said.append(
                f"expected on {mine} tracks ({card.scores['folds']}-fold cross-validation, n = "
                f"{card.scores['n']}): accuracy {card.scores['accuracy']:.2f}, 95 % interval "
                f"{low:.2f} to {high:.2f}, log loss {card.scores['log_loss']:.3f}"
            )
        if card.scores and card.tuning.get("taken"):
            said.append(OPTIMISM)
        return said


def train(
    workspace: Workspace,
    settings: Settings,
    name: str,
    voice: Voice,
    *,
    trials: int = 0,
    timeline: bool = False,
) -> Trained:
    """Train a model on all labelled tracks outside the holdout, or contexts of them; store it.

    Raises
    ------
    TableError
        If too few tracks are labelled to draw a holdout or to learn from.
    SettingsError
        If the name is a path.
    OutputError
        If there is a model of that name.
    """
    known = require_known(settings.train.strategy)
    folder = _new_folder(workspace.models, name, "timeline" if timeline else known)
    if trials:
        require_tunable(settings.train)
    require_whole_tracks(settings.train, timeline=timeline)
    table, note = table_for(workspace, settings, voice)
    training, holdout, own = training_rows(workspace, settings, table, voice)
    task = task_for(training, own, settings.train, zone_map(settings))
    task = _of_contexts(workspace, settings, task, voice) if timeline else task
    voice.say(_announced(task, holdout))
    task, searched = tuned(workspace, task, trials, voice) if trials else (task, None)
    measured = measure(task, settings, voice)
    final = replace(task, settings=replace(task.settings, strategy=measured.taken))
    predictor = Calibrated(fit(final), measured.temperature)
    card = _card(folder.name, task, note, holdout, measured)
    learnt = training.take(np.isin(training.source, list(card.sources)))
    data = data_of(workspace, table, note, training=learnt, holdout=holdout)
    card = replace(card, data=data, tuning=searched.as_json() if searched else {})
    card = save_with_cards(predictor, card, folder, reference=reference_of(task.table, own))
    return Trained(folder, card, tuple(sorted(own)))


def _announced(task: Task, holdout: Holdout) -> str:
    return (
        f"training {task.settings.strategy} on {_counted(task.table)}, seed {task.settings.seed}; "
        f"{len(holdout.track_ids)} tracks held out"
    )


def _of_contexts(workspace: Workspace, settings: Settings, task: Task, voice: Voice) -> Task:
    """Return the task of learning from contexts cut from the tracks of one."""
    if task.starter is not None:
        raise UsageError("--timeline: the starter knows whole tracks; leave out --from-starter")
    pieces = contexts_of(workspace, settings, task.table, voice)
    # Kernels around so many would not fit into memory.
    return replace(task, table=pieces, settings=replace(task.settings, keep_rows=False))


def training_rows(
    workspace: Workspace, settings: Settings, table: LabelledTable, voice: Voice
) -> tuple[LabelledTable, Holdout, frozenset[str]]:
    """Return the rows to learn from, the holdout, and the user's sources.

    Rows are labelled, outside the holdout, of no artist in it, and of the user's sources alone
    where the strategy learns from nothing else.

    Raises
    ------
    TableError
        If no track is labelled, or too few to draw a holdout.
    """
    own = own_sources(table, settings)
    labelled = labelled_only(table)
    if not len(labelled):
        raise TableError(
            "no track has a zone; write zones into your label file, then run zoneclf train"
        )
    labelled = matched(workspace, settings, labelled, settings.train.match_length_s)
    mine = np.isin(labelled.source, list(own))
    alone = settings.train.strategy in OWN_ONLY or settings.train.from_starter
    used = labelled.take(mine) if alone else labelled
    prepared, remarks = prepare(used, settings.train.features)
    for remark in remarks:
        voice.say(remark)
    first = not workspace.holdout.is_file()
    holdout = load_or_draw(
        workspace.holdout, labelled, own, settings.evaluation, settings.train.seed
    )
    if first:
        voice.say(
            f"holdout drawn: {len(holdout.track_ids)} of the {', '.join(sorted(own))} tracks are "
            f"kept from all training ({workspace.holdout})"
        )
    gone = len(holdout.track_ids) - int(holdout.rows(labelled).sum())
    if gone:
        voice.warn(f"{gone} of {len(holdout.track_ids)} holdout tracks are no longer in the table")
    return _learnable(prepared, labelled, holdout), holdout, own


def _learnable(prepared: LabelledTable, labelled: LabelledTable, holdout: Holdout) -> LabelledTable:
    """Return the prepared rows that `holdout` lets a model learn from, judged by all labelled."""
    allowed = labelled.about["track_id"][holdout.learnable(labelled)]
    return prepared.take(prepared.about["track_id"].isin(allowed).to_numpy())


def _card(
    name: str,
    task: Task,
    note: TableNote,
    holdout: Holdout,
    measured: Measured,
) -> ModelCard:
    # What was compared and not taken has left nothing in the model, nor its licence.
    alone = measured.taken in OWN_ONLY
    table = task.own_rows if alone else task.table
    sources = _counts(table)
    used = [note.notes["sources"][source] for source in sources]
    if task.starter is not None and not alone:
        starter = load_starter().card
        sources[STARTER] = starter.sources["deam"]
        used.append(vars(starter))
    repairs = {part.get("label_repair") for part in used} - {None}
    return ModelCard(
        name=name,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds"),
        zones=table.zones,
        spec=table.spec,
        extractors={name: made for part in used for name, made in part["extractors"].items()},
        strategy=task.settings.strategy,
        taken=measured.taken,
        settings=asdict(task.settings),
        sources=sources,
        rule=str(note.notes["rule"]),
        label_repair=", ".join(sorted(map(str, repairs))),
        training=ids_digest(table),
        holdout=holdout.checksum,
        licence=max(part["licence"] for part in used),
        versions=versions_used(),
        calibration=measured.calibration,
        comparison=[contender.as_json() for contender in measured.comparison],
        scores=measured.scores,
    )


def _counts(table: LabelledTable) -> dict[str, dict[str, int]]:
    """Return the tracks of every source by zone."""
    names = np.array(table.zones)[table.codes]
    return {
        str(source): dict(Counter(names[table.source == source].tolist()))
        for source in np.unique(table.source)
    }


def _counted(table: LabelledTable) -> str:
    names, counts = np.unique(table.source, return_counts=True)
    return " + ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))


def _new_folder(models: Path, name: str, strategy: str) -> Path:
    """Return the folder of a new model; asked before any work."""
    if name in {".", ".."} or Path(name).name != name:
        raise UsageError(f"--name {name}: is a path; give a plain name")
    if name == STARTER:
        raise UsageError(f"--name {name}: is the model that comes with zoneclf; choose another")
    if models.exists() and not models.is_dir():
        raise OutputError(f"{models}: is no folder; move it away")
    folder = models / (name or _free_name(models, strategy))
    if folder.exists():
        raise OutputError(f"{folder}: is already there; choose another --name")
    return folder


def _free_name(models: Path, strategy: str) -> str:
    number = 1
    while (models / f"{strategy}-{number}").exists():
        number += 1
    return f"{strategy}-{number}"


def ids_digest(table: LabelledTable) -> str:
    """Return a hash of which tracks a table holds."""
    text = "\n".join(sorted(table.about["track_id"]))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
