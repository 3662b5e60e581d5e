"""What a strategy may learn from: the columns of a set, all finite, none that tells the source."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from zoneclf.errors import SettingsError, TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.preparation import prepare

Make = Callable[..., LabelledTable]


def with_columns(table: LabelledTable, **values: object) -> LabelledTable:
    """Return the table with further columns, in a spec that names them."""
    features = table.features.assign(**values)
    return replace(
        table, features=features, spec=replace(table.spec, features=tuple(features.columns))
    )


def test_what_grows_with_length_is_not_shared(make_table: Make) -> None:
    table = with_columns(make_table(), tempo=120.0, drop_count=3.0)
    chosen, remarks = prepare(table, "shared")
    assert chosen.spec.features == (*make_table().spec.features, "tempo")
    assert tuple(chosen.features) == chosen.spec.features
    assert remarks == ()


def test_a_column_that_a_source_lacks_is_left_out_with_a_remark(make_table: Make) -> None:
    table = make_table(90, share_of_user=0.5)
    tempo = np.where(table.source == "user", 120.0, np.nan)
    chosen, remarks = prepare(with_columns(table, tempo=tempo), "shared")
    assert "tempo" not in chosen.spec.features
    assert remarks == ("no deam track has tempo: not learnt from",)


def test_tracks_without_a_pulse_are_kept(make_table: Make) -> None:
    table = make_table(90)
    tempo = np.where(np.arange(90) == 4, np.nan, 120.0)
    chosen, remarks = prepare(with_columns(table, tempo=tempo), "shared")
    assert "tempo" in chosen.spec.features
    assert len(chosen) == 90
    assert remarks == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused_by_track_and_column(
    make_table: Make, value: float
) -> None:
    table = make_table(90)
    table.features.loc[[7, 8], "bright"] = value
    with pytest.raises(TableError, match=r"track 7\.mp3: feature bright is not a number \(2 such"):
        prepare(table, "shared")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("deam236", r"the tables lack \d+ columns of deam236"),
        ("all", "train.features is 'all'; it must be one of common22"),
    ],
)
def test_a_set_that_is_not_there_is_refused(make_table: Make, name: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        prepare(make_table(), name)
