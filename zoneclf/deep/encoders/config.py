"""``config.json`` and ``preprocessor_config.json`` of a checkpoint, and what of them is read.

What MERT's own code adds to HuBERT was read in its authors' repository (github.com/yizhilll/MERT,
``scripts/mert_hf/modeling_MERT.py``, ``configuration_MERT.py``, ``scripts/hf_config/
mert_base.json`` and ``mert_large.json``, commit 157dcbf), which is also published beside the
weights.  That is the only source of this table, which was not checked against the files on the
hub: what a checkpoint says of its rows is checked when it is loaded.

=====================  ==========================================================================
feature_extractor_cqt  a constant-Q transform of nnAudio joined to the convolutions' output.  No
                       published v1 checkpoint uses it (it taught them, in training only);
                       refused.
deepnorm               residuals scaled by (2 layers)^(1/4).  False in all published ones; refused.
attention_relax        32 for 330M.  Scores are divided by it, less their maximum, times it: what
                       softmax does not see.  The published code reads it under `deepnorm` only.
                       Nothing to do; a test compares both.
do_stable_layer_norm   True for 330M: norms before attention and at the end.  HuBERT has the same.
feature projection     HuBERT's, wider where there is a CQT: the same without one.
conv_pos_batch_norm    of later transformers; MERT's configuration does not have it: False.
mask_..., layerdrop,   act in training only.
..._dropout
=====================  ==========================================================================

The hidden states are counted as transformers 4 did, with which MERT was published: 0 is what the
first layer reads, k what layer k gives, and the last one has passed the final norm.  (Release 5
leaves that norm out of the list of states; `zoneclf.deep.encoders.encoder` does not use that list.)

MERT's authors trained without normalising the sound (``normalize: false`` in their configuration of
the pre-training) and published ``do_normalize: true``, which every user's code follows: so do we.

wav2vec 2.0 is transformers' own; what its class cannot do here is refused (`kinds`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoneclf.deep.encoders.kinds import KINDS, EncoderKind
from zoneclf.deep.strict import read_json
from zoneclf.errors import ModelError

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
# Larger than any that is known: a file that says more is damaged, or made to fill the memory.
_LARGEST = 8192
# The published ones have a few thousand.
_MOST_BYTES = 1 << 20
_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
_POSITIONS = ("num_conv_pos_embeddings", "num_conv_pos_embedding_groups")
_STACK = ("conv_dim", "conv_stride", "conv_kernel")
_RATES_HZ = (8_000, 48_000)


@dataclass(frozen=True)
class EncoderConfig:
    """What the encoder is built from; `conv` holds (channels, stride, kernel) of every layer."""

    kind: EncoderKind
    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    conv: tuple[tuple[int, int, int], ...]
    conv_bias: bool
    conv_norm: str
    position_kernel: int
    position_groups: int
    norm_first: bool
    norm_epsilon: float
    projection_norm: bool

    @property
    def fewest_samples(self) -> int:
        """How many samples give one state."""
        needed = 1
        for _, stride, kernel in reversed(self.conv):
            needed = (needed - 1) * stride + kernel
        return needed

    def states(self, samples: int) -> int:
        """Return how many states so many samples give."""
        for _, stride, kernel in self.conv:
            samples = max(0, (samples - kernel) // stride + 1)
        return samples


@dataclass(frozen=True)
class Preprocessor:
    """How sound is to come: its rate, and whether to zero mean and unit variance."""

    rate_hz: int
    normalise: bool


def read_config(folder: Path, *, native: bool = True) -> EncoderConfig:
    """Return what ``config.json`` says; `native`: that it asks for nothing we do not do.

    Raises
    ------
    ModelError
        If its kind is not known, or it asks for what the native encoder does not do; with the
        reason.
    """
    path = folder / CONFIG
    raw = _read(path)
    kind = _kind(raw, path)
    _require_usual(raw, path, kind.native if native else {})
    sizes = {key: _whole(raw, key, path) for key in (*_SIZES, *_POSITIONS)}
    hidden = sizes["hidden_size"]
    heads, groups = sizes["num_attention_heads"], sizes["num_conv_pos_embedding_groups"]
    if hidden % heads or hidden % groups:
        raise ModelError(
            f"{path}: hidden_size {hidden} cannot be shared by {heads} heads and {groups} position "
            "groups; restore the file"
        )
    return EncoderConfig(
        kind=kind,
        hidden_size=hidden,
        layers=sizes["num_hidden_layers"],
        heads=heads,
        intermediate_size=sizes["intermediate_size"],
        conv=_stack(raw, path),
        conv_bias=_truth(raw, "conv_bias", False, path),
        conv_norm=raw.get("feat_extract_norm", "group"),
        position_kernel=sizes["num_conv_pos_embeddings"],
        position_groups=groups,
        norm_first=_truth(raw, "do_stable_layer_norm", False, path),
        norm_epsilon=raw.get("layer_norm_eps", 1e-5),
        projection_norm=_truth(raw, "feat_proj_layer_norm", True, path),
    )


def _kind(raw: dict[str, Any], path: Path) -> EncoderKind:
    found = raw.get("model_type")
    if not isinstance(found, str) or found not in KINDS:
        raise ModelError(
            f"{path}: model_type is {found!r}, not {' or '.join(KINDS)}; name a checkpoint of "
            f"{' or '.join(kind.title for kind in KINDS.values())}"
        )
    return KINDS[found]


def _require_usual(raw: dict[str, Any], path: Path, native: Mapping[str, tuple[Any, str]]) -> None:
    """Check that a configuration asks for nothing that is not built in."""
    for key, (can, why) in native.items():
        if raw.get(key, can) != can:
            trust = ", or --trust-remote-code to run the code that comes with it"
            raise ModelError(
                f"{path}: {key} is {raw[key]!r}: it {why}; use another checkpoint"
                f"{trust if KINDS[raw['model_type']].code else ''}"
            )
    epsilon = raw.get("layer_norm_eps", 1e-5)
    if not isinstance(epsilon, float) or not 0 < epsilon < 1:
        raise ModelError(f"{path}: layer_norm_eps is {epsilon!r}, not between 0 and 1; restore it")
    norm = raw.get("feat_extract_norm", "group")
    if norm not in ("group", "layer"):
        raise ModelError(f"{path}: feat_extract_norm is {norm!r}, not group or layer; restore it")


def read_preprocessor(folder: Path) -> Preprocessor:
    """Return what ``preprocessor_config.json`` says.

    Raises
    ------
    ModelError
        If it is missing or damaged, or asks for another rate than ``config.json``.
    """
    path = folder / PREPROCESSOR
    raw = _read(path)
    rate_hz = _whole(raw, "sampling_rate", path, _RATES_HZ)
    announced = _read(folder / CONFIG).get("sample_rate", rate_hz)
    if announced != rate_hz:
        raise ModelError(
            f"{path}: sampling_rate is {rate_hz}, {CONFIG} says {announced!r}; the two files are "
            "of different checkpoints"
        )
    if raw.get("feature_size", 1) != 1:
        raise ModelError(f"{path}: feature_size is {raw['feature_size']!r}; mono sound is needed")
    return Preprocessor(rate_hz, _truth(raw, "do_normalize", True, path))


def _read(path: Path) -> dict[str, Any]:
    raw = read_json(path, _MOST_BYTES, ModelError)
    if not isinstance(raw, dict):
        raise ModelError(f"{path}: is not a mapping; restore it")
    return raw


def _whole(
    raw: dict[str, Any], key: str, path: Path, limits: tuple[int, int] = (1, _LARGEST)
) -> int:
    value = raw.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ModelError(f"{path}: {key} is {value!r}, not a whole number; restore it")
    if not limits[0] <= value <= limits[1]:
        raise ModelError(f"{path}: {key} is {value}, not from {limits[0]} to {limits[1]}")
    return value


def _truth(raw: dict[str, Any], key: str, usual: bool, path: Path) -> bool:
    value = raw.get(key, usual)
    if not isinstance(value, bool):
        raise ModelError(f"{path}: {key} is {value!r}, not true or false; restore it")
    return value


def _stack(raw: dict[str, Any], path: Path) -> tuple[tuple[int, int, int], ...]:
    columns = [raw.get(key) for key in _STACK]
    if not all(isinstance(column, list) and column for column in columns):
        raise ModelError(f"{path}: {', '.join(_STACK)} must be lists of numbers; restore it")
    if len({len(column) for column in columns if column is not None}) != 1:
        raise ModelError(f"{path}: {', '.join(_STACK)} have different lengths; restore it")
    named = [dict(zip(_STACK, row, strict=True)) for row in zip(*columns, strict=True)]
    layers = []
    for row in named:
        channels, stride, kernel = (_whole(row, key, path) for key in _STACK)
        layers.append((channels, stride, kernel))
    return tuple(layers)
