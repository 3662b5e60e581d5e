"""Hidden settings are found, with the sound and without; what is not there is said."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from tests.deep.matching.conftest import RATE_HZ
from zoneclf.console import Console
from zoneclf.deep.commands import app
from zoneclf.deep.excerpts import read_excerpt
from zoneclf.deep.matching.distribution import distances, hear
from zoneclf.deep.matching.foreign import read_clips
from zoneclf.deep.matching.grid import Grid
from zoneclf.deep.matching.matching import match_exactly
from zoneclf.deep.spectrograms import Spectrogram, SpectrogramSettings, Wave, log_mel
from zoneclf.errors import TableError

GRID = Grid(rate_hz=(RATE_HZ,), n_fft=(512, 1024), window=("hann", "boxcar"))
TRY = ["--try", f"rate_hz={RATE_HZ}", "--try", "n_fft=512,1024", "--try", "window=hann,boxcar"]
HIDDEN = SpectrogramSettings(
    rate_hz=RATE_HZ, n_fft=512, hop=128, window_length=512, mels=40, power=1.0, excerpt_s=0.0
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["spectrograms", "match", *arguments])


@pytest.fixture
def track(wave: Wave, tmp_path: Path) -> Path:
    """The music as a file."""
    path = tmp_path / "track.wav"
    soundfile.write(path, wave, RATE_HZ, subtype="FLOAT")
    return path


def heard(track: Path) -> Wave:
    """The file's sound as zoneclf reads it: through 44.1 kHz, which its highest band tells."""
    return read_excerpt(track, SpectrogramSettings(rate_hz=RATE_HZ, excerpt_s=0.0)).wave


@pytest.mark.parametrize(
    "hidden",
    [
        HIDDEN,
        replace(HIDDEN, window="boxcar", power=2.0, reference=1.0),
        replace(HIDDEN, n_fft=1024, hop=512, window_length=512, normalise="standard"),
    ],
    ids=["magnitude", "boxcar", "standard"],
)
def test_a_clip_from_anywhere_in_its_sound_gives_its_settings_away(
    hidden: SpectrogramSettings, track: Path, quiet: Console
) -> None:
    clip = log_mel(heard(track)[33_333 : 33_333 + 3 * RATE_HZ], hidden)
    found = match_exactly([clip], [track], GRID.candidates(40), voice=quiet)
    assert found is not None
    assert found.by == "exact"
    (best, distance), _, (_, other) = found.ranking[:3]
    assert best == hidden
    assert found.same == [replace(hidden, range_db=0.0)]  # nothing is 80 dB below the loudest
    assert distance < 0.02 < other / 2


def test_other_units_leave_the_shape(track: Path, quiet: Console) -> None:
    clip = log_mel(heard(track)[8000 : 8000 + 3 * RATE_HZ], HIDDEN) / 200 + 0.9
    found = match_exactly([clip], [track], GRID.candidates(40), voice=quiet)
    assert found is not None
    assert found.by == "shape"
    best = found.ranking[0][0]
    assert (best.n_fft, best.hop, best.window, best.power) == (512, 128, "hann", 1.0)


def test_other_sound_explains_nothing(track: Path, others: list[Wave], quiet: Console) -> None:
    clip = log_mel(others[0], HIDDEN)
    assert match_exactly([clip], [track], GRID.candidates(40), voice=quiet) is None


def by_distribution(
    hidden: SpectrogramSettings, wave: Wave, others: list[Wave], voice: Console
) -> list[SpectrogramSettings]:
    clips = [log_mel(part, hidden) for part in np.array_split(wave, 3)]
    candidates = replace(GRID, window=("hann",), power=(2.0, 1.0)).candidates(40)
    heard = hear({RATE_HZ: others}, candidates, voice=voice)
    found = distances(clips, heard, candidates)
    return sorted(candidates, key=lambda one: found[one])


def test_other_music_tells_settings_by_its_distribution(
    wave: Wave, others: list[Wave], quiet: Console
) -> None:
    hidden = replace(HIDDEN, n_fft=1024, hop=256, window_length=1024)
    best = by_distribution(hidden, wave, others, quiet)[0]
    assert (best.n_fft, best.hop, best.window_length) == (1024, 256, 1024)
    assert (best.reference, best.normalise) == ("max", "none")


def test_a_clip_is_read_whichever_side_is_first(tmp_path: Path) -> None:
    clips = np.random.default_rng(0).random((3, 40, 90), dtype=np.float32)
    for name, array in {"mels": clips, "frames": clips.transpose(0, 2, 1)}.items():
        np.save(tmp_path / f"{name}.npy", array)
        found = read_clips(tmp_path / f"{name}.npy")
        assert [one.shape for one in found] == [(90, 40)] * 3
        np.testing.assert_array_equal(found[2], clips[2].T)


def test_a_folder_of_arrays_is_read(tmp_path: Path) -> None:
    for number in range(5):
        np.save(tmp_path / f"{number}.npy", np.full((40, 90), number, np.float32))
    assert [one[0, 0] for one in read_clips(tmp_path, most=3)] == [0, 2, 4]


def test_clips_that_say_nothing_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "short.npy", np.zeros((2, 40, 20), np.float32))
    with pytest.raises(TableError, match="fewer than 64 frames"):
        read_clips(tmp_path / "short.npy", mels=40)
    np.save(tmp_path / "short.npy", np.full((2, 40, 90), np.nan, np.float32))
    with pytest.raises(TableError, match="not numbers"):
        read_clips(tmp_path / "short.npy", mels=40)


def test_the_command_names_the_options(track: Path, tmp_path: Path) -> None:
    clip: Spectrogram = log_mel(heard(track)[: 3 * RATE_HZ], HIDDEN)
    np.save(tmp_path / "foreign.npy", clip.T)
    asked = (str(tmp_path / "foreign.npy"), "--audio", str(track), *TRY)
    done = run(*asked, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["by"], said["clips"]) == ("exact", 1)
    assert said["candidates"] >= 200
    assert said["ranking"][0]["settings"] == HIDDEN.as_json()
    assert "--spectrogram hop=128" in said["options"]
    told = run(*asked).stdout.splitlines()
    assert len(told) == 11
    assert told[-1].startswith("zoneclf deep genre prepare PATH --mels 40 --spectrogram rate_hz")


def test_the_command_refuses_what_cannot_be(
    tmp_path: Path, track: Path, others: list[Wave]
) -> None:
    np.save(tmp_path / "foreign.npy", log_mel(others[0], HIDDEN).T)
    asked = (str(tmp_path / "foreign.npy"), *TRY)
    for options, code, why in [
        (("--by", "exact"), 2, "needs the clips' own sound"),
        (("--by", "guess"), 2, "must be auto, exact, distribution"),
        (("--by", "exact", "--audio", str(track)), 3, "are not in this sound"),
        (("--audio", str(tmp_path / "none")), 3, "none"),
    ]:
        done = run(*asked, *options)
        assert done.exit_code == code, done.output
        assert why in done.stderr
        assert done.stderr.count("error: ") == 1
