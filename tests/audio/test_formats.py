"""Names that say another format than what is inside, and those that only seem to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from zoneclf.audio.decode import FfmpegDecoder, decoders
from zoneclf.audio.files import AUDIO_SUFFIXES
from zoneclf.audio.formats import misnamed
from zoneclf.settings import AudioSettings

LIMITS = AudioSettings(time_limit_s=60)
MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
# What soundfile writes, by suffix, and what ffmpeg does with which codec.
SOUNDFILE = {".wav": "WAV", ".aif": "AIFF", ".aiff": "AIFF", ".flac": "FLAC", ".mp3": "MP3"}
OGG = {".ogg": "OGG", ".oga": "OGG"}
FFMPEG = {
    ".m4a": ["-c:a", "aac"],
    ".mp4": ["-c:a", "alac"],
    ".aac": ["-c:a", "aac"],
    ".aifc": ["-f", "aiff"],
    ".opus": [],
    ".mka": ["-c:a", "flac"],
    ".webm": ["-c:a", "libopus"],
    ".wma": [],
    ".wv": [],
    ".ac3": [],
    ".w64": [],
}


@pytest.mark.parametrize("suffix", sorted(SOUNDFILE.keys() | OGG.keys()))
def test_what_soundfile_writes_fits_its_name(
    tmp_path: Path, chirp: Callable, write_wav: Callable, ffmpeg: Callable, suffix: str
) -> None:
    written = write_wav(tmp_path / f"a.{({**SOUNDFILE, **OGG})[suffix]}", chirp(1.5))
    path = written.rename(tmp_path / f"b{suffix}")
    assert misnamed(path, next(decoders(path, LIMITS)).header.container) == ""
    assert misnamed(path, FfmpegDecoder(path, LIMITS).header.container) == ""


@pytest.mark.parametrize("suffix", FFMPEG)
def test_what_ffmpeg_writes_fits_its_name(
    tmp_path: Path, chirp: Callable, write_wav: Callable, ffmpeg: Callable, suffix: str
) -> None:
    wav = write_wav(tmp_path / "a.wav", chirp(1.5))
    path = ffmpeg(wav, tmp_path / f"b{suffix}", *FFMPEG[suffix])
    header = next(decoders(path, LIMITS)).header
    assert header.container
    assert misnamed(path, header.container) == ""


@pytest.mark.parametrize(
    ("name", "container", "note"),
    [
        ("a.wav", "MP3", "mp3 in a file called .wav"),
        ("a.WAV", "mp3", "mp3 in a file called .wav"),
        ("a.mp3", MP4, "mp4 in a file called .mp3"),
        ("a.m4a", "aac", "aac in a file called .m4a"),
        ("a.flac", "WAV", "wav in a file called .flac"),
        ("a.aac", MP4, ""),
        ("a.wav", "RF64", ""),
        ("a.wav", "W64", ""),
        ("a.webm", "matroska,webm", ""),
        ("a.wav", "CAF", ""),
        ("a.raw", "WAV", ""),
        ("a.part", "MP3", ""),
        ("a", "MP3", ""),
    ],
)
def test_only_a_name_that_says_another_format_is_noted(
    name: str, container: str, note: str
) -> None:
    assert misnamed(Path(name), container) == note


def test_every_suffix_that_is_searched_for_says_a_format() -> None:
    for suffix in AUDIO_SUFFIXES:
        containers = ("MP3", "FLAC")
        assert any(misnamed(Path(f"a{suffix}"), container) for container in containers), suffix
