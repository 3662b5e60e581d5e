"""The synthesised DEAM folder against the layout of the real one."""

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from zoneclf.demo.deam import plan_songs, song_sound, write_deam
from zoneclf.demo.deam_tables import Song, min_sec, write_annotations, write_metadata
from zoneclf.demo.library import zone_of
from zoneclf.frames.columns import DEAM_COLUMNS

SEED, COUNT = 2, 10
AVERAGED = Path("annotations/annotations averaged per song")
STATIC = AVERAGED / "song_level/static_annotations_averaged_songs_{}.csv"
DYNAMIC = AVERAGED / "dynamic (per second annotations)"
# First lines of the files as DEAM ships them.
HEADERS = {
    str(STATIC).format("1_2000"): ("song_id, valence_mean, valence_std, arousal_mean, arousal_std"),
    str(STATIC).format("2000_2058"): (
        "song_id, valence_mean, valence_std, valence_ max_mean, valence_max_std, "
        "valence_min_mean, valence_min_std, arousal_mean, arousal_std, arousal_max_mean, "
        "arousal_max_std, arousal_min_mean, arousal_min_std"
    ),
    "metadata/songs_info_2013.csv": (
        '"song_id","file_name","Artist","Song title","start of the segment (min.sec)",'
        '"end of the segment (min.sec)","Genre","Mediaeval 2013 set"'
    ),
    "metadata/metadata_2013.csv": "song_id,album,artist,title,Genre",
    "metadata/metadata_2014.csv": "song_id,artist,album,title,Genre" + "," * 100,
    "metadata/metadata_2015.csv": "song_id,title,artist,album,Genre" + "," * 14,
}


def rms_rows(samples: npt.NDArray[np.float32]) -> pd.DataFrame:
    """Return the level of each second, every half second."""
    step = 22_050
    count = len(samples) // step - 1
    levels = [
        float(np.sqrt(np.mean(np.square(samples[n * step : (n + 2) * step])))) for n in range(count)
    ]
    rows = {
        "start_s": np.arange(count) * 0.5,
        "pcm_RMSenergy_sma_amean": levels,
        "pcm_fftMag_mfcc_sma(1)_amean": levels,
    }
    return pd.DataFrame(rows)


def foreign_rows(samples: npt.NDArray[np.float32]) -> pd.DataFrame:
    return rms_rows(samples).rename(columns={"pcm_RMSenergy_sma_amean": "loudness"})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        # Workers import this module by its name to find `rms_rows`.
        patch.syspath_prepend(pytestconfig.rootpath)
        return write_deam(tmp_path_factory.mktemp("deam"), seed=SEED, count=COUNT, rows_of=rms_rows)


@pytest.fixture(scope="module")
def songs() -> list[Song]:
    return plan_songs(SEED, COUNT)


def table_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def test_headers_are_those_of_the_real_files(root: Path) -> None:
    for name, header in HEADERS.items():
        with (root / name).open(encoding="utf-8") as file:
            assert file.readline().rstrip("\n") == header, name


def test_every_song_is_annotated_and_described_once(root: Path, songs: list[Song]) -> None:
    ids = [str(song.song_id) for song in songs]
    for group in (
        [str(STATIC).format("1_2000"), str(STATIC).format("2000_2058")],
        ["metadata/metadata_2013.csv", "metadata/metadata_2014.csv", "metadata/metadata_2015.csv"],
        [str(DYNAMIC / "arousal.csv")],
        [str(DYNAMIC / "valence.csv")],
    ):
        assert [row[0] for name in group for row in table_of(root / name)] == ids
    assert {path.stem for path in (root / "features").glob("*.csv")} == set(ids)


def test_arousal_and_valence_are_swapped_up_to_id_1000_only(tmp_path: Path) -> None:
    songs = plan_songs(0, 60)
    write_annotations(tmp_path / "annotations", songs, 0)
    truth = {song.song_id: (song.valence, song.arousal) for song in songs}
    for row in table_of(tmp_path / str(STATIC).format("1_2000")):
        song_id, published = int(row[0]), (float(row[1]), float(row[3]))
        expected = truth[song_id][::-1] if song_id <= 1000 else truth[song_id]
        np.testing.assert_allclose(published, expected, atol=1.5)
    for row in table_of(tmp_path / str(STATIC).format("2000_2058")):
        published = (float(row[1]), float(row[7]))
        np.testing.assert_allclose(published, truth[int(row[0])], atol=1.5)


def test_every_segment_is_45_s_when_the_lost_zero_is_padded(root: Path) -> None:
    rows = table_of(root / "metadata/songs_info_2013.csv")
    assert len(rows) == 6
    for row in rows:
        assert row[4] == f"\t{row[4].strip()}\t"
        start_s, end_s = (padded_seconds(text) for text in row[4:6])
        assert end_s - start_s == 45


def padded_seconds(text: str) -> int:
    minutes, _, seconds = text.strip().partition(".")
    return 60 * int(minutes) + int(seconds.ljust(2, "0"))


@pytest.mark.parametrize(
    ("seconds", "text"), [(20, "0.2"), (130, "2.1"), (66, "1.06"), (60, "1"), (5, "0.05")]
)
def test_minutes_and_seconds_lose_their_trailing_zero(seconds: int, text: str) -> None:
    assert min_sec(seconds) == text
    assert padded_seconds(text) == seconds


def test_some_segment_starts_have_lost_a_zero() -> None:
    starts = [min_sec(song.start_s) for song in plan_songs(0, 60) if song.has_surroundings]
    assert any(len(start) == 3 for start in starts)


def test_dynamic_rows_follow_the_truth_and_differ_in_length(root: Path, songs: list[Song]) -> None:
    path = root / DYNAMIC / "arousal.csv"
    with path.open(encoding="utf-8") as file:
        header = file.readline().rstrip("\n").split(",")
    assert header[:3] == ["song_id", "sample_15000ms", "sample_15500ms"]
    for song, row in zip(songs, table_of(path), strict=True):
        values = np.array(row[1:], dtype=float)
        assert values.size == 2 * (song.end_s - song.start_s - 15)
        assert np.abs(values).max() <= 1
        assert values.mean() == pytest.approx((song.arousal - 5) / 4, abs=0.25)


def test_features_cover_the_whole_song_in_deams_columns(root: Path, songs: list[Song]) -> None:
    for song in songs:
        table = pd.read_csv(root / f"features/{song.song_id}.csv", sep=";")
        assert list(table) == ["frameTime", *DEAM_COLUMNS]
        np.testing.assert_allclose(table["frameTime"], np.arange(2 * song.duration_s - 1) * 0.5)
        assert (table["pcm_RMSenergy_sma_amean"] > 0).all()
        np.testing.assert_array_equal(
            table["pcm_fftMag_mfcc_sma[1]_amean"], table["pcm_RMSenergy_sma_amean"]
        )
        assert not table["F0final_sma_amean"].any()


def test_the_sound_around_a_segment_has_another_arousal() -> None:
    cut = [song for song in plan_songs(0, 60) if song.has_surroundings]
    lively = [song for song in cut if song.arousal > 7][:3]
    calm = [song for song in cut if song.arousal < 3][:3]
    assert lively
    assert calm
    assert all(inner > outer for inner, outer in map(levels, lively))
    assert all(inner < outer for inner, outer in map(levels, calm))


def levels(song: Song) -> tuple[float, float]:
    """Return the mean level inside and outside the annotated segment."""
    rows = rms_rows(song_sound(song))
    inside = rows["start_s"].between(song.start_s, song.end_s - 1)
    level = rows["pcm_RMSenergy_sma_amean"]
    return float(level[inside].mean()), float(level[~inside].mean())


def test_the_plane_is_covered() -> None:
    songs = plan_songs(0, 60)
    zones = [zone_of(song.arousal, song.valence) for song in songs]
    assert 12 <= zones.count("YELLOW") <= 18
    assert 12 <= zones.count("PURPLE") <= 15
    assert sum(song.song_id <= 1000 for song in songs) == 36
    assert sum(song.is_full for song in songs) == 6


def test_the_same_seed_gives_the_same_tables(root: Path, tmp_path: Path, songs: list[Song]) -> None:
    write_annotations(tmp_path / "annotations", songs, SEED)
    write_metadata(tmp_path / "metadata", songs, SEED)
    names = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv")]
    assert len(names) == 8
    for name in names:
        assert (root / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_features_are_those_of_the_planned_sound(root: Path, songs: list[Song]) -> None:
    table = pd.read_csv(root / f"features/{songs[0].song_id}.csv", sep=";")
    column = "pcm_RMSenergy_sma_amean"
    expected = rms_rows(song_sound(songs[0]))[column]
    np.testing.assert_allclose(table[column], expected, rtol=1e-4)


def test_a_feature_that_deam_lacks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    monkeypatch.syspath_prepend(pytestconfig.rootpath)
    with pytest.raises(ValueError, match="'loudness', which is not a feature of DEAM"):
        write_deam(tmp_path, seed=SEED, count=COUNT, rows_of=foreign_rows)
