"""Genres of files that nobody labelled, by a trained network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zoneclf.audio.files import path_text
from zoneclf.deep.asking import Said, ask
from zoneclf.deep.checkpoint import Checkpoint
from zoneclf.deep.genre.choosing import Choice
from zoneclf.deep.genre.decision import decide
from zoneclf.deep.hearing import Ears, HeardFile
from zoneclf.deep.pace import Voice
from zoneclf.deep.source_tracks import Wanted
from zoneclf.errors import TableError
from zoneclf.store import Origin, TableNote, TableSpec, read_note, read_table, write_table

_ABOUT = ("track_id", "path", "status", "reason")
EXTRACTOR, VERSION = "genre-network", 1
# Characters that XGBoost refuses in names of features.
_SAFE = str.maketrans("[]<", "()(")


@dataclass(frozen=True)
class Prediction:
    """What a network says of one file; without sound there are no probabilities.

    `genres` are those that the rule gives, the likeliest first; `probabilities` are of all, in the
    order of the labels; `spectrogram_check` tells what is not like the spectrograms learnt from.
    """

    path: str
    track_id: str
    status: str
    reason: str
    genres: tuple[str, ...]
    probabilities: dict[str, float]
    spectrogram_check: tuple[str, ...] = ()


def predict(
    checkpoint: Checkpoint,
    choice: Choice,
    files: Sequence[Wanted],
    *,
    ears: Ears,
    device: str,
    voice: Voice,
) -> list[Prediction]:
    """Return what a network says of files, in order."""
    genres = checkpoint.card.labels
    asked = ask(checkpoint, files, ears=ears, device=device, voice=voice)
    return [_prediction(file, genres, choice, logits=logits) for file, logits in asked]


def _prediction(
    file: HeardFile, genres: Sequence[str], choice: Choice, *, logits: Said
) -> Prediction:
    about = (path_text(file.path), file.track_id, file.status, file.reason)
    if logits is None:
        return Prediction(*about, (), {})
    probabilities = choice.calibration.probabilities(logits[None])
    decided = decide(probabilities, choice.rule)[0]
    order = np.argsort(-probabilities[0], kind="stable")
    chosen = tuple(genres[place] for place in order if decided[place])
    values = [float(value) for value in probabilities[0]]
    told = dict(zip(genres, values, strict=True))
    return Prediction(*about, chosen, told, file.unlike)


def write_features(
    found: Sequence[Prediction], checkpoint: Checkpoint, choice: Choice, path: Path
) -> int:
    """Write predictions into a feature table of tracks and return how many tracks it has.

    Tracks that are in it already stay; those of `found` take the place of their earlier rows,
    unless only the earlier had sound.

    Columns: track_id, path, status, reason, then a probability per genre, null where there is no
    sound.  Its spec names the network's weights and the calibration, so that the probabilities of
    two networks are never joined.

    Raises
    ------
    TableError
        If the file is there and is not such a table of the same network.
    """
    genres = checkpoint.card.labels
    note = feature_note(checkpoint, choice)
    rows = _stored(path, note, genres) if path.exists() else {}
    for one in found:
        earlier = rows.get(one.track_id)
        if one.track_id and (one.probabilities or earlier is None or not earlier.probabilities):
            rows[one.track_id] = one
    columns: dict[str, Any] = {
        name: [getattr(row, name) for row in rows.values()] for name in _ABOUT
    }
    for genre, feature in zip(genres, note.spec.features, strict=True):
        values = [row.probabilities.get(genre) for row in rows.values()]
        columns[feature] = pa.array(values, pa.float32())
    write_table(pa.table(columns), note, path)
    return len(rows)


def _stored(path: Path, note: TableNote, genres: Sequence[str]) -> dict[str, Prediction]:
    """Return the rows of a table by track id; `TableError` if it is one of something else."""
    if read_note(path).spec != note.spec:
        raise TableError(f"{path}: is a table of something else; name another file")
    table, _ = read_table(path, [*_ABOUT, *note.spec.features])
    rows = {}
    for row in table.to_pylist():
        values = [row[feature] for feature in note.spec.features]
        said = {} if None in values else dict(zip(genres, values, strict=True))
        about = (row["path"], row["track_id"], row["status"], row["reason"])
        rows[row["track_id"]] = Prediction(*about, (), said)
    return rows


def feature_note(checkpoint: Checkpoint, choice: Choice) -> TableNote:
    """Return what a feature table of a network's predictions says of itself."""
    card = checkpoint.card
    features = tuple(f"genre_{label.translate(_SAFE)}" for label in card.labels)
    if len(set(features)) < len(features):
        features = tuple(f"{name}_{place}" for place, name in enumerate(features))
    excerpt_s = float((card.spectrogram or {}).get("excerpt_s", 0.0))
    rate_hz = int((card.spectrogram or card.embedding or {}).get("rate_hz", 44_100))
    made = f"genre/{card.architecture}@{card.sha256[:16]}/{choice.calibration.method}"
    spec = TableSpec(
        level="tracks",
        descriptors=made,
        window_s=excerpt_s,
        hop_s=excerpt_s,
        rate_hz=rate_hz,
        features=features,
        parameters=(("genre_.chunk_s", excerpt_s), ("genre_.rate_hz", float(rate_hz))),
    )
    origin = Origin(
        extractor=EXTRACTOR,
        extractor_version=VERSION,
        licence=str(card.training.get("licence", "")),
    )
    return TableNote(spec=spec, origins=(origin,), notes={"labels": list(card.labels)})
