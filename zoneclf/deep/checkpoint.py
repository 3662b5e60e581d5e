"""A trained network as a folder: ``weights.safetensors`` and ``card.json``.

The class is chosen by name from `zoneclf.deep.networks`; nothing is unpickled.  The card holds the
weights' sha256, the weights hold the sha256 of what the card promises (labels and their order,
architecture, inputs), so neither goes with another's partner.  Thresholds and calibration are
found after training and may be written into the card later (`amend_card`).
"""

import dataclasses
import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from zoneclf.deep.networks import build
from zoneclf.deep.strict import MisfitError, read_json
from zoneclf.deep.strict import build as build_strictly
from zoneclf.errors import ModelError, OutputError
from zoneclf.writing import make_folder, replacing, write_text

FORMAT = 1
WEIGHTS, CARD = "weights.safetensors", "card.json"
MAX_CARD_BYTES = 8_000_000
MAX_HEADER_BYTES = 1_000_000
_PROMISED = ("format", "task", "labels", "architecture", "parameters", "spectrogram", "embedding")
_SEAL = "card"


@dataclass(frozen=True, kw_only=True)
class CheckpointCard:
    """What a network expects and promises.

    `labels` in the order of the logits; `spectrogram` the settings of its spectrograms, None if it
    reads none; `embedding` how the embeddings were made (their table's spec), None likewise;
    `training_statistics` the training split's, to compare other sound with; `training` where it
    came from: settings, set, epoch, scores.
    """

    task: str
    labels: tuple[str, ...]
    architecture: str
    parameters: dict[str, Any]
    spectrogram: dict[str, Any] | None = None
    embedding: dict[str, Any] | None = None
    training_statistics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    thresholds: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    format: int = FORMAT
    sha256: str = ""

    @property
    def seal(self) -> str:
        """Hash of what never changes after training; stands in the weights' header."""
        content = dataclasses.asdict(self)
        promised = json.dumps({name: content[name] for name in _PROMISED}, sort_keys=True)
        return hashlib.sha256(promised.encode()).hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """A network, ready to answer, and its card."""

    network: nn.Module
    card: CheckpointCard
    folder: Path


def save_checkpoint(folder: Path, network: nn.Module, card: CheckpointCard) -> CheckpointCard:
    """Write a checkpoint in place of the one that is there; return its full card.

    The new folder is complete before it takes the old one's place.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    content = safetensors.torch.save(_contiguous(network), metadata={_SEAL: card.seal})
    full = dataclasses.replace(card, sha256=hashlib.sha256(content).hexdigest())
    new, old = (folder.with_name(f".{folder.name}.{end}") for end in ("new", "old"))
    shutil.rmtree(new, ignore_errors=True)
    make_folder(new)
    with replacing(new / WEIGHTS) as partial:
        partial.write_bytes(content)
    _write_card(new, full)
    try:
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.replace(old)
        new.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); check it") from error
    return full


def amend_card(
    folder: Path, *, thresholds: dict[str, Any] | None, calibration: dict[str, Any] | None
) -> CheckpointCard:
    """Write what was tuned after training into a checkpoint's card; return the card.

    Raises
    ------
    ModelError
        If there is no readable card.
    OutputError
        If it cannot be written.
    """
    card = dataclasses.replace(read_card(folder), thresholds=thresholds, calibration=calibration)
    _write_card(folder, card)
    return card


def checkpoint_folder(path: Path) -> Path:
    """Return the folder of a checkpoint; of a run, its best one's."""
    best = path / "best"
    return best if best.is_dir() and not (path / CARD).exists() else path


def load_checkpoint(folder: Path, *, task: str | None = None) -> Checkpoint:
    """Read a checkpoint, or the best one of a run; it does `task`, if one is asked for.

    Raises
    ------
    ModelError
        If a file is missing, damaged, was made for another card, or does another task.
    """
    folder = checkpoint_folder(folder)
    card = read_card(folder)
    if task is not None and card.task != task:
        raise ModelError(f"{folder / CARD}: is of task {card.task!r}; here {task!r} is needed")
    network = _skeleton(card, folder)
    content = _read_weights(folder / WEIGHTS, _size(network))
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise _unfit(folder / WEIGHTS, f"is not the file that {CARD} was written for")
    _fill(network, content, card, folder / WEIGHTS)
    return Checkpoint(network.eval(), card, folder)


def read_card(folder: Path) -> CheckpointCard:
    """Read a checkpoint's card alone.

    Raises
    ------
    ModelError
        If it is missing, of another format, or does not hold what it must.
    """
    path = folder / CARD
    if not path.is_file():
        raise ModelError(f"{path}: is missing; name a checkpoint or a run of zoneclf deep")
    raw = read_json(path, MAX_CARD_BYTES, ModelError)
    found = raw.get("format") if isinstance(raw, dict) else None
    if found != FORMAT or isinstance(found, bool):
        raise ModelError(f"{path}: has format {found!r}, this zoneclf reads {FORMAT}; train again")
    try:
        card = build_strictly(CheckpointCard, raw)
    except (MisfitError, RecursionError) as error:
        raise _unfit(path, str(error)) from None
    if len(set(card.labels)) != len(card.labels) or not card.labels:
        raise _unfit(path, "labels are missing or named twice")
    return card


def _write_card(folder: Path, card: CheckpointCard) -> None:
    text = json.dumps(dataclasses.asdict(card), indent=2, allow_nan=False)
    write_text(text + "\n", folder / CARD)


def _contiguous(network: nn.Module) -> dict[str, torch.Tensor]:
    state = network.state_dict()
    return {name: value.detach().cpu().contiguous() for name, value in state.items()}


def _skeleton(card: CheckpointCard, folder: Path) -> nn.Module:
    """Return the card's network without memory for its weights, if it has the card's labels."""
    try:
        with torch.device("meta"):
            network = build(card.architecture, card.parameters)
    except ModelError as error:
        raise _unfit(folder / CARD, str(error)) from None
    answers = card.parameters.get("cnn", card.parameters)["labels"]
    if answers != len(card.labels):
        raise _unfit(folder / CARD, f"has {len(card.labels)} labels for {answers} answers")
    return network


def _size(network: nn.Module) -> int:
    return sum(value.numel() * value.element_size() for value in network.state_dict().values())


def _read_weights(path: Path, expected: int) -> bytes:
    """Return the file's content, if its size is that of such a network."""
    try:
        size = path.stat().st_size
        if not expected < size <= expected + MAX_HEADER_BYTES:
            raise _unfit(path, f"has {size} bytes, the network of {CARD} takes {expected}")
        return path.read_bytes()
    except OSError as error:
        raise _unfit(path, f"cannot be read ({error.strerror})") from error


def _fill(network: nn.Module, content: bytes, card: CheckpointCard, path: Path) -> None:
    """Put weights into a network whose names, shapes, types and card they have."""
    try:
        weights = safetensors.torch.load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise _unfit(path, f"is no safetensors file ({error})") from error
    if header.get("__metadata__", {}).get(_SEAL) != card.seal:
        raise _unfit(path, f"was trained for other labels, inputs or shapes than {CARD} says")
    wanted = network.state_dict()
    for name in sorted(wanted.keys() ^ weights.keys()):
        raise _unfit(path, f"has {'no' if name in wanted else 'an unknown'} tensor {name!r}")
    for name, value in weights.items():
        _require_tensor(wanted[name], value, f"tensor {name!r}", path)
    network.load_state_dict(weights, assign=True)
    network.to(memory_format=torch.channels_last)


def _require_tensor(wanted: torch.Tensor, found: torch.Tensor, name: str, path: Path) -> None:
    if wanted.shape != found.shape or wanted.dtype != found.dtype:
        here, there = (f"{list(one.shape)} {one.dtype}" for one in (found, wanted))
        raise _unfit(path, f"{name} is {here} instead of {there}")
    if found.is_floating_point() and not bool(torch.isfinite(found).all()):
        raise _unfit(path, f"{name} holds values that are no numbers")


def _unfit(path: Path, what: str) -> ModelError:
    return ModelError(f"{path}: {what}; restore it or train again")
