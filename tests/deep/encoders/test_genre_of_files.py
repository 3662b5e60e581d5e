"""A genre network that reads embeddings hears files through the MERT it was trained with."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from typer.testing import CliRunner

from zoneclf.cli import app
from zoneclf.deep.checkpoint import load_checkpoint
from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.inference import logits_of


def said(*options: object, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["deep", *map(str, options)])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def trained(
    prepared_set: PreparedSet, tiny_mert: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A workspace with a fusion of both branches."""
    folder = tmp_path_factory.mktemp("fusion")
    shutil.copytree(prepared_set.folder, folder / "set")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        said("embed", "--set", "set", "--model", tiny_mert, "--layer", 1, "--chunk", 1)
        said(
            *(
                "genre",
                "train",
                "set",
                "--name",
                "both",
                "--preset",
                "fusion",
                "--no-report",
                "--epochs",
                1,
            ),
            *("--base-channels", 4, "--cnn-features", 8, "--threads", 1, "--crop", 1),
        )
    return folder


@pytest.mark.slow
def test_a_file_gets_what_its_place_in_the_set_gets(
    trained: Path, tiny_mert: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(trained)
    prepared = load_prepared(Path("set"))
    place = int(prepared.places("test")[0])
    renamed = tmp_path / "renamed"
    shutil.copytree(tiny_mert, renamed)
    done = said(
        "predict", prepared.path(place), tmp_path / "gone.wav", "--mert", renamed, "--json", code=4
    )
    first, second = json.loads(done.stdout)["tracks"]
    logits = logits_of(load_checkpoint(Path("models/genre/both")), prepared, [place], "cpu")
    wanted = expit(logits[0].astype(float))
    np.testing.assert_allclose(list(first["probabilities"].values()), wanted, atol=1e-3)
    assert (second["status"], second["probabilities"]) == ("missing", {})


@pytest.mark.slow
def test_another_mert_or_none_is_refused(
    trained: Path,
    write_mert: Callable[..., Path],
    mert_weights: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(trained)
    path = load_prepared(Path("set")).path(0)
    assert "name it with --mert FOLDER" in said("predict", path, code=3).stderr
    other = write_mert(tmp_path / "other", weights=mert_weights(seed=1))
    assert "its hash is" in said("predict", path, "--mert", other, code=3).stderr
