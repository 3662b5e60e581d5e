"""Labelled tables of equal length, and without level."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.labels.variants import match_length, normalise_level

Make = Callable[..., LabelledTable]


@pytest.fixture
def table(make_table: Make) -> LabelledTable:
    """Six tracks: three of five minutes, two of a clip's length, one of unknown length."""
    made = make_table(6)
    lengths = [300.0, 300.0, 300.0, 45.0, 45.0, np.nan]
    return dataclasses.replace(made, about=made.about.assign(duration_s=lengths))


def middles_of(table: LabelledTable, count: int) -> pd.DataFrame:
    index = table.about["track_id"][:count]
    values = np.full((count, len(table.spec.features)), 7.0, dtype=np.float32)
    return pd.DataFrame(values, index=index, columns=list(table.spec.features)).iloc[::-1]


def test_what_was_pooled_anew_is_replaced_by_track(table: LabelledTable) -> None:
    middles = middles_of(table, 3)
    middles.iloc[0] = 8.0  # the third track: rows are matched by id, not by place
    found = match_length(table, middles, 45.0)
    assert found.features["loud"].tolist()[:3] == [7.0, 7.0, 8.0]
    pd.testing.assert_frame_equal(found.features[3:], table.features[3:])
    np.testing.assert_array_equal(found.about["duration_s"], [45.0] * 5 + [np.nan])
    assert found.spec.difference(table.spec)
    assert table.features["loud"][0] != 7.0  # the table given stays as it was


def test_a_long_track_without_frames_is_told(table: LabelledTable) -> None:
    with pytest.raises(TableError, match=r"track 2\.mp3: has no stored frames \(1 such tracks"):
        match_length(table, middles_of(table, 2), 45.0)


def test_frames_that_lack_a_feature_are_told(table: LabelledTable) -> None:
    with pytest.raises(TableError, match="lack 1 features, first 'fast'"):
        match_length(table, middles_of(table, 3).drop(columns="fast"), 45.0)


def test_a_model_without_level_refuses_a_table_with_it(table: LabelledTable) -> None:
    names = ["rms_energy", "energy_variance", "fast", "noise_1", "noise_2"]
    values = table.features.abs().set_axis(names, axis=1) + 0.1
    spec = dataclasses.replace(table.spec, features=tuple(names))
    loud = dataclasses.replace(table, features=values, spec=spec)
    found = normalise_level(loud)
    assert found.spec.features == tuple(names[1:])
    assert found.spec.difference(loud.spec.select(names[1:]))
    expected = values["energy_variance"] / values["rms_energy"] ** 2
    np.testing.assert_allclose(found.features["energy_variance"], expected, rtol=1e-5)
