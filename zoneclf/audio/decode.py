"""A file becomes interleaved blocks as they are stored: soundfile first, ffmpeg where it must.

Blocks have shape (samples, channels), float32, full scale 1.0, at the file's own rate.  Nothing
is mixed or resampled here, and never more than one block is held.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt
import soundfile

from zoneclf.audio.files import FFMPEG_SUFFIXES
from zoneclf.audio.headers import (
    cut_short,
    is_joined_mp3,
    is_unmarked_vbr,
    says_its_length,
    wav_format,
)
from zoneclf.audio.ogg import broken_page
from zoneclf.errors import AudioError
from zoneclf.settings import AudioSettings

Block = npt.NDArray[np.float32]
BLOCK_S = 5.0
# Header limits: below 4 kHz nothing of music is left; no DJ format passes 384 kHz or 16 channels.
RATES_HZ = (4_000, 384_000)
MAX_CHANNELS = 16
# soundfile takes this suffix for sound without a header, whatever is inside.
_HEADERLESS = ".raw"
# What ffmpeg reads as the sound of other files, which a text may name.
_LISTS = frozenset({"concat", "concatf", "hls", "dash", "imf", "sdp", "rtsp"})


@dataclass(frozen=True)
class Header:
    """What a file announces before it is decoded; `declared_s` is None if it does not say.

    `container` is the decoder's word for the format; `guessed` says that the length follows from
    a bit rate that may vary.
    """

    decoder: str
    rate_hz: int
    channels: int
    declared_s: float | None
    container: str = ""
    guessed: bool = False


class Decoder(Protocol):
    """One way of reading one file."""

    header: Header

    def blocks(self) -> Iterator[Block]:
        """Yield blocks of shape (samples, channels)."""
        ...


def decoders(path: Path, limits: AudioSettings) -> Iterator[Decoder]:
    """Yield the ways to read `path`, best first; the next is for when one fails.

    Raises
    ------
    AudioError
        If no decoder is left: ``undecodable``, ``refused``, ``needs_ffmpeg``, ``unreadable``.
    """
    reason = "ffmpeg reads this format"
    needs_ffmpeg = _needs_ffmpeg(path)
    if not needs_ffmpeg:
        try:
            yield SoundfileDecoder(path, limits)
        except soundfile.LibsndfileError as error:
            _refuse_nothing(path, limits)
            reason = error.error_string.rstrip(". ")
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        status = "needs_ffmpeg" if needs_ffmpeg else "undecodable"
        raise AudioError(status, f"{reason}; ffmpeg is not installed")
    yield FfmpegDecoder(path, limits)


def _needs_ffmpeg(path: Path) -> bool:
    suffixes = {*FFMPEG_SUFFIXES, _HEADERLESS}
    try:
        return path.suffix.lower() in suffixes or is_unmarked_vbr(path) or is_joined_mp3(path)
    except OSError as error:
        raise AudioError("unreadable", f"cannot be read ({error.strerror})") from error


class SoundfileDecoder:
    """Reads through libsndfile."""

    def __init__(self, path: Path, limits: AudioSettings) -> None:
        self._name = os.fsencode(path)  # soundfile cannot encode a name that is not UTF-8
        with soundfile.SoundFile(self._name) as sound:
            declared = sound.frames if 0 < sound.frames < 2**60 else None
            self.header = Header(
                "soundfile",
                sound.samplerate,
                sound.channels,
                None if declared is None else declared / max(1, sound.samplerate),
                sound.format,
                guessed=sound.format == "MP3" and not says_its_length(path),
            )
        _refuse_absurd(self.header, limits)
        self._cut = cut_short(path)
        self._broken = broken_page(path)

    def blocks(self) -> Iterator[Block]:
        """Yield blocks; a reused buffer, so a block is valid until the next.

        Raises
        ------
        AudioError
            ``decode_errors`` if libsndfile gives up part-way or passes over damage, ``truncated``.
        """
        size = int(BLOCK_S * self.header.rate_hz)
        buffer = np.empty((size, self.header.channels), dtype=np.float32)
        try:
            with soundfile.SoundFile(self._name) as sound:
                # A read() loop stops where the data stops; SoundFile.blocks() would pad a
                # truncated file with zeros up to the declared length.
                while len(block := sound.read(size, dtype="float32", always_2d=True, out=buffer)):
                    yield block
        except soundfile.LibsndfileError as error:
            raise AudioError("decode_errors", error.error_string) from error
        if self._cut:
            raise AudioError("truncated", self._cut)
        if self._broken:
            raise AudioError("decode_errors", self._broken)


class FfmpegDecoder:
    """Reads through ffmpeg as a subprocess."""

    def __init__(self, path: Path, limits: AudioSettings) -> None:
        self._path = path
        self._limit_s = limits.time_limit_s
        self.header = self._probe()
        _refuse_absurd(self.header, limits)

    def _source(self) -> list[str]:
        # `file:` keeps names such as `-rf.mp3` or `concat:a` from meaning something else, and
        # the whitelist keeps a playlist in disguise from reaching the network.
        return ["-protocol_whitelist", "file", "-i", f"file:{self._path}"]

    def _probe(self) -> Header:
        entries = "stream=sample_rate,channels,duration:format=duration,format_name"
        command = ["ffprobe", "-v", "warning", *self._source(), "-select_streams", "a:0"]
        try:
            found = subprocess.run(  # noqa: S603
                [*command, "-of", "json", "-show_entries", entries],
                capture_output=True,
                timeout=self._limit_s,
                check=False,
                start_new_session=True,  # as in _output
            )
            return _announced(json.loads(found.stdout or b"{}"), guessed=_GUESS in found.stderr)
        except subprocess.TimeoutExpired as error:
            raise AudioError("timeout", "ffprobe did not answer in time") from error
        except (ValueError, KeyError, IndexError) as error:
            raise AudioError("undecodable", "no decoder finds sound in it") from error

    def blocks(self) -> Iterator[Block]:
        """Yield blocks.

        Raises
        ------
        AudioError
            ``decode_errors`` after the last block if ffmpeg reported any.
        """
        # Not a pipe, which thousands of complaints would fill, so that ffmpeg would wait for ever.
        with tempfile.TemporaryFile() as complaints:
            yield from self._output(complaints)
            complaints.seek(0)
            lines = complaints.read(2000).decode(errors="replace").strip().splitlines()
        if lines:
            raise AudioError("decode_errors", re.sub(r" @ 0x[0-9a-f]+", "", lines[0]))

    def _output(self, complaints: IO[bytes]) -> Iterator[Block]:
        limit = ["-timelimit", str(max(1, round(self._limit_s)))]
        output = ["-map", "0:a:0", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"]
        command = ["ffmpeg", "-v", "error", "-nostdin", *limit, *self._source(), *output]
        channels = self.header.channels
        size = int(BLOCK_S * self.header.rate_hz) * channels * 4
        # In a session of its own, for Ctrl-C reaches a whole group of processes: ffmpeg would end
        # early, and what it had put out would pass for all there is.
        with subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=complaints, start_new_session=True
        ) as process:
            assert process.stdout is not None
            try:
                while raw := process.stdout.read(size):
                    whole = len(raw) // (4 * channels) * 4 * channels
                    yield np.frombuffer(bytearray(raw[:whole]), dtype="<f4").reshape(-1, channels)
                if process.wait() != 0:
                    complaints.write(f"ffmpeg ended with code {process.returncode}".encode())
            finally:
                process.kill()


# What ffprobe warns of where a length follows from a bit rate that may vary: no announcement.
_GUESS = b"Estimating duration from bitrate"


def _announced(raw: dict[str, Any], *, guessed: bool) -> Header:
    stream, about = raw["streams"][0], raw.get("format", {})
    container = str(about.get("format_name", ""))
    if container in _LISTS:
        raise AudioError("undecodable", "a list of other files, not sound")
    rate_hz, channels = int(stream["sample_rate"]), int(stream["channels"])
    if not rate_hz or not channels:
        raise ValueError("ffprobe guesses sound where there is none")
    length = stream.get("duration") or about.get("duration")
    unknown = guessed or length in (None, "N/A")
    return Header("ffmpeg", rate_hz, channels, None if unknown else float(length), container)


def _refuse_nothing(path: Path, limits: AudioSettings) -> None:
    """Refuse a wav file of rate 0 or without channels, of which decoders only say that it fails."""
    form = wav_format(path)
    if form is not None:
        _refuse_absurd(Header("", *form, None), limits)


def _refuse_absurd(header: Header, limits: AudioSettings) -> None:
    low, high = RATES_HZ
    if not low <= header.rate_hz <= high:
        raise AudioError("refused", f"rate {header.rate_hz} Hz is outside {low}-{high} Hz")
    if not 1 <= header.channels <= MAX_CHANNELS:
        raise AudioError("refused", f"{header.channels} channels, at most {MAX_CHANNELS} are read")
    if header.declared_s is not None and header.declared_s > limits.max_hours * 3600:
        hours = header.declared_s / 3600
        raise AudioError(
            "refused", f"{hours:.1f} hours long; audio.max_hours is {limits.max_hours}"
        )
