"""The middle of audio files: which seconds, which rate, and what is broken."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from zoneclf.deep.excerpts import between, read_excerpt
from zoneclf.deep.spectrograms import SpectrogramSettings

Write = Callable[..., Path]
SETTINGS = SpectrogramSettings(excerpt_s=2.0)
RATE_HZ = 44_100


def ramp(seconds: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Sound whose level tells the time: 0 to 1 over its length."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (time / seconds * np.sin(2 * np.pi * 441 * time)).astype(np.float32)


def level(wave: np.ndarray) -> float:
    return float(np.abs(wave).max())


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("rate_hz", [22_050, 44_100])
def test_the_middle_at_the_rate_of_the_settings(
    tmp_path: Path, write_wav: Write, suffix: str, rate_hz: int
) -> None:
    path = write_wav(tmp_path / f"a.{suffix}", ramp(20.0, rate_hz), rate_hz)
    found = read_excerpt(path, SETTINGS)
    assert (found.status, found.reason) == ("ok", "")
    assert found.wave.size == 2 * SETTINGS.rate_hz
    first, last = found.wave[:2205], found.wave[-2205:]
    assert level(first) == pytest.approx(9.1 / 20, abs=0.03)
    assert level(last) == pytest.approx(11 / 20, abs=0.03)


def test_a_short_one_is_kept_whole(tmp_path: Path, write_wav: Write) -> None:
    path = write_wav(tmp_path / "a.wav", ramp(1.5))
    assert read_excerpt(path, SETTINGS).wave.size == pytest.approx(1.5 * 22_050, abs=2)
    everything = SpectrogramSettings(excerpt_s=0.0)
    long = write_wav(tmp_path / "b.wav", ramp(7.0))
    assert read_excerpt(long, everything).wave.size == pytest.approx(7 * 22_050, abs=2)


@pytest.mark.parametrize("asked_s", [0.0, 5.0])
def test_no_excerpt_is_longer_than_the_limit(
    tmp_path: Path, write_wav: Write, monkeypatch: pytest.MonkeyPatch, asked_s: float
) -> None:
    monkeypatch.setattr("zoneclf.deep.excerpts._MOST_S", 3.0)
    path = write_wav(tmp_path / "a.wav", ramp(7.0))
    found = read_excerpt(path, SpectrogramSettings(excerpt_s=asked_s))
    assert (found.status, found.wave.size) == ("ok", 3 * 22_050)
    assert level(found.wave[:2205]) == pytest.approx(2.1 / 7, abs=0.03)


def test_it_equals_sound_that_was_cut_before(tmp_path: Path, write_wav: Write) -> None:
    wave = ramp(10.0)
    whole = write_wav(tmp_path / "a.wav", wave, subtype="FLOAT")
    part = write_wav(tmp_path / "b.wav", wave[4 * RATE_HZ : 6 * RATE_HZ], subtype="FLOAT")
    found = [read_excerpt(path, SETTINGS).wave for path in (whole, part)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_sound_that_ends_before_its_announced_middle(tmp_path: Path, write_wav: Write) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 20 * RATE_HZ) * np.linspace(0, 1, 882_000)
    path = write_wav(tmp_path / "a.flac", noise)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 4])
    found = read_excerpt(path, SETTINGS)
    assert found.status == "truncated"
    assert found.wave.size == pytest.approx(2 * 22_050, abs=2)


def test_what_comes_after_the_excerpt_is_not_looked_at(tmp_path: Path, write_wav: Write) -> None:
    path = write_wav(tmp_path / "a.flac", ramp(20.0))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    assert read_excerpt(path, SETTINGS).status == "ok"


def test_sound_that_does_not_say_how_long_it_is(
    tmp_path: Path, write_wav: Write, ffmpeg: Callable[..., Path]
) -> None:
    source = write_wav(tmp_path / "a.wav", ramp(20.0))
    path = ffmpeg(source, tmp_path / "a.aac")
    found = read_excerpt(path, SETTINGS)
    assert found.status == "ok"
    assert level(found.wave[-2205:]) == pytest.approx(11 / 20, abs=0.04)


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", "undecodable"), (b"no sound at all" * 50, "undecodable"), (None, "missing")],
)
def test_what_cannot_be_read_has_a_status(
    tmp_path: Path, content: bytes | None, status: str
) -> None:
    path = tmp_path / "a.mp3"
    if content is not None:
        path.write_bytes(content)
    found = read_excerpt(path, SETTINGS)
    assert found.status == status
    assert found.reason
    assert not found.is_usable


def test_silence_and_crumbs_have_a_status(tmp_path: Path, write_wav: Write) -> None:
    quiet = write_wav(tmp_path / "quiet.wav", np.zeros(10 * RATE_HZ))
    assert read_excerpt(quiet, SETTINGS).status == "silent"
    hole = ramp(10.0)
    hole[3 * RATE_HZ : 7 * RATE_HZ] = 0
    assert read_excerpt(write_wav(tmp_path / "hole.wav", hole), SETTINGS).status == "silent"
    crumb = read_excerpt(write_wav(tmp_path / "crumb.wav", ramp(0.2)), SETTINGS)
    assert (crumb.status, crumb.is_usable) == ("too_short", False)
    path = tmp_path / "nan.wav"
    soundfile.write(path, np.full(10 * RATE_HZ, np.nan, np.float32), RATE_HZ, subtype="FLOAT")
    assert read_excerpt(path, SETTINGS).status == "nonfinite"
    assert read_excerpt(tmp_path, SETTINGS).status == "not_a_file"


@pytest.mark.parametrize(
    ("stretch", "first", "last"),
    [((4.0, 6.0), 4.1, 6.0), ((4.0, 10.0), 6.1, 8.0), ((17.0, 0.0), 17.6, 19.5)],
)
@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_the_middle_of_a_stretch(
    tmp_path: Path,
    write_wav: Write,
    suffix: str,
    *,
    stretch: tuple[float, float],
    first: float,
    last: float,
) -> None:
    path = write_wav(tmp_path / f"a.{suffix}", ramp(20.0))
    found = read_excerpt(path, SETTINGS, stretch=stretch)
    assert (found.status, found.wave.size) == ("ok", 2 * SETTINGS.rate_hz)
    assert level(found.wave[:2205]) == pytest.approx(first / 20, abs=0.01)
    assert level(found.wave[-2205:]) == pytest.approx(last / 20, abs=0.01)


def test_a_stretch_that_is_not_all_there(tmp_path: Path, write_wav: Write) -> None:
    path = write_wav(tmp_path / "a.wav", ramp(5.0))
    cut = read_excerpt(path, SETTINGS, stretch=(4.0, 6.0))
    assert (cut.status, cut.wave.size) == ("truncated", SETTINGS.rate_hz)
    assert cut.reason == "of its stretch to 6 s there are 1.0 s"
    barely = read_excerpt(path, SETTINGS, stretch=(3.0, 5.02))  # rounded times
    assert barely.status == "ok"
    gone = read_excerpt(path, SETTINGS, stretch=(7.0, 9.0))
    assert (gone.status, gone.wave.size) == ("too_short", 0)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 3), (2, 7), (5, 5), (7, 0), (9, 30)])
def test_samples_between(first: int, last: int) -> None:
    asked = []

    def blocks() -> Iterator[np.ndarray]:
        for start in range(0, 20, 4):
            asked.append(start)
            yield np.arange(start, start + 4, dtype=np.float32)

    found = np.concatenate([np.empty(0), *between(blocks(), first, last)])
    np.testing.assert_array_equal(found, np.arange(20)[first : last or None])
    assert max(asked) <= max(0, (last or 20) - 1)
