"""A stored model and the labelled tracks that it is judged on: by holdout or by folds."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zoneclf import __version__
from zoneclf.errors import ModelError, TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.artifact import ZoneModel
from zoneclf.model.calibration import sets_of
from zoneclf.model.card import train_settings
from zoneclf.model.splits import Holdout, load_holdout
from zoneclf.model.task import Task
from zoneclf.pipeline.choosing import chosen_model
from zoneclf.pipeline.embedding import with_embeddings
from zoneclf.pipeline.labelling import current_table, labelled_only, zone_map
from zoneclf.pipeline.shaping import matched
from zoneclf.pipeline.tasks import task_for
from zoneclf.pipeline.training import ids_digest
from zoneclf.pipeline.workspace import Voice, Workspace, now, own_sources
from zoneclf.report.evaluation import Evaluation, cross_validate, on_holdout
from zoneclf.report.zone_sets import with_sets
from zoneclf.settings import Settings
from zoneclf.tracks.excerpts import longest_of


@dataclass(frozen=True)
class Case:
    """What is judged: a model, and labelled tracks with all features that were extracted."""

    workspace: Workspace
    settings: Settings
    model: ZoneModel
    labelled: LabelledTable
    holdout: Holdout
    own: frozenset[str]
    voice: Voice

    @property
    def learnable(self) -> LabelledTable:
        """The labelled tracks that may be learnt from, with all features."""
        return self.labelled.take(self.holdout.learnable(self.labelled))

    @cached_property
    def task(self) -> Task:
        """The model's own training, to be repeated on folds of its training tracks."""
        training = self.learnable.with_features(self.model.card.spec.features)
        rule = zone_map(self.settings)
        return task_for(training, self.own, train_settings(self.model.card), rule)

    def crossed(self, repeats: int) -> Evaluation:
        """Return out-of-fold predictions of the training tracks, calibrated on folds as well.

        Raises
        ------
        TableError
            If there are too few tracks for folds.
        """
        found = cross_validate(
            self.task,
            count=self.settings.evaluation.folds,
            repeats=repeats,
            progress=lambda done, total: self.voice.progress("cross-validate", done, total),
        )
        return self._with_sets(found.calibrated(self.own))

    def held_out(self) -> tuple[Evaluation, tuple[str, ...]]:
        """Return the stored model's predictions of the holdout, and remarks on what is gone.

        Raises
        ------
        TableError
            If none of its tracks is labelled any more.
        """
        table = self.labelled.take(self.holdout.rows(self.labelled))
        if not len(table):
            raise TableError(
                "dataset/holdout.json: none of its tracks is labelled any more; delete it "
                "to draw another, and train again"
            )
        table = table.with_features(self.model.card.spec.features)
        remarks: tuple[str, ...] = ()
        if len(table) < len(self.holdout.track_ids):
            gone = len(self.holdout.track_ids) - len(table)
            remark = f"{gone} of {len(self.holdout.track_ids)} holdout tracks are no longer"
            remarks = (f"{remark} in the table.",)
        found = on_holdout(table, self.model.probabilities(table.features))
        return self._with_sets(found), remarks

    def by_source(self, evaluation: Evaluation) -> dict[str, Evaluation]:
        """Return the parts of an evaluation, the user's sources first."""
        names = map(str, np.unique(evaluation.table.source))
        ordered = sorted(names, key=lambda name: (name not in self.own, name))
        return {name: evaluation.of(frozenset({name})) for name in ordered}

    @property
    def changed(self) -> tuple[str, ...]:
        """A remark if the training tracks are no longer those that the model learnt from."""
        card, table = self.model.card, self.task.table
        if ids_digest(table.take(np.isin(table.source, list(card.sources)))) == card.training:
            return ()
        learnt = sum(sum(zones.values()) for zones in card.sources.values())
        remark = (
            f"Labels or tracks have changed since the model learnt from {learnt} tracks; what is "
            "cross-validated here is its training on those of now."
        )
        return (remark,)

    def facts(self, split: str) -> dict[str, Any]:
        """Return what a run is to say of how it was made."""
        card, settings, task = self.model.card, self.settings, self.task
        return {
            "created": now(),
            "model": card.name,
            "strategy": card.strategy,
            "split": split,
            "folds": settings.evaluation.folds,
            "repeats": settings.evaluation.repeats if split == "cv" else 1,
            "seed": task.settings.seed,
            "training tracks": sum(sum(zones.values()) for zones in card.sources.values()),
            "training set": card.training,
            "features": len(card.spec.features),
            "feature definition": f"{card.spec.descriptors}, spec {card.spec.digest}",
            "rule": card.rule,
            "DEAM labels": card.label_repair or "not used",
            "licence": card.licence or "unrestricted",
            "zoneclf": __version__,
            "settings": card.settings,
        }

    def _with_sets(self, evaluation: Evaluation) -> Evaluation:
        sets = sets_of(self.model.card.calibration, self.model.card.zones)
        return evaluation if sets is None else with_sets(evaluation, sets, self.own)


def case_of(workspace: Workspace, settings: Settings, name: str, voice: Voice) -> Case:
    """Return the case of the model called `name`, or of the newest one.

    Raises
    ------
    ModelError
        If the model was trained with another holdout or on features of another spec.
    """
    model = chosen_model(workspace, name)
    table, note = current_table(workspace, settings, voice)
    learnt = train_settings(model.card).features
    table, note = with_embeddings(
        workspace, table, note, features=learnt, needed=model.card.sources, voice=voice
    )
    table = matched(workspace, settings, labelled_only(table), longest_of(model.card.spec))
    model.require_spec(table.spec, {o.extractor: o.extractor_version for o in note.origins})
    if table.zones != model.card.zones:
        raise ModelError(
            f"model {model.card.name}: knows the zones {', '.join(model.card.zones)}, the table "
            f"{', '.join(table.zones)}; train again"
        )
    own = own_sources(table, settings)
    holdout = load_holdout(workspace.holdout, own)
    if holdout.checksum != model.card.holdout:
        raise ModelError(
            f"model {model.card.name}: was trained with another holdout and may have learnt from "
            "this one; train again"
        )
    return Case(workspace, settings, model, table, holdout, own, voice)
