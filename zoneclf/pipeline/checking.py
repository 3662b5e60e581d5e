"""What ``zoneclf doctor`` looks at: environment, data, DEAM's labels, tables, models."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from zoneclf import __version__
from zoneclf.audio.files import FFMPEG_SUFFIXES
from zoneclf.errors import ZoneclfError
from zoneclf.labels.deam import load_deam
from zoneclf.labels.library import find_label_file, read_label_file
from zoneclf.labels.table import load_unified
from zoneclf.model.artifact import load_model
from zoneclf.model.card import CARD
from zoneclf.model.splits import load_holdout
from zoneclf.model.starter import load_starter
from zoneclf.pipeline.contexts import spec_at
from zoneclf.pipeline.labelling import zone_map
from zoneclf.pipeline.planning import sound_reader
from zoneclf.pipeline.workspace import Workspace, own_sources
from zoneclf.report.shift import standardised_difference
from zoneclf.settings import Settings
from zoneclf.store import read_note
from zoneclf.tracks.contexts import context_of
from zoneclf.tracks.embeddings import (
    KINDS,
    embedded_part,
    has_embeddings,
    has_others,
    joined_spec,
    kind_of,
    read_embeddings,
)
from zoneclf.tracks.excerpts import longest_of, middle_spec
from zoneclf.tracks.pooling import track_spec
from zoneclf.tracks.track_table import load_tracks

# Fewer tracks than this differ from any others by chance.
_FEWEST_FOR_DRIFT = 10
_FAR = 1.0


@dataclass(frozen=True)
class Check:
    """One thing looked at; `verdict` is ``ok``, ``note`` or ``bad``."""

    verdict: str
    what: str
    detail: str


def check_all(workspace: Workspace, settings: Settings) -> list[Check]:
    """Return every check, in the order of the data's way."""
    return [
        *_environment(),
        *_data(settings),
        *_tables(workspace, settings),
        *_neural(workspace),
        *_models(workspace, settings),
        *_drift(workspace, settings),
    ]


def _environment() -> Iterator[Check]:
    yield Check("ok", "zoneclf", f"{__version__} on Python {sys.version.split()[0]}")
    yield Check("ok", "libsndfile", soundfile.__libsndfile_version__)
    lost = ", ".join(sorted(FFMPEG_SUFFIXES))
    if shutil.which("ffmpeg") and shutil.which("ffprobe"):
        yield Check("ok", "ffmpeg", "there")
    else:
        yield Check("note", "ffmpeg", f"not installed: cannot read {lost}, nor headerless VBR mp3")
    has = importlib.util.find_spec("opensmile") is not None
    detail = "there (non-commercial)" if has else "not installed; --method frames does without"
    yield Check("ok" if has else "note", "opensmile", detail)


def _data(settings: Settings) -> Iterator[Check]:
    try:
        zones = zone_map(settings)
        yield Check("ok", "zones", f"{', '.join(zones.names)} ({settings.labels.zone_mapping})")
    except ZoneclfError as error:
        yield Check("bad", "zones", str(error))
        return
    for name, source in settings.sources.items():
        try:
            if source.kind == "deam":
                if source.root is None or not source.root.is_dir():
                    yield Check("note", name, f"{source.root} is not there")
                    continue
                found = load_deam(source.root, settings.labels.deam)
                yield Check("ok", name, f"{len(found.songs)} songs; {'; '.join(found.statements)}")
            elif source.labels is not None:
                path = find_label_file(source.labels)
                if path is None:
                    yield Check("note", name, f"{source.labels} is not there")
                    continue
                rows = read_label_file(path, zones.names)
                missing = sum(not row.path.is_file() for row in rows)
                detail = f"{path}: {len(rows)} tracks, {missing} of them not on disk"
                yield Check("bad" if missing else "ok", name, detail)
        except ZoneclfError as error:
            yield Check("bad", name, str(error))


def _tables(workspace: Workspace, settings: Settings) -> Iterator[Check]:
    reader = sound_reader(settings, "frames")
    spec = track_spec(reader.spec, settings.drops)
    for name in workspace.sources:
        try:
            table = load_tracks(workspace.tracks(name))
            common = [column for column in spec.features if column in table.spec.features]
            apart = spec.select(common).difference(table.spec.select(common))
            counts = ", ".join(f"{n} {s}" for s, n in table.rows["status"].value_counts().items())
            made = ", ".join(f"{o.extractor} {o.extractor_version}" for o in table.note.origins)
            detail = f"{counts}; made by {made}" + (
                f"; other settings now: {apart}" if apart else ""
            )
            yield Check("bad" if apart else "ok", f"table {name}", detail)
        except ZoneclfError as error:
            yield Check("bad", f"table {name}", str(error))


def _neural(workspace: Workspace) -> Iterator[Check]:
    for folder in dict.fromkeys(workspace.neural(kind, "x").parent for kind in KINDS.values()):
        for path in sorted(folder.glob("*.parquet")):
            yield _neural_table(path)


def _neural_table(path: Path) -> Check:
    name = f"{path.parent.name} {path.stem}"
    try:
        kind = kind_of(read_note(path).spec) or KINDS["mert"]
        values, note = read_embeddings(path, kind)
    except ZoneclfError as error:
        return Check("bad", name, str(error))
    heard = len(values.dropna())
    detail = f"{heard} of {len(values)} tracks; {note.spec.descriptors}; {note.licence}"
    return Check("ok", name, detail)


def _models(workspace: Workspace, settings: Settings) -> Iterator[Check]:
    reader = sound_reader(settings, "frames")
    spec = track_spec(reader.spec, settings.drops)
    try:
        starter = load_starter()
        starter.require_spec(spec, {})
        yield Check("ok", "model starter", "comes with zoneclf, learnt from DEAM, non-commercial")
    except ZoneclfError as error:
        yield Check("note", "model starter", str(error))
    for card in sorted(workspace.models.glob(f"*/{CARD}")):
        try:
            model = load_model(card.parent)
            context_s = context_of(model.card.spec)
            asked = (
                middle_spec(spec, longest_of(model.card.spec))
                if context_s is None
                else spec_at(reader.spec, context_s)
            )
            if has_embeddings(model.card.spec):
                asked = joined_spec(asked, embedded_part(model.card.spec))
            if has_others(model.card.spec):
                model.require_spec(asked, {reader.extractor.name: reader.extractor.version})
            detail = f"{model.card.strategy}, {len(model.card.spec.features)} features"
            licence = f", {model.card.licence}" if model.card.licence else ""
            yield Check("ok", f"model {card.parent.name}", detail + licence)
        except ZoneclfError as error:
            yield Check("bad", f"model {card.parent.name}", str(error))


def _drift(workspace: Workspace, settings: Settings) -> Iterator[Check]:
    """Compare the user's tracks without a label with those that models learn from."""
    try:
        table, _ = load_unified(workspace.unified)
        holdout = load_holdout(workspace.holdout)
    except ZoneclfError:
        return  # nothing is labelled or trained yet, or an earlier check has said what is wrong
    own = np.isin(table.source, list(own_sources(table, settings)))
    learnt = table.take(own & (table.codes >= 0) & ~holdout.rows(table)).features
    others = table.take(own & (table.codes < 0)).features
    if min(len(others), len(learnt)) < _FEWEST_FOR_DRIFT:
        return
    apart = standardised_difference(learnt, others).abs().sort_values(ascending=False)
    far = int((apart > _FAR).sum())
    detail = (
        f"{len(others)} tracks without a label against {len(learnt)} learnt from: {far} of "
        f"{len(apart)} features differ by over {_FAR:g} standard deviation, most {apart.index[0]} "
        f"({apart.iloc[0]:.1f})"
    )
    yield Check("note" if far else "ok", "drift", detail)
