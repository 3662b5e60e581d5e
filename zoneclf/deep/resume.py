"""Where a training run stands, in one file that is replaced at once and holds no pickle.

Tensors (weights, the optimizer's moments) are a safetensors file's, everything else is JSON in its
header.  Random numbers need no state: those of a batch follow from seed, epoch and batch alone, so
a run that goes on draws what it would have drawn.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch

from zoneclf.deep.history import Epoch
from zoneclf.deep.learner import Learner
from zoneclf.deep.strict import MisfitError
from zoneclf.deep.strict import build as build_strictly
from zoneclf.errors import ModelError
from zoneclf.writing import replacing

RESUME = "resume.safetensors"
FORMAT = 1
_KEY = "state"


@dataclass(kw_only=True)
class Progress:
    """How far a run is: whole epochs in `history`, then `batches` of the next.

    `losses` sums each batch's loss times its tracks, `tracks` counts them, `seconds` is the time
    spent in the unfinished epoch, `scaler` the state of mixed precision.
    """

    run: str
    history: list[dict[str, Any]] = field(default_factory=list)
    batches: int = 0
    losses: float = 0.0
    tracks: int = 0
    seconds: float = 0.0
    scaler: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def epochs(self) -> list[Epoch]:
        """The finished epochs."""
        return [build_strictly(Epoch, row) for row in self.history]

    def add(self, loss: float, tracks: int) -> None:
        """Count a batch that was learnt from."""
        self.batches += 1
        self.tracks += tracks
        self.losses += loss * tracks

    def count_time(self, since: float) -> float:
        """Add the time since then; return the time now."""
        now = time.monotonic()
        self.seconds += now - since
        return now

    def close(self, epoch: Epoch) -> None:
        """Begin the next epoch after this one."""
        self.history.append(asdict(epoch))
        self.batches, self.tracks, self.losses, self.seconds = 0, 0, 0.0, 0.0


def save_progress(path: Path, learner: Learner, progress: Progress) -> None:
    """Write where a run stands, in place of what was written before."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in learner.tensors().items()}
    progress.scaler = learner.scaler.state_dict() if learner.scaler.is_enabled() else {}
    header = {_KEY: json.dumps(asdict(progress), allow_nan=False)}
    with replacing(path) as partial:
        safetensors.torch.save_file(tensors, partial, metadata=header)


def load_progress(path: Path, learner: Learner, run: str) -> Progress:
    """Put a run back to where it stood; return how far it was.

    `run` is the hash of what the run learns from and how.

    Raises
    ------
    ModelError
        If the file is damaged, or another run's.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as opened:
            raw = json.loads((opened.metadata() or {})[_KEY])
            progress = build_strictly(Progress, raw)
            if progress.format != FORMAT or progress.run != run:
                raise ModelError(
                    f"{path}: is of another run or zoneclf; take another --name and start anew"
                )
            _ = progress.epochs
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        learner.restore(tensors, progress.scaler)
    except (
        safetensors.SafetensorError,
        OSError,
        KeyError,
        ValueError,
        RuntimeError,
        RecursionError,
        MisfitError,
    ) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path}: cannot be gone on from ({reason}); start anew") from error
    return progress
