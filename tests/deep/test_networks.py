"""Networks take what they say, and are refused where their parameters are out of bounds."""

import pytest
import torch

from zoneclf.deep.networks import ARCHITECTURES, branches, build, needs
from zoneclf.errors import ModelError

CNN = {"labels": 3, "mels": 16, "frames": 20, "base_channels": 8, "features": 6}
MERT = {"labels": 3, "inputs": 10, "units": [8, 4]}
SHAPES = {"mel-cnn": CNN, "mert-mlp": MERT, "fusion": {"cnn": CNN, "mert": MERT}}
SHAPES["mood-resnet"] = CNN | {"blocks": 2}
BATCH = {"spectrogram": torch.randn(2, 16, 20), "embedding": torch.randn(2, 10)}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_logits_have_one_column_per_label_and_every_weight_learns(name):
    torch.manual_seed(0)
    network = build(name, SHAPES[name])
    batch = {key: BATCH[key] for key in needs(name)}
    logits = network(batch)
    assert logits.shape == (2, 3)
    assert network.eval().head(network.embed(batch)).equal(network(batch))
    assert set(branches(network)) == needs(name)
    logits.square().sum().backward()
    assert all(weight.grad is not None for weight in network.parameters())


@pytest.mark.parametrize("mels", [8, 16, 40, 64, 128])
@pytest.mark.parametrize("frames", [8, 33])
@pytest.mark.parametrize("name", ["mel-cnn", "mood-resnet"])
def test_any_size_of_spectrogram_goes_through(name, mels, frames):
    network = build(name, CNN | {"mels": mels}).eval()
    logits = network({"spectrogram": torch.randn(2, mels, frames)})
    assert torch.isfinite(logits).all()


def test_base_channels_are_the_width():
    sizes = {
        width: sum(w.numel() for w in build("mel-cnn", CNN | {"base_channels": width}).parameters())
        for width in (96, 128)
    }
    assert 1.6 < sizes[128] / sizes[96] < 1.8


def test_register_is_told_apart():
    """The pooled features keep low and high bands apart."""
    network = build("mel-cnn", CNN | {"mels": 64}).eval()
    low, high = torch.zeros(2, 1, 64, 20)
    low[:, :16], high[:, -16:] = 5.0, 5.0
    assert not torch.allclose(network({"spectrogram": low}), network({"spectrogram": high}))


def test_inputs_are_brought_to_the_units_of_training():
    network = build("mert-mlp", MERT).eval()
    far = BATCH["embedding"] * 100 + 1000
    before = network({"embedding": BATCH["embedding"]})
    network.units.set(torch.full((10,), 1000.0), torch.full((10,), 100.0))
    assert torch.allclose(network({"embedding": far}), before, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("resnet", CNN, "architecture 'resnet' is unknown; known here: mel-cnn"),
        ("mel-cnn", CNN | {"width": 3}, "unknown key 'width'"),
        ("mel-cnn", CNN | {"blocks": 3}, "unknown key 'blocks'"),
        ("mood-resnet", CNN | {"blocks": 99}, "blocks is 99; it must be from 1 to 8"),
        ("mel-cnn", {"labels": 3}, "the key 'mels' is missing"),
        ("mel-cnn", CNN | {"base_channels": 10**9}, "base_channels is 1000000000"),
        ("mel-cnn", CNN | {"labels": True}, "labels must be int"),
        ("mel-cnn", CNN | {"dropout": float("nan")}, "finite"),
        ("mert-mlp", MERT | {"units": [8] * 50}, "number of units is 50"),
        ("mert-mlp", MERT | {"units": 8}, "units must be tuple"),
        ("fusion", {"cnn": CNN, "mert": MERT | {"labels": 4}}, "labels is 4 in mert and 3 in cnn"),
        ("fusion", {"cnn": CNN, "mert": 5}, "mert must hold keys and values"),
        ("fusion", {"cnn": CNN, "mert": MERT | {"inputs": "7"}}, "mert.inputs must be int"),
    ],
)
def test_parameters_out_of_bounds_are_refused(name, parameters, told):
    with pytest.raises(ModelError, match=told):
        build(name, parameters)
