"""What thresholds for drops are tuned on: files of drop times, without the holdout."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from zoneclf.console import Console
from zoneclf.errors import LabelError
from zoneclf.pipeline import drop_cases
from zoneclf.pipeline.drop_cases import read_times, times_case
from zoneclf.pipeline.workspace import Workspace
from zoneclf.report.drop_tuning import OnTimes
from zoneclf.settings import Settings


def written(folder: Path, *lines: str) -> Path:
    path = folder / "drops.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_times_are_read_by_track_and_a_blank_one_says_that_there_is_none(tmp_path: Path) -> None:
    path = written(tmp_path, "time_s,path", "12.5,a.wav", "80,a.wav", ",b.wav")
    assert read_times(path) == {tmp_path / "a.wav": [12.5, 80.0], tmp_path / "b.wav": []}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("path,time_s", "a.wav,soon"), "drops.csv:2: 'soon' is no time"),
        (("path,time_s", "a.wav,5", "a.wav,-3"), "drops.csv:3: '-3' is no time"),
        (("path,time_s", "a.wav,nan"), "'nan' is no time"),
        (("path,zone", "a.wav,GREEN"), "write UTF-8 text with path,time_s"),
        (("path,time_s", "a.wav"), "write UTF-8 text with path,time_s"),
    ],
)
def test_what_is_no_table_of_times_is_refused(
    tmp_path: Path, lines: tuple[str, ...], said: str
) -> None:
    with pytest.raises(LabelError, match=said):
        read_times(written(tmp_path, *lines))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="cannot be read"):
        read_times(tmp_path / "gone.csv")


@pytest.mark.slow
def test_held_out_tracks_and_those_without_sound_are_left_out(
    tmp_path: Path,
    noise: Callable[..., np.ndarray],
    write_wav: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for seed in range(7):
        write_wav(tmp_path / f"{seed}.wav", 0.3 * noise(3 * 44_100, seed))
    names = [*(f"{seed}.wav" for seed in range(7)), "gone.wav"]
    path = written(tmp_path, "path,time_s", *(f"{name},1.5" for name in names))
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "holdout.json").write_text("{}", encoding="utf-8")
    held = SimpleNamespace(track_ids=(), paths=(str(tmp_path / "3.wav"),))
    monkeypatch.setattr(drop_cases, "load_holdout", lambda _: held)
    target, pairs = times_case(Workspace(tmp_path), Settings(jobs=1), path, Console())
    assert isinstance(target, OnTimes)
    assert [list(times) for times in target.known_s] == [[1.5]] * 6
    assert sorted(row for _, rows in pairs for row in rows) == list(range(6))
