"""Drops in whole tracks that are synthesised: from sound through frames to the moments known."""

import numpy as np
import pytest

from zoneclf.demo.drop_tracks import CALM, DropTrack, calm_track, track_with_drops
from zoneclf.frames.extractor import extract
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.settings import DropSettings
from zoneclf.tracks.drop_scores import Hits, hits
from zoneclf.tracks.drops import find_drops
from zoneclf.tracks.pooling import rms_of

pytestmark = pytest.mark.slow
TRACK_COUNT = 20
GRID = FrameGrid()
Found = list[tuple[DropTrack, list[float]]]


def drops_of(track: DropTrack) -> list[float]:
    extractor = NativeExtractor(GRID)
    rms = rms_of(extract(extractor, track.blocks(), {}), extractor.features)
    return [drop.time_s for drop in find_drops(rms, GRID, DropSettings())]


@pytest.fixture(scope="module")
def found() -> Found:
    tracks = [track_with_drops(seed) for seed in range(TRACK_COUNT)]
    return [(track, drops_of(track)) for track in tracks]


def test_drops_are_found_within_one_frame(found: Found) -> None:
    score = sum((hits(ours, track.drop_s, GRID.hop_s) for track, ours in found), Hits())
    assert score.right + score.missed >= 2 * TRACK_COUNT
    assert score.f1 >= 0.9


def test_their_times_are_neither_early_nor_late(found: Found) -> None:
    apart = [
        float(min(np.array(ours) - known, key=abs))
        for track, ours in found
        for known in track.drop_s
    ]
    assert abs(np.median(apart)) < 0.1


def test_the_tracks_differ_in_what_makes_it_hard(found: Found) -> None:
    assert {len(track.drop_s) for track, _ in found} == {1, 2, 3, 4}
    levels = [float(np.sqrt(np.mean(np.square(track.sound)))) for track, _ in found]
    assert max(levels) > 3 * min(levels)


@pytest.mark.parametrize("kind", CALM)
@pytest.mark.parametrize("seed", [0, 3])
def test_calm_and_steady_tracks_have_none(kind: str, seed: int) -> None:
    assert drops_of(calm_track(kind, seed)) == []
