"""Which reader what lies at a path is for."""

from pathlib import Path

import numpy as np
import pytest

from zoneclf.deep.readers.sources import ReaderOptions, reader_of
from zoneclf.errors import LabelError, UsageError


def test_each_layout_is_known(tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("fma", "jamendo", "arrays", "gtzan")}
    (places["fma"] / "fma_metadata").mkdir(parents=True)
    (places["fma"] / "fma_metadata" / "tracks.csv").touch()
    places["jamendo"].mkdir()
    (places["jamendo"] / "autotagging_genre-train.tsv").write_text("TRACK_ID\tARTIST_ID\tx\n")
    places["arrays"].mkdir()
    np.save(places["arrays"] / "x.npy", np.zeros(3))
    (places["gtzan"] / "rock").mkdir(parents=True)
    for name, place in places.items():
        assert reader_of(place) == name
    assert reader_of(places["jamendo"] / "autotagging_genre-train.tsv") == "jamendo"
    assert reader_of(places["arrays"] / "x.npy") == "arrays"
    plain = tmp_path / "clips.csv"
    plain.write_text("a.wav,rock\n")
    assert reader_of(plain) == "plain"


def test_what_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="is not there"):
        reader_of(tmp_path / "none.csv")
    with pytest.raises(LabelError, match="holds nothing that is known"):
        reader_of(tmp_path)
    (tmp_path / "x.wav").touch()
    with pytest.raises(LabelError, match="is not a table"):
        reader_of(tmp_path / "x.wav")


def test_options_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--genre-level"):
        ReaderOptions(level="middle")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--subset"):
        ReaderOptions(subset="tiny")
    with pytest.raises(UsageError, match="--audio"):
        ReaderOptions(audio=tmp_path / "none")
