"""Spectrograms of other settings than a network learnt from are told, its own are not."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zoneclf.deep.genre.prepared import PreparedSet
from zoneclf.deep.hearing import Ears
from zoneclf.deep.source_tracks import files_wanted
from zoneclf.deep.spectrogram_check import said_of
from zoneclf.deep.spectrograms import Spectrogram, SpectrogramSettings
from zoneclf.deep.statistics import clip_numbers, statistics_of


def hear(prepared: PreparedSet, split: str, settings: SpectrogramSettings) -> list[list[str]]:
    paths = [Path(str(prepared.paths[place])) for place in prepared.places(split)]
    ears = Ears(settings, True, None, prepared.statistics)
    return [list(ears.hear(file).unlike) for file in files_wanted(paths)]


def test_clips_of_the_same_settings_are_like_those_learnt_from(prepared_set: PreparedSet) -> None:
    told = hear(prepared_set, "test", prepared_set.spectrogram_settings)
    assert len(told) >= 8
    assert sum(map(bool, told)) <= len(told) // 8  # 98 % of the training clips set the bounds


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"normalise": "unit"}, "spread 0."),
        ({"reference": 1.0, "power": 1.0}, "greatest value"),
        ({"normalise": "standard"}, "bands lie"),
        ({"mels": 40}, "40 bands .training: 64."),
    ],
    ids=["unit", "reference", "standard", "mels"],
)
def test_other_settings_are_told_with_the_numbers(
    changes: dict[str, object], why: str, prepared_set: PreparedSet
) -> None:
    settings = replace(prepared_set.spectrogram_settings, **changes)
    told = hear(prepared_set, "test", settings)
    assert sum(map(bool, told)) >= 0.8 * len(told)
    assert any(re.search(why, text) for texts in told for text in texts)
    assert all("training: " in text or "bands lie" in text for texts in told for text in texts)


def seen(prepared: PreparedSet, **changes: object) -> list[Spectrogram]:
    settings = replace(prepared.spectrogram_settings, **changes)
    files = files_wanted([Path(str(prepared.paths[place])) for place in prepared.places("valid")])
    found = [Ears(settings, True, None).hear(file).spectrogram for file in files]
    return [one for one in found if one is not None]


def test_several_clips_tell_a_hop_that_one_does_not(prepared_set: PreparedSet) -> None:
    assert said_of(prepared_set.statistics, seen(prepared_set)) == []
    clips = seen(prepared_set, hop=128)
    assert len(clips) >= 8
    (told,) = said_of(prepared_set.statistics, clips)
    assert told.startswith("change from frame to frame")
    assert not any(said_of(prepared_set.statistics, [clip]) for clip in clips[:2])


def test_nothing_is_said_where_nothing_is_known() -> None:
    clip = np.zeros((20, 4), np.float32)
    assert said_of({}, [clip]) == []
    assert said_of(statistics_of([clip], 20), []) == []


def test_older_sets_know_less() -> None:
    rng = np.random.default_rng(0)
    clips = [rng.normal(-30, 10, (90, 8)).astype(np.float32) for _ in range(20)]
    known = statistics_of(clips, 1800)
    older = known | {"clips": {name: known["clips"][name] for name in ("mean", "sd")}}
    smooth = np.repeat(clips[0], 3, axis=0)
    assert any("frame to frame" in text for text in said_of(known, [smooth]))
    assert said_of(older, [smooth]) == said_of(older, [clips[0]]) == []


@pytest.mark.parametrize(
    ("change", "number"),
    [(lambda clip: np.repeat(clip, 2, axis=0), "frame_change"), (lambda c: -c, "top")],
)
def test_numbers_of_a_clip(change: Callable[[Spectrogram], Spectrogram], number: str) -> None:
    clip = np.random.default_rng(0).normal(0, 3, (64, 8)).astype(np.float32)
    own, other = clip_numbers(clip), clip_numbers(change(clip))
    assert own["mean"] == pytest.approx(clip.mean(), abs=1e-6)
    assert own["sd"] == pytest.approx(clip.std(), rel=1e-5)
    assert own["top"] == clip.max()
    assert own["frame_change"] == pytest.approx(np.abs(np.diff(clip, axis=0)).mean() / clip.std())
    assert other[number] != pytest.approx(own[number], rel=0.05)
