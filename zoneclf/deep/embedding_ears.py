"""The MERT that a checkpoint was trained with, for files that it is asked about."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from zoneclf.deep.batches import device_of
from zoneclf.deep.checkpoint import CARD, Checkpoint
from zoneclf.deep.encoders.config import read_config, read_preprocessor
from zoneclf.deep.encoders.embedding import Embedder, EmbeddingSettings
from zoneclf.deep.encoders.encoder import NativeEncoder
from zoneclf.deep.encoders.pooling import POOLINGS
from zoneclf.deep.encoders.snapshots import locate
from zoneclf.deep.encoders.tables import note_of
from zoneclf.errors import ModelError
from zoneclf.store import TableSpec, spec_from

# Embedding or None, status, reason.
Embed = Callable[[Path], tuple[npt.NDArray[np.float32] | None, str, str]]


@dataclass(frozen=True)
class _Told:
    """What a card says of the embeddings that a network learnt from."""

    spec: TableSpec
    model: str
    revision: str
    settings: EmbeddingSettings
    foreign: bool

    @property
    def is_local(self) -> bool:
        """Whether the MERT was a folder, known by its hash."""
        return self.revision.startswith("sha256-")


def embedding_for(checkpoint: Checkpoint, mert: str, *, offline: bool, device: str) -> Embed:
    """Return what makes the embeddings that a checkpoint reads.

    Parameters
    ----------
    checkpoint
        Its card names the MERT, its revision, layer and pooling.
    mert
        Folder or name of that MERT; empty: as the card names it.

    Raises
    ------
    ModelError
        If the card does not say which, or this is another one.
    """
    where = checkpoint.folder / CARD
    told = _told(checkpoint.card.embedding or {}, where)
    _require_known(told, mert, where)
    snapshot = locate(mert or told.model, revision=told.revision, offline=offline)
    config, preprocessor = read_config(snapshot.folder), read_preprocessor(snapshot.folder)
    found = note_of(snapshot, config, preprocessor, told.settings, foreign=False).spec
    # A folder may have been renamed; its hash told that it is the same.
    apart = "" if told.is_local else told.spec.difference(found)
    if apart:
        raise ModelError(f"{where}: learnt from other embeddings ({apart}); name the same MERT")
    on = torch.device(device_of(device))
    encoder = NativeEncoder(snapshot.folder, on)
    embedder = Embedder(encoder, preprocessor, told.settings, device=on)

    def embed(path: Path) -> tuple[npt.NDArray[np.float32] | None, str, str]:
        heard = embedder.embed(path)
        return heard.vector, heard.status, heard.reason

    return embed


def _require_known(told: _Told, mert: str, where: Path) -> None:
    if told.foreign:
        raise ModelError(
            f"{where}: learnt from embeddings made by code beside the weights, which is not run "
            "here; embed the set without --trust-remote-code and train again"
        )
    if told.is_local and not mert:
        raise ModelError(
            f"{where}: learnt with the MERT of a local folder, {told.model} ({told.revision}); "
            "name it with --mert FOLDER"
        )


def _told(embedding: dict[str, Any], where: Path) -> _Told:
    try:
        notes = dict(embedding["notes"])
        return _Told(
            spec=spec_from(embedding["spec"]),
            model=str(notes["model"]),
            revision=str(notes["revision"]),
            settings=EmbeddingSettings(
                layer=notes["layer"] if notes["layer"] == "all" else int(notes["layer"]),
                pooling=next(name for name in POOLINGS if name == notes["pooling"]),
                chunk_s=float(notes["chunk_s"]),
            ),
            foreign=bool(notes["foreign_code"]),
        )
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise ModelError(
            f"{where}: does not say which MERT its embeddings are of ({error}); embed the set with "
            "`zoneclf deep embed --set` and train again"
        ) from error
