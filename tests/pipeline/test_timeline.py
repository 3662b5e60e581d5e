"""Contexts spread over a track, where pictures go, which model a timeline takes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from zoneclf.errors import ModelError, SettingsError
from zoneclf.frames.batch import Found
from zoneclf.frames.extractor import spec_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.model.card import newest_model
from zoneclf.pipeline.contexts import spec_at, spread
from zoneclf.pipeline.pictures import picture_path
from zoneclf.settings import Settings, TimelineSettings
from zoneclf.tracks.contexts import Contexts


@pytest.mark.parametrize(
    ("count", "per_track", "chosen"),
    [(101, 3, [0, 50, 100]), (101, 1, [50]), (2, 6, [0, 1]), (1, 6, [0])],
)
def test_contexts_are_spread_from_end_to_end(count: int, per_track: int, chosen: list[int]) -> None:
    settings = dataclasses.replace(Settings(), timeline=TimelineSettings(per_track=per_track))
    values = np.arange(count, dtype=np.float32)[:, None]
    pieces = [
        Contexts(values[part, 0] / 2.0, values[part]) for part in (slice(60), slice(60, None))
    ]
    found = spread([piece for piece in pieces if len(piece)], settings)
    assert found.features[:, 0].tolist() == chosen
    assert found.start_s.tolist() == [number / 2 for number in chosen]


def test_a_context_shorter_than_a_frame_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"timeline.context_s=1.5: a frame needs 2.0; give"):
        spec_at(spec_of(NativeExtractor(FrameGrid(2.0, 1.0))), 1.5)


def test_a_strangers_table_is_not_overwritten(tmp_path: Path) -> None:
    file = Found(Path("/music/tune.wav"), "0123456789abcdef0123")
    assert picture_path(tmp_path, file, beside=(".csv",)) == tmp_path / "tune.png"
    (tmp_path / "tune.csv").write_text("mine")
    apart = picture_path(tmp_path, file, beside=(".csv",))
    assert apart == tmp_path / "tune-0123456789ab.png"
    assert picture_path(tmp_path, file) == tmp_path / "tune.png"


def test_without_a_model_the_command_that_makes_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model for timelines; run zoneclf train --timeline"):
        newest_model(tmp_path, timeline=True)
