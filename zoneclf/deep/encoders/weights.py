"""The weights of a checkpoint, by a key map that is checked: no name is guessed.

A weight is taken if its name, after the renamings below, is a parameter of the encoder with the
same shape; it is left out if it is on the list of what other parts of it own; anything else
refuses the file by its name.

========================================  ======================================================
mert_model.x, hubert.x                    x: a model with a head, stored whole
conv.weight_g, conv.weight_v              weight norm as torch < 2.1 named it (published files)
conv.parametrizations.weight.original0/1  the same, as torch names it now
masked_spec_embed                         left out: stands for masked sound in training
feature_extractor_cqt, encoder_cqt_model  left out: constant-Q transform, its head in training
encoder_mel_model, final_proj,            left out: heads and teachers
label_embs_concat, lm_head, projector,
classifier
wav2vec2.x                                x: a wav2vec 2.0 with a head or quantizer
quantizer, project_q, project_hid         left out: what wav2vec 2.0 is taught by
========================================  ======================================================

Sources: ``scripts/convert_MERT_HF.py`` of the authors' repository, which skips the two teachers;
torch.nn.utils.parametrizations.weight_norm; transformers' ``Wav2Vec2ForPreTraining``.  ``.bin``
files are read with ``weights_only``: nothing in them is run.
"""

import pickle
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from zoneclf.deep.encoders.kinds import EncoderKind
from zoneclf.errors import ModelError

SAFETENSORS, BIN = "model.safetensors", "pytorch_model.bin"
_RENAMED = {
    ".weight_g": ".parametrizations.weight.original0",
    ".weight_v": ".parametrizations.weight.original1",
}
_FLOATS = {torch.float32, torch.float16, torch.bfloat16, torch.float64}
_SAID = 3
# As float64, which no published file has, and beside them what is left out: constant-Q kernels.
_WIDEST_BYTES, _REST_BYTES = 8, 256 << 20

Weights = dict[str, torch.Tensor]


def weights_file(folder: Path) -> Path:
    """Return the file of weights; safetensors before ``.bin``.

    Raises
    ------
    ModelError
        If there is none.
    """
    for name in (SAFETENSORS, BIN):
        if (folder / name).is_file():
            return folder / name
    raise ModelError(f"{folder}: holds neither {SAFETENSORS} nor {BIN}; is this a checkpoint?")


def read_weights(path: Path, expected: dict[str, torch.Size]) -> Weights:
    """Return the tensors of a file by name; `expected` as for `mapped`.

    Raises
    ------
    ModelError
        If it cannot be read, is much larger than what is expected, or holds anything but tensors
        of floats.
    """
    most_bytes = _WIDEST_BYTES * sum(shape.numel() for shape in expected.values()) + _REST_BYTES
    try:
        if (size := path.stat().st_size) > most_bytes:
            raise ModelError(
                f"{path}: has {size} bytes, a network of this config.json takes {most_bytes} at "
                "most; the two files are of different checkpoints"
            )
        if path.suffix == ".safetensors":
            found = load_file(path)
        else:
            with warnings.catch_warnings():  # of pickles newer than torch's own: an error follows
                warnings.simplefilter("ignore", UserWarning)
                found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = str(error).split("\n")[0][:160]
        raise ModelError(f"{path}: cannot be read as weights ({reason}); fetch it again") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:  # a damaged archive
        raise ModelError(f"{path}: is damaged ({error}); fetch it again") from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise ModelError(f"{path}: is no mapping of names to weights; fetch it again")
    for name, tensor in found.items():
        if not isinstance(tensor, torch.Tensor):
            raise ModelError(f"{path}: {name} is no tensor; fetch it again")
    return found


def mapped(
    found: Weights, expected: dict[str, torch.Size], path: Path, *, kind: EncoderKind
) -> Weights:
    """Return the weights under the encoder's names, float32.

    `expected` holds the shape of every parameter of the encoder.

    Raises
    ------
    ModelError
        If a weight is missing, unknown, there twice, of another shape, or not finite; by name.
    """
    taken: Weights = {}
    unknown = []
    for name, tensor in found.items():
        here = _renamed(name, kind)
        if here in expected:
            _require_fit(here, tensor, expected[here], path)
            if here in taken:
                raise ModelError(f"{path}: {name} is there twice, under two names; fetch it again")
            taken[here] = tensor.to(torch.float32).contiguous()
        elif not here.startswith(kind.left_out):
            unknown.append(name)
    if unknown:
        said = f"{_listed(unknown)} not known in {kind.title}"
        raise ModelError(f"{path}: {said}; use its checkpoints")
    missing = [name for name in expected if name not in taken]
    if missing:
        raise ModelError(f"{path}: {_listed(missing)} missing; fetch it again")
    return taken


def _renamed(name: str, kind: EncoderKind) -> str:
    for prefix in kind.prefixes:
        name = name.removeprefix(prefix)
    for old, new in _RENAMED.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def _require_fit(name: str, tensor: torch.Tensor, shape: torch.Size, path: Path) -> None:
    if tensor.shape != shape:
        raise ModelError(
            f"{path}: {name} has shape {tuple(tensor.shape)}, config.json asks for {tuple(shape)}; "
            "the two files are of different checkpoints"
        )
    if tensor.dtype not in _FLOATS or not bool(torch.isfinite(tensor).all()):
        raise ModelError(f"{path}: {name} holds values that are not finite numbers; fetch it again")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_SAID])
    more = f" and {len(names) - _SAID} more" if len(names) > _SAID else ""
    return f"{shown}{more} {'is' if len(names) == 1 else 'are'}"
