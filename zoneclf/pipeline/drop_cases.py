"""What thresholds for drops can be tuned on: a file of drop times, or a workspace's zones."""

import csv
import math
from functools import partial
from pathlib import Path

import numpy as np

from zoneclf.audio.files import absolute, path_text
from zoneclf.audio.sound import WITH_ROWS
from zoneclf.errors import LabelError, TableError
from zoneclf.frames.batch import Found, identify
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.grid import FrameGrid
from zoneclf.model.splits import Rows, folds, load_holdout
from zoneclf.pipeline.labelling import current_table, labelled_only
from zoneclf.pipeline.listening import listen
from zoneclf.pipeline.planning import sound_reader
from zoneclf.pipeline.workspace import Voice, Workspace, own_sources
from zoneclf.report.drop_tuning import OnTimes, OnZones, Target, group_folds
from zoneclf.settings import Settings
from zoneclf.store import read_note
from zoneclf.tracks.drops import Curve
from zoneclf.tracks.pooling import rms_curves

# What is judged, and pairs of training and held-out rows.
Case = tuple[Target, list[tuple[Rows, Rows]]]


def times_case(workspace: Workspace, settings: Settings, path: Path, voice: Voice) -> Case:
    """Return the tracks of a CSV with the columns path and time_s, a line per drop.

    A track known to have none stands there with a blank time.  Tracks of the workspace's holdout
    are left out; so, with a warning, are files without sound.

    Raises
    ------
    LabelError
        If the file does not say what it must.
    """
    known = read_times(path)
    reader = sound_reader(settings, "frames")
    curves_of = partial(rms_curves, features=reader.extractor.features)
    found = _not_held_out(workspace, identify(known, {}))
    facts, curves = listen(reader, settings, found, voice=voice, use=curves_of)
    for one in found:
        fact = one.facts or facts[one.track_id]
        if fact.status not in WITH_ROWS:
            voice.warn(f"{one.path}: {fact.status} ({fact.reason}), left out")
    heard = [one for one in found if one.track_id in curves]
    times_s = [known[one.path] for one in heard]
    target = OnTimes([curves[one.track_id] for one in heard], times_s, reader.extractor.grid)
    ids = np.array([one.track_id for one in heard], dtype=str)  # copies share a fold
    return target, list(group_folds(ids, count=settings.evaluation.folds, seed=settings.train.seed))


def zones_case(workspace: Workspace, settings: Settings, voice: Voice) -> Case:
    """Return the user's labelled tracks without the holdout and its artists.

    Raises
    ------
    TableError
        If no holdout was drawn yet, or tracks have no frames.
    """
    table, _ = current_table(workspace, settings, voice)
    own = own_sources(table, settings)
    labelled = labelled_only(table)
    learnable = load_holdout(workspace.holdout, own).learnable(labelled)
    mine = labelled.take(learnable & np.isin(labelled.source, list(own)))
    curves: dict[str, Curve] = {}
    for source in sorted(own):
        curves |= _extracted(workspace.frames(source))
    ids = mine.about["track_id"]
    missing = len(set(ids) - curves.keys())
    if missing:
        raise TableError(
            f"{workspace.frames('*')}: {missing} labelled tracks have no frames there; run "
            "zoneclf extract"
        )
    grid, seed = FrameGrid(mine.spec.window_s, mine.spec.hop_s), settings.train.seed
    target = OnZones([curves[track_id] for track_id in ids], mine, grid, seed)
    return target, list(folds(mine.codes, mine.group, count=settings.evaluation.folds, seed=seed))


def read_times(path: Path) -> dict[Path, list[float]]:
    """Return the drop times of each track of a CSV, in seconds; its paths are relative to it.

    Raises
    ------
    LabelError
        If the file cannot be read, lacks a column or holds what is no time.
    """
    times: dict[Path, list[float]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                track = times.setdefault(absolute(path.parent / row["path"].strip()), [])
                if row["time_s"].strip():
                    track.append(_seconds(row["time_s"], f"{path}:{line}"))
    except OSError as error:
        raise LabelError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (KeyError, AttributeError, UnicodeDecodeError, csv.Error) as error:
        raise LabelError(f"{path}: is no table; write UTF-8 text with path,time_s") from error
    return times


def _seconds(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise LabelError(f"{where}: {text!r} is no time; write seconds, such as 83.5")
    return value


def _not_held_out(workspace: Workspace, found: list[Found]) -> list[Found]:
    if not workspace.holdout.is_file():
        return found
    held = load_holdout(workspace.holdout)
    return [
        one
        for one in found
        if one.track_id not in held.track_ids and path_text(one.path) not in held.paths
    ]


def _extracted(folder: Path) -> dict[str, Curve]:
    """Return RMS per frame of the tracks in a folder of frames, by track id."""
    part = next(folder.glob("part-*.parquet"), None)
    if part is None:
        return {}
    note = read_note(part)
    return rms_curves(FrameStore(folder, note).tracks(), note.spec.features)
