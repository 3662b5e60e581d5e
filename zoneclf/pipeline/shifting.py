"""How the user's tracks differ from the others', measured on a case's training tracks."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.labels.variants import normalise_level
from zoneclf.model.predictors import Probabilities
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.pipeline.judging import Case
from zoneclf.pipeline.shaping import matched
from zoneclf.report.chapter import Chapter
from zoneclf.report.shift import own_rows
from zoneclf.report.shift_chapter import Thorough, shift_chapter
from zoneclf.report.source_classifier import tell_variants
from zoneclf.report.transfer import source_matrix
from zoneclf.tracks.embeddings import has_embeddings
from zoneclf.tracks.excerpts import longest_of


def shift_of(case: Case, *, thorough: bool) -> Chapter:
    """Return the chapter; `thorough` also fits models of one source to judge on the other."""
    table, learnt = case.learnable, case.model.card.spec.features
    mine = own_rows(table, case.own)
    both = bool(mine.any() and not mine.all())
    more = _thorough(case, table) if thorough and both else None
    return shift_chapter(table, case.own, learnt=learnt, thorough=more)


def _thorough(case: Case, table: LabelledTable) -> Thorough:
    tables, remarks = _variants(case, table)
    count = len(np.unique(table.source))
    folds = case.settings.evaluation.folds
    total = len(tables) + count * (count + 1) * folds
    steps = iter(range(1, total + 1))

    def step() -> None:
        case.voice.progress("compare sources", next(steps, total), total)

    told = []
    for name, variant in tables.items():
        try:
            told.append(tell_variants({name: variant}, case.own))
        except TableError as error:
            remarks.append(f"Not judged {name}: {error}.")
        step()
    learnt = table.with_features(case.model.card.spec.features)
    matrix = source_matrix(learnt, _plain(case, step), count=folds, seed=case.task.settings.seed)
    case.voice.progress("compare sources", total, total)
    variants = pd.concat(told, ignore_index=True) if told else pd.DataFrame()
    return Thorough(variants, matrix, tuple(remarks))


def _variants(case: Case, table: LabelledTable) -> tuple[dict[str, LabelledTable], list[str]]:
    """Return the table with something taken away, by name, and why a variant is missing."""
    learnt = table.with_features(case.model.card.spec.features)
    found = {"all features": table, "what the model learns from": learnt}
    remarks: list[str] = []
    makers: dict[str, Callable[[], LabelledTable]] = {
        "without level": lambda: normalise_level(learnt)
    }
    shorter = _shorter_s(table, case.own)
    if shorter and not longest_of(table.spec) and not has_embeddings(learnt.spec):
        makers[f"{shorter:.0f} s each"] = lambda: matched(
            case.workspace, case.settings, learnt, shorter
        )
    for name, make in makers.items():
        try:
            found[name] = make()
        except TableError as error:
            remarks.append(f"Not judged {name}: {error}.")
    return found, remarks


def _shorter_s(table: LabelledTable, own: frozenset[str]) -> float:
    """Return the median length of the side whose tracks are the shorter, 0 if not known."""
    length = table.about["duration_s"].to_numpy(dtype=np.float64)
    mine = own_rows(table, own)
    sides = [part[np.isfinite(part)] for part in (length[mine], length[~mine])]
    if not all(part.size for part in sides):
        return 0.0
    return float(np.round(min(np.median(part) for part in sides)))


def _plain(
    case: Case, step: Callable[[], None]
) -> Callable[[LabelledTable], Callable[[pd.DataFrame], Probabilities]]:
    """Return what fits trees to any source's tracks, all alike."""
    plain = replace(
        case.task.settings,
        strategy="weighted",
        learner="trees",
        user_weight=1.0,
        normalise="none",
        domain_adapt="none",
        soft_labels=False,
    )

    def learn(table: LabelledTable) -> Callable[[pd.DataFrame], Probabilities]:
        step()
        return fit(Task(table, case.own, plain)).probabilities

    return learn
