"""Feature sets by name."""

import pytest

from zoneclf.errors import SettingsError
from zoneclf.frames.deam_csv import DeamCsvReader
from zoneclf.frames.extractor import spec_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.settings import DropSettings
from zoneclf.tracks.pooling import track_spec
from zoneclf.tracks.sets import COMMON22, DEAM236, DEAM248, SETS, SHARED, features_of, pooled

NATIVE = track_spec(spec_of(NativeExtractor(FrameGrid())), DropSettings()).features
WIDE = track_spec(DeamCsvReader({}).spec, DropSettings()).features


@pytest.mark.parametrize("name", SETS)
def test_a_set_names_each_column_once(name: str) -> None:
    assert len(set(SETS[name])) == len(SETS[name])


def test_sets_have_the_sizes_that_their_names_promise() -> None:
    assert len(COMMON22) == 22
    assert len([name for name in DEAM236 if name.endswith("_amean_mean")]) == 236 / 2
    assert set(DEAM248) - set(DEAM236) == set(DEAM248[len(DEAM236) :])
    assert len(DEAM248) - len(DEAM236) == 2 * 12


def test_every_set_can_be_had_from_the_tables_that_carry_it() -> None:
    for name in ("common22", "deam236"):
        assert features_of(name, NATIVE) == SETS[name]
        assert features_of(name, WIDE) == SETS[name]
    assert features_of("deam248", WIDE) == DEAM248


def test_what_grows_with_length_is_in_no_set_but_the_historic_one() -> None:
    assert "drop_count" in COMMON22
    assert "drop_count" not in {*DEAM236, *DEAM248, *features_of(SHARED, NATIVE)}


def test_shared_is_all_there_is_in_the_order_of_the_table() -> None:
    assert features_of(SHARED, ("b", "drop_count", "a")) == ("b", "a")


def test_a_set_that_the_table_lacks_is_refused_with_a_way_out() -> None:
    with pytest.raises(
        SettingsError, match=r"lack 24 columns of deam248, first .*--features shared"
    ):
        features_of("deam248", NATIVE)


def test_an_unknown_set_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="'deam260'; it must be one of common22, deam236"):
        features_of("deam260", NATIVE)


def test_pooled_names_mean_and_spread_side_by_side() -> None:
    assert pooled(["a", "b"]) == ("a_mean", "a_std", "b_mean", "b_std")
