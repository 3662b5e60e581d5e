"""Damaged files of every kind: rows that are numbers or a named status, and nothing else.

The mutants of a fixed seed go through real workers, since a decoder may crash or hang on them.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from zoneclf.audio.sound import STATUSES, WITH_ROWS
from zoneclf.frames.batch import Batch, identify
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.frames.takes import TrackFacts
from zoneclf.settings import AudioSettings
from zoneclf.store import TableNote
from zoneclf.tracks.tempo import TempoMeter

Mutation = Callable[[bytes, bytes, np.random.Generator], bytes]
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a")
MUTANTS_PER_FORMAT, SEED = 60, 0
DURATION_S, TIME_LIMIT_S = 3.0, 20.0
CRASHES = 3
# How a file of a format begins, with room for the sizes that some put in between.
MAGIC = {
    ".wav": b"RIFF\x00\x40\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00",
    ".flac": b"fLaC\x00\x00\x00\x22",
    ".ogg": b"OggS\x00\x02" + bytes(20) + b"\x01\x1e\x01vorbis",
    ".mp3": b"\xff\xfb\x90\x64",
    ".m4a": b"\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00isomiso2mp41",
}


def flipped(content: bytes, places: np.ndarray, rng: np.random.Generator) -> bytes:
    """Return `content` with random bytes at `places`."""
    mutant = np.frombuffer(content, np.uint8).copy()
    mutant[places] = rng.integers(0, 256, places.size)
    return mutant.tobytes()


def span(content: bytes, rng: np.random.Generator) -> tuple[int, int]:
    """Return where a random stretch of at most a third of the file begins and ends."""
    first = int(rng.integers(0, len(content)))
    return first, min(len(content), first + int(rng.integers(1, len(content) // 3)))


def few_bytes(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    return flipped(content, rng.integers(0, len(content), rng.integers(1, 6)), rng)


def many_bytes(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    count = int(len(content) * 10 ** rng.uniform(-3, -0.5))
    return flipped(content, rng.integers(0, len(content), count), rng)


def header_bytes(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    head = min(len(content), int(rng.choice([12, 48, 200])))
    return flipped(content, rng.integers(0, head, rng.integers(1, 8)), rng)


def truncated(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(0, len(content))]


def zeroed(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    first, last = span(content, rng)
    return content[:first] + bytes(last - first) + content[last:]


def inserted(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    place = int(rng.integers(0, len(content)))
    return content[:place] + rng.bytes(int(rng.integers(1, 5000))) + content[place:]


def removed(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    first, last = span(content, rng)
    return content[:first] + content[last:]


def repeated(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    first, last = span(content, rng)
    return content[:last] + content[first:]


def spliced(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(1, len(content))] + other[rng.integers(0, len(other)) :]


def behind_magic(content: bytes, magic: bytes, rng: np.random.Generator) -> bytes:
    return magic + rng.bytes(len(content) // 4)


MUTATIONS: tuple[Mutation, ...] = (
    few_bytes,
    many_bytes,
    header_bytes,
    truncated,
    zeroed,
    inserted,
    removed,
    repeated,
    spliced,
    behind_magic,
)


@pytest.fixture(scope="module")
def originals(
    tmp_path_factory: pytest.TempPathFactory, chirp: Callable, write_wav: Callable, ffmpeg: Callable
) -> dict[str, bytes]:
    """The content of one whole file of each format, by suffix."""
    folder = tmp_path_factory.mktemp("originals")
    wav = write_wav(folder / "a.wav", chirp(DURATION_S))
    makers = {".mp3": ffmpeg, ".m4a": ffmpeg}
    for suffix in SUFFIXES[1:]:
        if suffix in makers:
            ffmpeg(wav, folder / f"a{suffix}")
        else:
            write_wav(folder / f"a{suffix}", chirp(DURATION_S))
    return {suffix: (folder / f"a{suffix}").read_bytes() for suffix in SUFFIXES}


def mutants(originals: dict[str, bytes], seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` names and contents per format; the same seed gives the same mutants."""
    rng = np.random.default_rng(seed)
    for suffix, content in originals.items():
        for number in range(count):
            mutate = MUTATIONS[number % len(MUTATIONS)]
            other = originals[str(rng.choice(SUFFIXES))]
            given = MAGIC[suffix] if mutate is behind_magic else other
            yield f"{number:03}-{mutate.__name__}{suffix}", mutate(content, given, rng)


@dataclass(frozen=True)
class Outcome:
    """One mutant: what it became, and whether its rows are all numbers."""

    facts: TrackFacts
    row_count: int
    finite: bool


@pytest.fixture(scope="module")
def outcomes(
    originals: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    """What became of each mutant, by name, read by two workers."""
    folder = tmp_path_factory.mktemp("mutants")
    for name, content in mutants(originals, SEED, MUTANTS_PER_FORMAT):
        (folder / name).write_bytes(content)
    limits = AudioSettings(time_limit_s=TIME_LIMIT_S)
    reader = SoundReader(NativeExtractor(FrameGrid()), limits, {"tempo": TempoMeter})
    note = TableNote(spec=reader.spec, origins=(reader.origin,))
    batch = Batch(reader, FrameStore(folder / "frames", note), jobs=2, time_limit_s=TIME_LIMIT_S)
    found = identify(sorted(path for path in folder.iterdir() if path.is_file()), {})
    facts = batch.run(found, lambda *_: None)
    rows = {track.track_id: frames.rows for track, frames in batch.store.tracks()}
    none = np.empty((0, 1), np.float32)
    return {
        file.path.name: Outcome(
            facts[file.track_id],
            len(rows.get(file.track_id, none)),
            bool(np.isfinite(rows.get(file.track_id, none)).all()),
        )
        for file in found
    }


@pytest.mark.slow
def test_every_mutant_has_a_named_status_and_none_hangs_or_crashes(
    outcomes: dict[str, Outcome],
) -> None:
    counts = Counter(outcome.facts.status for outcome in outcomes.values())
    assert counts.total() == MUTANTS_PER_FORMAT * len(SUFFIXES)
    assert counts.keys() <= STATUSES.keys() - {"timeout", "unreadable", "missing"}
    # A decoder that crashes costs its own file only; none did in thousands of mutants.
    assert counts["crashed"] <= CRASHES


@pytest.mark.slow
def test_mutants_have_rows_of_numbers_or_none(outcomes: dict[str, Outcome]) -> None:
    for name, outcome in outcomes.items():
        facts = outcome.facts
        assert outcome.finite, name
        assert outcome.row_count == facts.frame_count, name
        assert (outcome.row_count > 0) == (facts.status in WITH_ROWS), name
        assert facts.status == "ok" or facts.reason, name
        tempo = facts.measures.get("tempo", float("nan"))
        assert np.isnan(tempo) or 40 <= tempo <= 240, name


@pytest.mark.slow
def test_a_mutant_that_passes_for_whole_has_the_whole_length(
    outcomes: dict[str, Outcome],
) -> None:
    for name, outcome in outcomes.items():
        facts = outcome.facts
        # A header may be damaged into one that is right for other sound.
        if facts.status == "ok" and header_bytes.__name__ not in name:
            assert facts.duration_s == pytest.approx(DURATION_S, rel=0.03), name


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_sound_that_was_damaged_or_lost_is_not_ok(
    outcomes: dict[str, Outcome], suffix: str
) -> None:
    for mutation in (truncated, removed, behind_magic):
        of_kind = [name for name in outcomes if name.endswith(f"{mutation.__name__}{suffix}")]
        assert of_kind
        assert "ok" not in {outcomes[name].facts.status for name in of_kind}, of_kind
