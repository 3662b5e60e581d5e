"""What a long extraction tells: how much, how fast, how long yet."""

from pathlib import Path

import pytest

from zoneclf.frames.batch import Found
from zoneclf.frames.takes import TrackFacts
from zoneclf.pipeline import telling
from zoneclf.pipeline.telling import Teller


class Notes:
    """A voice that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        raise AssertionError(text)

    def progress(self, what: str, done: int, total: int, detail: str = "") -> None:
        self.lines.append(f"{what} {done}/{total} {detail}".rstrip())


def test_time_left_follows_from_bytes_since_the_largest_file_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock_s = [100.0]
    monkeypatch.setattr(telling.time, "monotonic", lambda: clock_s[0])
    sizes = [9000, 500, 500]
    files = [Found(Path(str(size)), str(k), size) for k, size in enumerate(sizes)]
    voice = Notes()
    teller = Teller("extract", files, voice)
    clock_s[0] += 18
    teller(files[0], TrackFacts(track_id="0", status="ok", duration_s=3600))
    clock_s[0] += 1
    teller(files[1], TrackFacts(track_id="1", status="crashed"))
    clock_s[0] += 1
    teller(files[2], TrackFacts(track_id="2", status="ok", duration_s=400))
    teller.close()
    assert voice.lines == [
        "extract 0/3",
        "extract 1/3 60 min of sound, 200 x real time, about 2 s left",
        "extract 2/3 60 min of sound, 189 x real time, about 1 s left",
        "extract 3/3 67 min of sound, 200 x real time",
        "extract: 67 min of sound, 200 x real time, in 20 s",
    ]


def test_nothing_to_do_is_not_told() -> None:
    voice = Notes()
    Teller("extract", [], voice).close()
    assert voice.lines == []
