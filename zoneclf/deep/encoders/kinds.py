"""The encoders that are known: what their checkpoints call things, and what is not built in.

MERT v1 is HuBERT with additions (`zoneclf.deep.encoders.config` says which).  wav2vec 2.0 (Baevski
et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", arXiv
2006.11477) has heard speech alone, at 16 kHz; its class is transformers' own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_GELU = ("gelu", "has another activation")
_ADAPTERS = (None, "has adapters, which are not built in")


@dataclass(frozen=True)
class EncoderKind:
    """One kind of encoder.

    Attributes
    ----------
    name
        Of what it makes: descriptors begin with it, and so do features.
    title
        In messages.
    model_type
        In ``config.json``.
    prefixes
        Before the names of weights, where a model with a head was stored whole.
    left_out
        Beginnings of names of weights that other parts of the model own.
    native
        What cannot be built here: the value that can, and why another is refused, by key.
    code
        Files beside the weights that are code to trust; none where transformers has it.
    """

    name: str
    title: str
    model_type: str
    prefixes: tuple[str, ...]
    left_out: tuple[str, ...]
    native: Mapping[str, tuple[Any, str]] = field(repr=False)
    code: tuple[str, ...] = ()


MERT = EncoderKind(
    name="mert",
    title="MERT v1",
    model_type="mert_model",
    prefixes=("mert_model.", "hubert."),
    left_out=(
        "masked_spec_embed",
        "feature_extractor_cqt",
        "encoder_cqt_model",
        "encoder_mel_model",
        "final_proj",
        "label_embs_concat",
        "lm_head",
        "projector",
        "classifier",
    ),
    native={
        "feature_extractor_cqt": (False, "reads a constant-Q transform, which is not built in"),
        "deepnorm": (False, "scales its residuals (DeepNorm), which is not built in"),
        "conv_pos_batch_norm": (False, "has batch norm at its positions, which is not built in"),
        "adapter_attn_dim": _ADAPTERS,
        "feat_extract_activation": _GELU,
        "hidden_act": _GELU,
    },
    code=("configuration_MERT.py", "modeling_MERT.py"),
)
WAV2VEC2 = EncoderKind(
    name="wav2vec2",
    title="wav2vec 2.0",
    model_type="wav2vec2",
    prefixes=("wav2vec2.",),
    left_out=(
        "masked_spec_embed",
        "quantizer",
        "project_q",
        "project_hid",
        "lm_head",
        "projector",
        "classifier",
    ),
    native={
        "add_adapter": (False, "shortens its states by an adapter, which is not built in"),
        "adapter_attn_dim": _ADAPTERS,
        "feat_extract_activation": _GELU,
        "hidden_act": _GELU,
    },
)
KINDS = {kind.model_type: kind for kind in (MERT, WAV2VEC2)}
