"""One file becomes a take: frames where there is sound, and a status with a reason everywhere."""

import dataclasses
import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.frames.takes import Take
from zoneclf.settings import AudioSettings
from zoneclf.tracks.tempo import TempoMeter

RATE_HZ = 44_100
SOUNDFILE_FORMATS = [".wav", ".flac", ".mp3", ".ogg", ".aiff"]
FFMPEG_FORMATS = {".m4a": "aac", ".wma": "wmav2", ".wv": "wavpack", ".aac": "aac", ".opus": ""}


@pytest.fixture
def status(reader: SoundReader) -> Callable[[Path], str]:
    """Read a file and return its status; whatever it is, facts and frames belong together."""

    def read(path: Path) -> str:
        take = reader.read(path, "id")
        assert take.facts.track_id == "id"
        assert (take.frames is None) == (take.facts.frame_count == 0)
        assert take.facts.status == "ok" or take.facts.reason
        return take.facts.status

    return read


def wav(rate_hz: int, channels: int, samples: bytes, announced: int | None = None) -> bytes:
    """Return a 16-bit wav with whatever header is asked for."""
    size = len(samples) if announced is None else announced
    frame = channels * 2 % 2**16
    chunk = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, channels, rate_hz, rate_hz * frame % 2**32, frame, 16
    )
    return b"RIFF\xff\xff\xff\x7fWAVE" + chunk + struct.pack("<4sI", b"data", size) + samples


def require_level(take: Take, expected: Take) -> None:
    assert take.frames is not None
    assert expected.frames is not None
    place = NativeExtractor.features.index("pcm_RMSenergy_sma_amean")
    ours, theirs = take.frames.rows[:, place], expected.frames.rows[:, place]
    count = min(len(ours), len(theirs))
    np.testing.assert_allclose(ours[:count], theirs[:count], rtol=0.1)


@pytest.mark.parametrize("suffix", SOUNDFILE_FORMATS)
def test_formats_that_soundfile_reads(
    tmp_path: Path, chirp: Callable, write_wav: Callable, reader: SoundReader, suffix: str
) -> None:
    take = reader.read(write_wav(tmp_path / f"a{suffix}", chirp(4)), "id")
    facts = take.facts
    assert (facts.status, facts.decoder, facts.channels) == ("ok", "soundfile", 1)
    assert facts.source_rate_hz == RATE_HZ
    assert facts.duration_s == pytest.approx(4, abs=0.06)
    require_level(take, reader.read(write_wav(tmp_path / "whole.wav", chirp(4)), "id"))


@pytest.mark.parametrize("suffix", FFMPEG_FORMATS)
def test_formats_that_only_ffmpeg_reads_or_that_it_wrote(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    reader: SoundReader,
    suffix: str,
) -> None:
    whole = write_wav(tmp_path / "whole.wav", chirp(4))
    take = reader.read(ffmpeg(whole, tmp_path / f"a{suffix}"), "id")
    assert take.facts.status == "ok"
    assert take.facts.duration_s == pytest.approx(4, abs=0.1)
    require_level(take, reader.read(whole, "id"))


@pytest.mark.parametrize("duration_s", [1.1, 2.0])
@pytest.mark.parametrize("suffix", [".mp3", ".m4a", ".opus", ".ogg"])
def test_the_padding_of_a_codec_does_not_make_a_short_sound_truncated(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    status: Callable,
    suffix: str,
    duration_s: float,
) -> None:
    whole = write_wav(tmp_path / "whole.wav", chirp(duration_s))
    assert status(ffmpeg(whole, tmp_path / f"a{suffix}")) == "ok"


@pytest.mark.parametrize("suffix", SOUNDFILE_FORMATS)
def test_a_file_cut_half_way_is_truncated(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    reader: SoundReader,
    suffix: str,
    request: pytest.FixtureRequest,
) -> None:
    if suffix == ".flac":
        request.getfixturevalue("ffmpeg")  # libsndfile drops the whole block that ends too early
    path = write_wav(tmp_path / f"a{suffix}", chirp(8))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    take = reader.read(path, "id")
    assert (take.facts.status, take.frames is not None) == ("truncated", True)
    assert take.facts.duration_s < 0.98 * 8


@pytest.mark.parametrize(
    ("suffix", "options"), [(".m4a", ["-movflags", "+faststart"]), (".wv", []), (".mp3", [])]
)
def test_a_cut_file_is_truncated_whichever_decoder_reads_it(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    status: Callable,
    suffix: str,
    options: list[str],
) -> None:
    whole = write_wav(tmp_path / "whole.wav", chirp(8))
    path = ffmpeg(whole, tmp_path / f"a{suffix}", *options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert status(path) == "truncated"


@pytest.mark.parametrize("suffix", [".flac", ".mp3"])
def test_damage_in_the_middle_is_read_over_and_marked(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    reader: SoundReader,
    suffix: str,
) -> None:
    path = write_wav(tmp_path / f"a{suffix}", chirp(20))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(content)
    take = reader.read(path, "id")
    assert take.facts.status == "decode_errors"
    assert take.facts.duration_s == pytest.approx(20, rel=0.02)
    assert "0x" not in take.facts.reason


def test_damage_after_a_silent_intro_is_not_taken_for_silence(
    tmp_path: Path, chirp: Callable, write_wav: Callable, ffmpeg: Callable, reader: SoundReader
) -> None:
    quiet = np.zeros(5 * RATE_HZ, np.float32)
    silent_bytes = write_wav(tmp_path / "quiet.flac", quiet).stat().st_size
    path = write_wav(tmp_path / "a.flac", np.concatenate([quiet, chirp(15)]))
    content = bytearray(path.read_bytes())
    content[silent_bytes : silent_bytes + 400] = np.random.default_rng(0).bytes(400)
    path.write_bytes(content)
    take = reader.read(path, "id")
    assert take.facts.status == "decode_errors"
    assert take.facts.duration_s == pytest.approx(20, rel=0.02)


def test_damage_that_soundfile_is_silent_about_is_marked(
    tmp_path: Path, chirp: Callable, write_wav: Callable, ffmpeg: Callable, reader: SoundReader
) -> None:
    path = write_wav(tmp_path / "a.flac", chirp(3))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    facts = reader.read(path, "id").facts
    assert facts.status == "decode_errors"
    assert facts.duration_s == pytest.approx(3, rel=0.02)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_an_ogg_page_that_is_passed_over_is_told(
    tmp_path: Path, chirp: Callable, write_wav: Callable, reader: SoundReader, share: float
) -> None:
    path = write_wav(tmp_path / "a.ogg", chirp(6))
    content = bytearray(path.read_bytes())
    content[int(share * len(content))] ^= 255
    path.write_bytes(content)
    facts = reader.read(path, "id").facts
    assert facts.status in {"decode_errors", "truncated"}
    assert facts.duration_s < 6 or "pages are damaged or missing" in facts.reason


def test_less_than_another_decoder_heard_announced_is_truncated(
    tmp_path: Path, chirp: Callable, write_wav: Callable, ffmpeg: Callable, reader: SoundReader
) -> None:
    whole = write_wav(tmp_path / "a.wav", chirp(6))
    path = ffmpeg(whole, tmp_path / "a.mp3")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + np.random.default_rng(0).bytes(len(content)))
    assert reader.read(path, "id").facts.status == "truncated"


@pytest.mark.parametrize("suffix", [".mp3", ".ogg"])
def test_files_that_were_joined_are_read_to_the_end(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    reader: SoundReader,
    suffix: str,
) -> None:
    wav = write_wav(tmp_path / "a.wav", chirp(3))
    part = ffmpeg(wav, tmp_path / "a.mp3") if suffix == ".mp3" else None
    path = part or write_wav(tmp_path / "a.ogg", chirp(3))
    path.write_bytes(path.read_bytes() * 2)
    facts = reader.read(path, "id").facts
    assert facts.duration_s == pytest.approx(6, abs=0.1)
    assert facts.status in {"ok", "decode_errors"}


def test_without_ffmpeg_damaged_sound_is_kept_as_far_as_it_goes(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    status: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_wav(tmp_path / "a.flac", chirp(20))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(content)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert status(path) == "truncated"


RANDOM = np.random.default_rng(0).bytes(50_000)
NO_SOUND = {
    "text": b"these are not the samples you are looking for\n" * 200,
    "random": RANDOM,
    "empty": b"",
    "zeros": bytes(50_000),
    "only a header": wav(RATE_HZ, 1, b"")[:30],
    "a playlist": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.mp3\n",
    "a list of other files": b"ffconcat version 1.0\nfile whole.wav\n",
    "a stream of other files": b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nwhole.mp3\n"
    b"#EXT-X-ENDLIST\n",
    "id3 and text": b"ID3\x04\x00\x00\x00\x00\x00\x10" + bytes(16) + b"hello" * 100,
}


@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".m4a"])
@pytest.mark.parametrize("content", NO_SOUND.values(), ids=NO_SOUND.keys())
def test_what_is_no_sound_is_undecodable(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    status: Callable,
    content: bytes,
    suffix: str,
) -> None:
    for other in (".wav", ".mp3"):  # for the lists to name
        write_wav(tmp_path / f"whole{other}", chirp(1.5))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    assert status(path) == "undecodable"


@pytest.mark.parametrize(
    ("inside", "suffix", "note"),
    [
        (".mp3", ".wav", "mp3 in a file called .wav"),
        (".wav", ".mp3", "wav in a file called .mp3"),
        (".ogg", ".flac", "ogg in a file called .flac"),
        (".flac", ".m4a", "flac in a file called .m4a"),
        (".mp3", "", ""),
        (".ogg", ".OGA", ""),
    ],
)
def test_a_wrong_suffix_does_not_matter_and_is_noted(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    reader: SoundReader,
    inside: str,
    suffix: str,
    note: str,
) -> None:
    right = write_wav(tmp_path / f"right{inside}", chirp(2))
    facts = reader.read(right.rename(tmp_path / f"wrong{suffix}"), "id").facts
    assert (facts.status, facts.reason) == ("ok", note)


@pytest.mark.parametrize(
    ("rate_hz", "channels", "reason"),
    [
        (RATE_HZ, 1023, "1023 channels, at most 16 are read"),
        (2_000_000_000, 1, "rate 2000000000 Hz is outside 4000-384000 Hz"),
        (3_999, 1, "rate 3999 Hz is outside"),
        (0, 1, "rate 0 Hz is outside"),
        (RATE_HZ, 0, "0 channels"),
    ],
)
def test_an_absurd_header_is_refused(
    tmp_path: Path, reader: SoundReader, rate_hz: int, channels: int, reason: str
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(rate_hz, channels, bytes(max(1, channels) * 2000)))
    facts = reader.read(path, "id").facts
    assert facts.status == "refused"
    assert reason in facts.reason


def test_two_gigabytes_announced_and_two_seconds_there_are_truncated(
    tmp_path: Path, noise: Callable, status: Callable
) -> None:
    samples = (noise(2 * RATE_HZ) * 20_000).astype("<i2").tobytes()
    path = tmp_path / "a.wav"
    path.write_bytes(wav(RATE_HZ, 1, samples, announced=2**31 - 1))
    assert status(path) == "truncated"


@pytest.mark.parametrize("samples", [0, 2, 100, RATE_HZ])
def test_less_than_a_frame_is_too_short(
    tmp_path: Path, chirp: Callable, write_wav: Callable, status: Callable, samples: int
) -> None:
    assert status(write_wav(tmp_path / "a.wav", chirp(2)[4000 : 4000 + samples])) == "too_short"


@pytest.mark.parametrize("level", [0.0, 0.5, -0.5])
def test_silence_and_offsets_are_silent(
    tmp_path: Path, write_wav: Callable, reader: SoundReader, level: float
) -> None:
    path = write_wav(tmp_path / "a.wav", np.full(2 * RATE_HZ, level))
    facts = reader.read(path, "id").facts
    assert (facts.status, facts.reason) == ("silent", "no sound in it")


def test_channels_that_cancel_are_silent_with_their_own_reason(
    tmp_path: Path, chirp: Callable, write_wav: Callable, reader: SoundReader
) -> None:
    path = write_wav(tmp_path / "a.wav", np.stack([chirp(2), -chirp(2)], axis=1), subtype="FLOAT")
    facts = reader.read(path, "id").facts
    assert (facts.status, facts.reason) == ("silent", "the channels cancel each other")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("rate_hz", [RATE_HZ, 48_000])
def test_samples_that_are_no_numbers_give_no_frames(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    status: Callable,
    wrong: float,
    rate_hz: int,
) -> None:
    sound = chirp(9)
    sound[8 * RATE_HZ] = wrong
    path = write_wav(tmp_path / "a.wav", sound, rate_hz, subtype="FLOAT")
    assert status(path) == "nonfinite"


def test_pipes_and_folders_are_never_opened(tmp_path: Path, status: Callable) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    (tmp_path / "folder.mp3").mkdir()
    assert status(tmp_path / "pipe.mp3") == "not_a_file"
    assert status(tmp_path / "folder.mp3") == "not_a_file"


def test_a_file_that_is_not_there_is_missing(tmp_path: Path, status: Callable) -> None:
    assert status(tmp_path / "gone.mp3") == "missing"


def test_without_ffmpeg_its_formats_say_what_is_missing(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    reader: SoundReader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = write_wav(tmp_path / "a.wav", chirp(2))
    m4a = ffmpeg(whole, tmp_path / "a.m4a")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert reader.read(whole, "id").facts.status == "ok"
    facts = reader.read(m4a, "id").facts
    assert facts.status == "needs_ffmpeg"
    assert "ffmpeg is not installed" in facts.reason


@pytest.mark.parametrize("loud_first", [True, False])
def test_headerless_mp3_of_varying_bit_rate_is_read_whole(
    tmp_path: Path,
    noise: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    reader: SoundReader,
    loud_first: bool,
) -> None:
    busy, empty = 0.5 * noise(10 * RATE_HZ), np.zeros(10 * RATE_HZ, np.float32)
    halves = [busy, empty] if loud_first else [empty, busy]
    whole = write_wav(tmp_path / "a.wav", np.concatenate(halves))
    mp3 = ffmpeg(whole, tmp_path / "a.mp3", "-write_xing", "0", "-q:a", "2")
    facts = reader.read(mp3, "id").facts
    assert (facts.status, facts.decoder) == ("ok", "ffmpeg")
    assert facts.duration_s == pytest.approx(20, abs=0.1)


AWKWARD = [
    b"-rf.mp3",
    b"[x].mp3",
    b"a\nb.mp3",
    b"concat:a.mp3",
    "\U0001f3b5 $(x);%03d.mp3".encode(),
    "é".encode() * 110 + b".mp3",
    b"caf\xe9 \xff\xfe.mp3",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_are_read_by_soundfile(
    tmp_path: Path, chirp: Callable, write_wav: Callable, status: Callable, name: bytes
) -> None:
    assert status(write_wav(tmp_path / os.fsdecode(name), chirp(2))) == "ok"


@pytest.fixture(scope="module")
def m4a(
    tmp_path_factory: pytest.TempPathFactory, chirp: Callable, write_wav: Callable, ffmpeg: Callable
) -> bytes:
    """The content of a file that only ffmpeg reads."""
    folder = tmp_path_factory.mktemp("m4a")
    return ffmpeg(write_wav(folder / "a.wav", chirp(2)), folder / "a.m4a").read_bytes()


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_are_read_by_ffmpeg(
    tmp_path: Path, status: Callable, m4a: bytes, name: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / (os.fsdecode(name).removesuffix(".mp3") + ".m4a")
    path.write_bytes(m4a)
    monkeypatch.chdir(tmp_path)
    assert status(Path(path.name)) == "ok"


def test_other_rates_and_stereo_are_recorded(
    tmp_path: Path, noise: Callable, write_wav: Callable, reader: SoundReader
) -> None:
    path = write_wav(tmp_path / "a.flac", 0.3 * noise(2 * 2 * 48_000).reshape(-1, 2), 48_000)
    facts = reader.read(path, "id").facts
    assert (facts.status, facts.source_rate_hz, facts.channels) == ("ok", 48_000, 2)
    assert facts.duration_s == pytest.approx(2, abs=0.001)


def test_meters_measure_what_was_read(
    tmp_path: Path, click_track: Callable, write_wav: Callable
) -> None:
    reader = SoundReader(NativeExtractor(FrameGrid()), AudioSettings(), {"tempo": TempoMeter})
    take = reader.read(write_wav(tmp_path / "a.wav", click_track(120, 12)), "id")
    assert take.facts.measures["tempo"] == pytest.approx(120, rel=0.005)


@pytest.mark.parametrize(("duration_s", "starts"), [(12, (3.0, 5.0)), (5, (0.0, 3.5))])
def test_an_excerpt_is_cut_from_sound_that_is_clearly_longer(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    reader: SoundReader,
    duration_s: float,
    starts: tuple[float, float],
) -> None:
    cutting = dataclasses.replace(reader, excerpts={"7": (3.0, 6.0)})
    take = cutting.read(write_wav(tmp_path / "7.wav", chirp(duration_s)), "id")
    assert take.frames is not None
    assert (take.frames.start_s[0], take.frames.start_s[-1]) == starts
    assert take.facts.frame_count == len(take.frames.rows)


@pytest.mark.parametrize(
    ("excerpt", "found"), [((30.0, 33.0), "too_short"), ((10.0, 14.0), "truncated")]
)
def test_an_excerpt_that_the_sound_does_not_reach_is_told(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    reader: SoundReader,
    excerpt: tuple[float, float],
    found: str,
) -> None:
    cutting = dataclasses.replace(reader, excerpts={"7": excerpt})
    take = cutting.read(write_wav(tmp_path / "7.wav", chirp(12)), "id")
    assert take.facts.status == found
    assert (take.frames is None) == (found == "too_short")


def test_a_file_that_grows_while_it_is_read_is_read_again(
    tmp_path: Path, chirp: Callable, write_wav: Callable
) -> None:
    path = write_wav(tmp_path / "a.wav", chirp(2))
    longer = write_wav(tmp_path / "b.wav", chirp(4)).read_bytes()

    class Replacing(TempoMeter):
        """Replaces the file once it is being read."""

        def push(self, onset: np.ndarray) -> None:
            super().push(onset)
            if path.stat().st_size < len(longer):
                path.write_bytes(longer)

    reader = SoundReader(NativeExtractor(FrameGrid()), AudioSettings(), {"tempo": Replacing})
    assert reader.read(path, "id").facts.duration_s == pytest.approx(4)


def test_a_file_that_keeps_changing_is_left_for_later(
    tmp_path: Path, chirp: Callable, write_wav: Callable
) -> None:
    path = write_wav(tmp_path / "a.wav", chirp(2))

    class Growing(TempoMeter):
        """Writes to the file whenever it is read."""

        def push(self, onset: np.ndarray) -> None:
            super().push(onset)
            with path.open("ab") as stream:
                stream.write(b"more")

    reader = SoundReader(NativeExtractor(FrameGrid()), AudioSettings(), {"tempo": Growing})
    take = reader.read(path, "id")
    assert (take.facts.status, take.frames) == ("unreadable", None)
    assert "changes while it is read" in take.facts.reason


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOENT, errno.ESTALE])
def test_a_disk_that_fails_while_a_file_is_read_costs_that_file_only(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reader: SoundReader,
    code: int,
) -> None:
    def fail(path: Path) -> str:
        raise OSError(code, "system says no")

    monkeypatch.setattr("zoneclf.audio.decode.cut_short", fail)
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE_HZ), RATE_HZ)
    facts = reader.read(tmp_path / "a.wav", "id").facts
    assert (facts.status, facts.reason) == ("unreadable", "cannot be read (system says no)")


def test_a_full_disk_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: SoundReader
) -> None:
    def fail(path: Path) -> str:
        raise OSError(errno.ENOSPC, "system says no")

    monkeypatch.setattr("zoneclf.audio.decode.cut_short", fail)
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE_HZ), RATE_HZ)
    with pytest.raises(OSError, match="system says no"):
        reader.read(tmp_path / "a.wav", "id")
