"""What the synthesised library must look like to the rest of the program."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from zoneclf.demo.library import ZONES, mood_in, plan_library, write_library, zone_of
from zoneclf.demo.sound import render

COUNT = 6


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_library(tmp_path_factory.mktemp("library"), seed=5, count=COUNT)


def rows_of(labels: Path) -> list[dict[str, str]]:
    with labels.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_label_file_names_every_track(labels: Path) -> None:
    rows = rows_of(labels)
    assert list(rows[0]) == ["path", "zone", "artist", "title", "bpm"]
    written = {path.relative_to(labels.parent).as_posix() for path in labels.parent.rglob("*.*")}
    assert written == {row["path"] for row in rows} | {labels.name}
    assert all(row["path"].startswith(f"music/{row['artist']} - {row['title']}.") for row in rows)
    assert all(55 < float(row["bpm"]) < 180 for row in rows)


def test_every_format_is_readable(labels: Path) -> None:
    extensions = set()
    for row in rows_of(labels):
        info = soundfile.info(labels.parent / row["path"])
        assert (info.samplerate, info.channels) == (44_100, 2)
        assert 39.9 < info.duration < 75.2
        extensions.add(Path(row["path"]).suffix)
    assert extensions == {".mp3", ".flac", ".ogg", ".wav"}


def test_four_zones_are_blank_and_the_others_known(labels: Path) -> None:
    zones = Counter(row["zone"] for row in rows_of(labels))
    assert zones.pop("") == 4
    assert set(zones) <= set(ZONES)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan_library(5, COUNT) == plan_library(5, COUNT)
    assert plan_library(5, COUNT) != plan_library(6, COUNT)


def test_a_file_holds_what_was_planned(labels: Path) -> None:
    track = next(track for track in plan_library(5, COUNT) if track.extension == "flac")
    expected = render(track.style, track.duration_s, np.random.default_rng(track.seed))
    written, _ = soundfile.read(labels.parent / track.path, dtype="float32")
    np.testing.assert_allclose(written, expected, atol=2**-15)


def test_zones_are_balanced_and_artists_mixed() -> None:
    tracks = plan_library(0, 48)
    assert Counter(track.zone for track in tracks) == dict.fromkeys(ZONES, 16)
    zones_by_artist = defaultdict(set)
    for track in tracks:
        zones_by_artist[track.artist].add(track.zone)
    assert len(zones_by_artist) == 16
    assert all(len(zones) > 1 for zones in zones_by_artist.values())


def test_formats_do_not_give_the_zone_away() -> None:
    tracks = plan_library(0, 48)
    assert sum(track.extension == "wav" for track in tracks) <= 6
    for extension in ("mp3", "flac", "ogg"):
        assert {track.zone for track in tracks if track.extension == extension} == set(ZONES)


def test_titles_are_unique_and_some_are_awkward() -> None:
    titles = [track.title for track in plan_library(0, 48)]
    assert len(set(titles)) == 48
    assert sum("," in title for title in titles) == 1
    assert sum(not title.isascii() for title in titles) == 1


@pytest.mark.parametrize("zone", ZONES)
def test_moods_obey_the_rule_and_reach_its_borders(zone: str) -> None:
    rng = np.random.default_rng(0)
    moods = [mood_in(zone, rng) for _ in range(60)]
    assert {zone_of(arousal, valence) for arousal, valence in moods} == {zone}
    assert min(min(abs(arousal - 4), abs(arousal - 6)) for arousal, _ in moods) < 0.3


@pytest.mark.parametrize("count", [5, 1000])
def test_a_library_too_small_or_large_is_refused(count: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"count is {count}"):
        write_library(tmp_path, seed=0, count=count)
