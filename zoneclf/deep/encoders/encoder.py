"""The encoder: sound of its rate -> hidden states, shape (batch, states, hidden size)."""

from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Protocol

import torch
from safetensors import SafetensorError
from transformers import AutoModel, HubertConfig, HubertModel, Wav2Vec2Config, Wav2Vec2Model

from zoneclf.deep.encoders.config import EncoderConfig, read_config
from zoneclf.deep.encoders.kinds import WAV2VEC2
from zoneclf.deep.encoders.weights import mapped, read_weights, weights_file
from zoneclf.errors import ModelError

# What transformers' from_pretrained raises (OSError, ValueError, RuntimeError, ImportError, and the
# two of files of weights), and what code does that was written for another release of it.
_FAILURES = (
    OSError,
    ValueError,
    RuntimeError,
    ImportError,
    SafetensorError,
    UnpicklingError,
    LookupError,
    AttributeError,
    TypeError,
    NameError,
    SyntaxError,
    AssertionError,
    ArithmeticError,
)


class Encoder(Protocol):
    """What gives the hidden states of sound."""

    config: EncoderConfig

    def states(self, sound: torch.Tensor, last: int) -> Iterator[torch.Tensor]:
        """Yield states 0 to `last` of `sound`, shape (batch, samples)."""
        ...


class NativeEncoder:
    """Weights in a class of transformers, MERT's in HuBERT's; for inference on `device`, float32.

    Raises
    ------
    ModelError
        If the checkpoint is of no known kind, or damaged.
    """

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.config = read_config(folder)
        with torch.device("meta"):  # names and shapes alone; the weights come from the file
            model = _network(self.config)
        path = weights_file(folder)
        shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
        found = mapped(read_weights(path, shapes), shapes, path, kind=self.config.kind)
        model.load_state_dict(found, assign=True)
        self._model = model.to(device).eval().requires_grad_(False)

    def states(self, sound: torch.Tensor, last: int) -> Iterator[torch.Tensor]:
        """Yield states 0 to `last`; layers above are not computed."""
        model, encoder = self._model, self._model.encoder
        heard = model.feature_extractor(sound).transpose(1, 2)
        projected = model.feature_projection(heard)
        state = projected if isinstance(projected, torch.Tensor) else projected[0]
        state = state + encoder.pos_conv_embed(state)
        if not self.config.norm_first:
            state = encoder.layer_norm(state)
        yield state
        for number, layer in enumerate(encoder.layers[:last], 1):
            given = layer(state)
            state = given if isinstance(given, torch.Tensor) else given[0]
            final = self.config.norm_first and number == self.config.layers
            yield encoder.layer_norm(state) if final else state


class RemoteEncoder:
    """The code that came with the weights, which the user has said to trust.

    Raises
    ------
    ModelError
        If that code fails, as code written for older releases of transformers may.
    """

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.config = read_config(folder, native=False)
        try:
            self._model = AutoModel.from_pretrained(folder, trust_remote_code=True)
            self._model = self._model.to(device).eval().requires_grad_(False)
        except _FAILURES as error:
            raise _foreign(folder, error) from error
        self._folder = folder

    def states(self, sound: torch.Tensor, last: int) -> Iterator[torch.Tensor]:
        """Yield states 0 to `last`, as the foreign code counts them."""
        try:
            found = self._model(sound, output_hidden_states=True, return_dict=True).hidden_states
        except torch.OutOfMemoryError:
            raise  # the batch is made smaller
        except _FAILURES as error:
            raise _foreign(self._folder, error) from error
        yield from found[: last + 1]


def _network(config: EncoderConfig) -> torch.nn.Module:
    """Return the network that a checkpoint's weights belong to."""
    if config.kind is WAV2VEC2:
        return Wav2Vec2Model(Wav2Vec2Config(**_common(config), add_adapter=False))
    return HubertModel(hubert_config(config))


def hubert_config(config: EncoderConfig) -> HubertConfig:
    """Return the configuration of the HuBERT that computes what MERT does."""
    own = {"feat_proj_layer_norm": config.projection_norm, "conv_pos_batch_norm": False}
    return HubertConfig(**_common(config), **own)


def _common(config: EncoderConfig) -> dict[str, Any]:
    """Return what HuBERT and wav2vec 2.0 are both told."""
    channels, strides, kernels = zip(*config.conv, strict=True)
    return {
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.intermediate_size,
        "conv_dim": list(channels),
        "conv_stride": list(strides),
        "conv_kernel": list(kernels),
        "conv_bias": config.conv_bias,
        "feat_extract_norm": config.conv_norm,
        "num_conv_pos_embeddings": config.position_kernel,
        "num_conv_pos_embedding_groups": config.position_groups,
        "do_stable_layer_norm": config.norm_first,
        "layer_norm_eps": config.norm_epsilon,
        "apply_spec_augment": False,
        "mask_time_prob": 0.0,
        "mask_feature_prob": 0.0,
        "layerdrop": 0.0,
    }


def _foreign(folder: Path, error: Exception) -> ModelError:
    reason = str(error).split("\n")[0][:200]
    return ModelError(
        f"{folder}: the code that comes with it fails here ({type(error).__name__}: {reason}); "
        "leave out --trust-remote-code, or use the transformers release that it was written for"
    )
