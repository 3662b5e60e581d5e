"""Tracks described over the length a model asks for: in training, in prediction, and refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from zoneclf.errors import SettingsError, TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.artifact import ZoneModel
from zoneclf.model.card import ModelCard
from zoneclf.pipeline.extracting import extract
from zoneclf.pipeline.planning import ExtractRequest
from zoneclf.pipeline.predicting import predict
from zoneclf.pipeline.shaping import matched
from zoneclf.pipeline.workspace import Workspace
from zoneclf.settings import Settings, SourceSettings
from zoneclf.tracks.excerpts import LONGEST, longest_of, middle_spec
from zoneclf.tracks.track_table import load_tracks

LENGTH_S = 6.0


class Quiet:
    def say(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...

    def progress(self, what: str, done: int, total: int, detail: str = "") -> None: ...


class Echo:
    """A predictor that remembers what it was asked."""

    kind = "echo"

    def __init__(self) -> None:
        self.asked: list[pd.DataFrame] = []

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        self.asked.append(features)
        return np.full((len(features), 2), 0.5, dtype=np.float32)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, chirp: Callable) -> Workspace:
    """A long and a short track, extracted."""
    root = tmp_path_factory.mktemp("shaping")
    sound = chirp(20.0)
    sound[: 44_100 * 5] *= 0.2  # so that the middle is not like the whole
    music = root / "music"
    music.mkdir()
    soundfile.write(music / "long.wav", sound, 44_100)
    soundfile.write(music / "short.wav", sound[: 44_100 * 4], 44_100)
    made = Workspace(root)
    request = ExtractRequest(method="frames", inputs=(music,), source="user")
    extract(made, settings_of(root), request, Quiet())
    return made


def settings_of(root: Path) -> Settings:
    return Settings(jobs=1, sources={"user": SourceSettings(music=(root / "music",))})


@pytest.fixture
def table(workspace: Workspace) -> LabelledTable:
    found = load_tracks(workspace.tracks("user"))
    rows, names = found.rows, list(found.spec.features)
    about = rows[["track_id", "path", "duration_s"]].assign(source="user")
    owner = np.array(["user"] * len(rows))
    groups = rows["track_id"].to_numpy(dtype=str)
    codes = np.zeros(len(rows), np.int64)
    return LabelledTable(rows[names], codes, owner, groups, about, ("A", "B"), found.spec)


def test_long_tracks_are_described_by_their_middle(
    workspace: Workspace, table: LabelledTable
) -> None:
    found = matched(workspace, settings_of(workspace.root), table, LENGTH_S)
    long = (table.about["duration_s"] > LENGTH_S).to_numpy()
    assert long.sum() == 1
    assert longest_of(found.spec) == LENGTH_S
    assert not np.allclose(found.features[long], table.features[long], rtol=1e-3)
    pd.testing.assert_frame_equal(found.features[~long], table.features[~long])
    assert matched(workspace, settings_of(workspace.root), table, 0.0) is table


def test_a_model_is_asked_about_the_length_it_was_trained_on(
    workspace: Workspace,
    table: LabelledTable,
    make_card: Callable[..., ModelCard],
    tmp_path: Path,
) -> None:
    settings, root = settings_of(workspace.root), workspace.root
    known = matched(workspace, settings, table, LENGTH_S)
    echo = Echo()
    model = ZoneModel(echo, make_card(known))
    fresh = Workspace(tmp_path)  # knows no track, so it listens to them
    expected = dict(zip(table.about["path"], model_rows(workspace, table), strict=True))
    for where in (workspace, fresh):
        echo.asked.clear()
        found = predict(where, settings, model, [root / "music"], method="frames", voice=Quiet())
        assert [Path(row.path).name for row in found] == ["long.wav", "short.wav"]
        for row, asked in zip(found, echo.asked, strict=True):
            np.testing.assert_allclose(asked.to_numpy()[0], expected[row.path], rtol=1e-6)


def model_rows(workspace: Workspace, table: LabelledTable) -> np.ndarray:
    shaped = matched(workspace, settings_of(workspace.root), table, LENGTH_S)
    return shaped.features.to_numpy()


def test_tracks_without_frames_are_refused(table: LabelledTable, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"long\.wav: has no stored frames"):
        matched(Workspace(tmp_path), Settings(), table, LENGTH_S)


def test_tracks_pooled_with_other_settings_are_refused(
    workspace: Workspace, table: LabelledTable
) -> None:
    settings = settings_of(workspace.root)
    other = replace(settings, drops=replace(settings.drops, contrast=0.9))
    with pytest.raises(TableError, match=r"made with other settings \(parameters .*; run zoneclf"):
        matched(workspace, other, table, LENGTH_S)


def test_less_than_a_frame_is_refused(workspace: Workspace, table: LabelledTable) -> None:
    with pytest.raises(SettingsError, match=r"match_length_s is 0\.5; it must be at least one fr"):
        matched(workspace, settings_of(workspace.root), table, 0.5)


def test_the_spec_tells_the_length(table: LabelledTable) -> None:
    assert middle_spec(table.spec, 0.0) is table.spec
    assert longest_of(table.spec) == 0
    assert (LONGEST, 45.0) in middle_spec(table.spec, 45.0).parameters
