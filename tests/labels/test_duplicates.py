"""Near-duplicates: one recording in any shape is one group, similar tracks stay apart."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.demo.sound import render, style_of
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.labels.duplicates import Duplicates, join_duplicates, joined_groups
from zoneclf.labels.recordings import SAME_RECORDING, Fit, alike, best_fit, recordings
from zoneclf.labels.table import LabelledTable
from zoneclf.tracks.fingerprints import CEPSTRA, COLUMNS, Fingerprint, fingerprint

Sound = npt.NDArray[np.float32]
Heard = Callable[[str, Sound], Fingerprint | None]
RATE_HZ = 44_100
DURATION_S = 40


def melody(seed: int, duration_s: float = DURATION_S) -> Sound:
    """Return a tune over a beat; every seed has the same instrument, tempo and scale."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    beats = (time * 2).astype(int)
    scale = np.array([220, 262, 294, 330, 392, 440, 524, 588])
    hertz = scale[rng.integers(scale.size, size=beats[-1] + 1)][beats]
    colour = rng.uniform(0.05, 0.6, size=beats[-1] + 1)[beats]
    decay = np.exp(-3 * (time * 2 % 1))
    phase = 2 * np.pi * hertz * time
    tone = np.sin(phase) + colour * (np.sin(3 * phase) + np.sin(5 * phase) + np.sin(9 * phase))
    hiss = 0.05 * np.exp(-30 * (time * 4 % 1)) * rng.normal(size=time.size)
    return np.asarray(0.2 * decay * tone + hiss, dtype=np.float32)


def at(time_s: float) -> int:
    return round(time_s * RATE_HZ)


@pytest.fixture(scope="module")
def heard(
    reader: SoundReader, write_wav: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Heard:
    """Return the fingerprint of a sound that was written to a file and read from it."""
    folder = tmp_path_factory.mktemp("variants")
    places = [reader.spec.features.index(name) for name in COLUMNS]

    def hear(suffix: str, sound: Sound) -> Fingerprint | None:
        frames = reader.read(write_wav(folder / f"track{suffix}", sound), "id").frames
        assert frames is not None
        return fingerprint(frames.rows[:, places], reader.spec.hop_s)

    return hear


@pytest.fixture(scope="module")
def original(heard: Heard) -> Fingerprint | None:
    return heard(".wav", melody(0))


VARIANTS = {
    "mp3": (".mp3", lambda sound: sound),
    "ogg": (".ogg", lambda sound: sound),
    "6 dB softer": (".flac", lambda sound: sound / 2),
    "without its start": (".wav", lambda sound: sound[at(10.23) :]),
    "without its end": (".wav", lambda sound: sound[: -at(10)]),
    "clip": (".flac", lambda sound: sound[at(13.31) : at(38.31)]),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_of_a_recording_is_found(
    name: str, heard: Heard, original: Fingerprint | None
) -> None:
    suffix, change = VARIANTS[name]
    assert recordings([original, heard(suffix, change(melody(0)))]) == [(0, 1)]


def test_tracks_of_one_style_are_different_recordings(
    heard: Heard, original: Fingerprint | None
) -> None:
    others = [heard(".wav", melody(seed)) for seed in (1, 2, 3)]
    assert recordings([original, *others]) == []
    for other in others:
        assert fit(original, other).correlation < SAME_RECORDING - 0.1


def fit(one: Fingerprint | None, other: Fingerprint | None) -> Fit:
    assert one is not None and other is not None
    found = best_fit(one, other)
    assert found is not None
    return found


def loops(valence: float, duration_s: float = 45) -> Sound:
    """Return a track of loops; all have the same tempo, drums, sections and fades."""
    style = style_of(5.0, 5.0, np.random.default_rng(3))
    changed = dataclasses.replace(style, root=style.root + round(valence), minor=valence > 2)
    return render(changed, duration_s, np.random.default_rng(0)).mean(axis=1)


def test_different_tracks_of_loops_are_different_recordings(heard: Heard) -> None:
    whole = [heard(".wav", loops(shift)) for shift in (0, 2)]
    assert fit(*whole).correlation > SAME_RECORDING + 0.1
    assert recordings(whole) == []


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp3", ".ogg"])
def test_another_encoding_of_a_track_of_loops_is_found(suffix: str, heard: Heard) -> None:
    assert recordings([heard(".wav", loops(0)), heard(suffix, loops(0) / 2)]) == [(0, 1)]


def curves(seed: int, points: int = 120) -> npt.NDArray[np.float32]:
    steps = np.random.default_rng(seed).normal(scale=4, size=(points, CEPSTRA))
    return np.asarray(steps, dtype=np.float32).cumsum(axis=0)


def printed(rows: npt.NDArray[np.float32]) -> Fingerprint:
    found = fingerprint(rows, 0.5)
    assert found is not None
    return found


@given(seed=st.integers(0, 2**16), lift=st.floats(-50, 50))
def test_a_track_is_itself_unless_its_curves_are_moved_far(seed: int, lift: float) -> None:
    one, lifted = printed(curves(seed)), printed(curves(seed) + np.float32(lift))
    found = fit(one, lifted)
    assert found.correlation == pytest.approx(1, abs=1e-3)
    assert found.course == pytest.approx(1, abs=1e-3)
    assert found.level == pytest.approx(abs(lift) * CEPSTRA**0.5, abs=1e-2)
    assert recordings([one, lifted]) == ([(0, 1)] if found.level <= 7 else [])
    other = printed(curves(seed + 1))
    there, back = fit(one, other), fit(other, one)
    assert dataclasses.astuple(there) == pytest.approx(dataclasses.astuple(back), abs=1e-4)


def test_what_fits_in_many_places_is_one_recording_only_if_it_is_an_encoding_of_it() -> None:
    """Two cuts of a loop fit at every turn; a whole encoding moves alike in every coefficient."""
    rng = np.random.default_rng(0)
    loop = np.tile(curves(0, 16), (8, 1))
    noise = rng.normal(scale=2.5, size=(85, CEPSTRA)).astype(np.float32)
    cut = loop[5:90] + noise - noise.mean(axis=0)
    found = fit(printed(loop), printed(cut))
    assert found.correlation > SAME_RECORDING and found.prominence < 0.1 and found.level < 1.5
    assert recordings([printed(loop), printed(cut)]) == []
    encoded = loop + rng.normal(scale=0.3, size=loop.shape).astype(np.float32) + np.float32(0.5)
    assert recordings([printed(loop), printed(encoded)]) == [(0, 1)]


def test_what_moves_alike_at_another_height_is_another_recording() -> None:
    rows = np.diff(curves(0), axis=0)
    noise = np.random.default_rng(0).normal(scale=1.6, size=rows.shape).astype(np.float32)
    noise -= noise.mean(axis=0)
    near, far = printed(rows + noise), printed(rows + noise + np.float32(1))
    found = fit(printed(rows), far)
    assert found.correlation > SAME_RECORDING and found.prominence > 0.1 and found.course < 0.95
    assert recordings([printed(rows), far]) == []
    assert recordings([printed(rows), near]) == [(0, 1)]


def test_a_coefficient_that_does_not_move_is_no_evidence() -> None:
    rows = np.diff(curves(0), axis=0)
    rows[:, 3] = 7
    assert fit(printed(rows), printed(rows)).course == 0
    assert recordings([printed(rows), printed(rows)]) == [(0, 1)]


def test_what_is_too_short_too_coarse_or_still_has_no_fingerprint() -> None:
    assert fingerprint(curves(0, 16), 0.5) is None
    assert fingerprint(curves(0), 2.0) is None
    assert fingerprint(np.ones((120, CEPSTRA), np.float32), 0.5) is None
    assert recordings([None, printed(curves(0)), None]) == []
    assert recordings([]) == []


def test_finer_frames_have_points_as_far_apart() -> None:
    fine = fingerprint(np.repeat(curves(0), 5, axis=0), 0.1)
    assert fine is not None
    np.testing.assert_allclose(fine.curves, curves(0), rtol=1e-5)
    assert recordings([fine, printed(curves(0))]) == [(0, 1)]


def test_a_short_overlap_is_no_evidence() -> None:
    whole = curves(0, 200)
    assert fit(printed(whole[:120]), printed(whole[100:])).correlation < SAME_RECORDING
    assert fit(printed(whole[:150]), printed(whole[50:])).correlation > SAME_RECORDING
    assert best_fit(printed(whole[:19]), printed(whole)) is None


def test_many_copies_of_one_loop_are_all_connected() -> None:
    pairs = recordings([printed(curves(0)) for _ in range(100)])
    assert len(pairs) == 99
    assert np.unique(joined_groups(np.arange(100).astype(str), pairs)).size == 1


def test_features_are_alike_only_where_they_are_the_same() -> None:
    values = np.random.default_rng(0).normal(size=(700, 20))
    values[650], values[3] = values[10], values[4] + 0.1
    values[:, 5] = np.nan  # as tempo is where there is no pulse
    values[:, 6] = 2.0
    assert alike(values) == [(10, 650)]
    assert alike(np.ones((5, 3))) == []


@given(st.data())
def test_joined_groups_are_the_finest_that_no_pair_and_no_group_crosses(
    data: st.DataObject,
) -> None:
    count = data.draw(st.integers(1, 12))
    places = st.integers(0, count - 1)
    groups = np.array([f"artist:{data.draw(places)}" for _ in range(count)])
    pairs = data.draw(st.lists(st.tuples(places, places), max_size=8))
    parts = [{place} for place in range(count)]
    same = [(a, b) for a in range(count) for b in range(a) if groups[a] == groups[b]]
    for a, b in [*same, *pairs]:
        one = next(part for part in parts if a in part)
        other = next(part for part in parts if b in part)
        if one is not other:
            parts.remove(other)
            one |= other
    joined = joined_groups(groups, pairs)
    assert sorted(sorted(np.flatnonzero(joined == name)) for name in np.unique(joined)) == (
        sorted(map(sorted, parts))
    )
    for part in parts:
        assert joined[min(part)] == min(groups[list(part)])


def joined(table: LabelledTable, same: dict[int, int]) -> Duplicates:
    """Join a table whose tracks sound different but for those that hold another's recording."""
    ids = table.about["track_id"]
    prints = {ids[n]: printed(curves(same.get(n, n))) for n in range(len(table))}
    return join_duplicates(table, prints)


def test_near_duplicates_join_the_groups_of_their_artists(
    make_table: Callable[..., LabelledTable],
) -> None:
    table = make_table(30)  # three tracks per artist
    found = joined(table, {29: 0, 15: 0, 10: 9})
    assert found.recordings == ((0, 15, 29), (9, 10))
    first = {"artist:0", "artist:5", "artist:9"}
    expected = [min(first) if name in first else name for name in table.group]
    assert found.table.group.tolist() == expected
    assert found.table.about["group"].tolist() == found.table.group.tolist()


def test_contradicting_labels_of_near_duplicates_are_listed(
    make_table: Callable[..., LabelledTable],
) -> None:
    table = make_table(30)  # zones in turn
    table.about.loc[7, "zone"] = None
    found = joined(table, {4: 0, 6: 3, 7: 2})
    assert found.contradictions == [
        [("/music/track 0.mp3", "YELLOW"), ("/music/track 4.mp3", "GREEN")]
    ]
    assert found.track_count == 6
    assert found.paths[1] == ["/music/track 2.mp3", "/music/track 7.mp3"]


def test_tracks_without_a_fingerprint_are_compared_by_their_features(
    make_table: Callable[..., LabelledTable],
) -> None:
    table = make_table(30)
    table.features.iloc[20] = table.features.iloc[3]
    assert join_duplicates(table, {}).recordings == ((3, 20),)
    prints = {table.about["track_id"][n]: printed(curves(n)) for n in (3, 20)}
    assert join_duplicates(table, prints).recordings == ()


def test_a_table_without_near_duplicates_stays_as_it_is(
    make_table: Callable[..., LabelledTable],
) -> None:
    table = make_table(30)
    found = join_duplicates(table, {})
    assert (found.recordings, found.contradictions, found.track_count) == ((), [], 0)
    assert found.unheard == 30
    np.testing.assert_array_equal(found.table.group, table.group)
    assert dataclasses.replace(found.table, group=table.group).about.equals(table.about)
