"""Sound -> embedding: chunks, batches, pooling, what cannot be heard."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from zoneclf.deep.batches import device_of
from zoneclf.deep.encoders import embedding
from zoneclf.deep.encoders.config import EncoderConfig, read_preprocessor
from zoneclf.deep.encoders.embedding import Embedder, EmbeddingSettings, fitting
from zoneclf.deep.encoders.encoder import NativeEncoder
from zoneclf.deep.encoders.kinds import MERT
from zoneclf.deep.encoders.pooling import Pool
from zoneclf.deep.encoders.sound import batches, chunks, normalised, resampled
from zoneclf.errors import UsageError

CPU = torch.device("cpu")
RATE_HZ = 24_000
Sound = np.ndarray


def embedder(folder: Path, batch: int = 0, **settings: object) -> Embedder:
    asked = EmbeddingSettings(**settings)  # type: ignore[arg-type]
    encoder = NativeEncoder(folder, CPU)
    return Embedder(encoder, read_preprocessor(folder), asked, device=CPU, batch=batch)


@pytest.fixture(scope="module")
def track(
    tmp_path_factory: pytest.TempPathFactory,
    chirp: Callable[[float], Sound],
    write_wav: Callable[..., Path],
) -> Path:
    """A track of 3.4 s."""
    return write_wav(tmp_path_factory.mktemp("music") / "track.wav", chirp(3.4))


def heard(track: Path) -> Sound:
    """Return a track's sound at MERT's rate, by soxr in one piece."""
    import soundfile
    import soxr

    stored, rate_hz = soundfile.read(track, dtype="float32")
    return soxr.resample(np.rint(stored * 32768) / 32767, rate_hz, RATE_HZ, quality="HQ")


@pytest.mark.parametrize("layer", [0, 1, 2, "all"])
def test_the_embedding_is_mean_and_deviation_of_all_states(
    tiny_mert: Path, track: Path, layer: int | str
) -> None:
    found = embedder(tiny_mert, layer=layer, pooling="mean-std", chunk_s=1.0).embed(track)
    sound, rows = heard(track), []
    encoder = NativeEncoder(tiny_mert, CPU)
    for first in range(0, 3 * RATE_HZ, RATE_HZ):  # the last 0.4 s are less than is heard alone
        chunk = torch.from_numpy(normalised(sound[first : first + RATE_HZ].astype(np.float32)))
        with torch.inference_mode():
            states = torch.stack(list(encoder.states(chunk[None], 2)))[:, 0]
        rows.append(states.mean(0) if layer == "all" else states[int(layer)])
    expected = torch.cat(rows).double().numpy()
    assert (found.status, found.reason) == ("ok", "")
    assert found.vector is not None
    assert found.vector.shape == (64,)
    np.testing.assert_allclose(found.vector[:32], expected.mean(0), atol=2e-4)
    np.testing.assert_allclose(found.vector[32:], expected.std(0), atol=2e-4)


def test_a_track_of_one_chunk_is_the_same_in_longer_ones(tiny_mert: Path, track: Path) -> None:
    vectors = [embedder(tiny_mert, chunk_s=s).embed(track).vector for s in (3.4, 5.0, 60.0)]
    assert np.array_equal(vectors[0], vectors[1])
    assert np.array_equal(vectors[0], vectors[2])
    shorter = embedder(tiny_mert, chunk_s=1.0).embed(track).vector
    assert not np.allclose(vectors[0], shorter, atol=1e-4)


@pytest.mark.parametrize("batch", [2, 3, 64])
def test_batches_do_not_show(tiny_mert: Path, track: Path, batch: int) -> None:
    one, several = (
        embedder(tiny_mert, b, pooling="mean-std", chunk_s=1.0).embed(track).vector
        for b in (1, batch)
    )
    np.testing.assert_allclose(one, several, rtol=0, atol=1e-5)


def test_a_batch_that_does_not_fit_is_made_smaller(
    tiny_mert: Path, track: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(embedding._MOST, "cpu", 8)
    whole = embedder(tiny_mert, chunk_s=1.0)
    expected = whole.embed(track).vector
    states = NativeEncoder.states
    sizes = []

    def small(self: NativeEncoder, sound: torch.Tensor, last: int) -> Iterator[torch.Tensor]:
        sizes.append(len(sound))
        if len(sound) > 1:
            raise torch.OutOfMemoryError("full")
        return states(self, sound, last)

    monkeypatch.setattr(NativeEncoder, "states", small)
    np.testing.assert_allclose(whole.embed(track).vector, expected, atol=1e-5)
    assert sizes[0] > 1
    assert whole.batch == 1
    with pytest.raises(torch.OutOfMemoryError):
        embedder(tiny_mert, 3, chunk_s=1.0).embed(track)


def test_chunks_are_cut_while_sound_comes_in() -> None:
    taken = 0

    def blocks() -> Iterator[Sound]:
        nonlocal taken
        for number in range(10):
            taken += 1
            yield np.full(100, number, np.float32)

    found = chunks(blocks(), 250, 60)
    assert next(found).size == 250
    assert taken == 3  # flat memory: no more is decoded than the chunk needs
    assert [chunk.size for chunk in found] == [250, 250, 250]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [(0, []), (10, [10]), (250, [250]), (309, [250]), (310, [250, 60]), (500, [250, 250])],
)
def test_what_follows_the_last_whole_chunk(samples: int, expected: list[int]) -> None:
    found = chunks([np.ones(samples, np.float32)], 250, 60)
    assert [chunk.size for chunk in found] == expected


def test_only_chunks_of_one_length_are_heard_together() -> None:
    found = batches((np.ones(n, np.float32) for n in (9, 9, 9, 9, 5)), 3)
    assert [[chunk.size for chunk in some] for some in found] == [[9, 9, 9], [9], [5]]


def test_blocks_are_resampled_as_one_sound(chirp: Callable[[float], Sound]) -> None:
    import soxr

    sound = chirp(1.3)
    pieces = [sound[first : first + 10_007] for first in range(0, sound.size, 10_007)]
    found = np.concatenate(list(resampled(pieces, RATE_HZ)))
    expected = soxr.resample(sound, 44_100, RATE_HZ, quality="HQ")
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert list(resampled(pieces, 44_100)) == pieces


def test_pooling_in_pieces_is_pooling_at_once() -> None:
    rows = 1000 + torch.randn(
        90, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    pool = Pool()
    for first, last in ((0, 1), (1, 40), (40, 90)):
        pool.add(rows[None, first:last])
    expected = np.concatenate([rows.mean(0).numpy(), rows.numpy().std(0)])
    np.testing.assert_allclose(pool.vector("mean-std"), expected, rtol=1e-6)
    assert pool.vector("mean").shape == (7,)


def test_what_cannot_be_heard(
    tmp_path: Path, tiny_mert: Path, write_wav: Callable[..., Path]
) -> None:
    made = embedder(tiny_mert)
    silent = write_wav(tmp_path / "silent.wav", np.zeros(50_000, np.float32))
    short = write_wav(tmp_path / "short.wav", np.array([0.5, -0.5], np.float32))
    (tmp_path / "text.mp3").write_text("no sound")
    statuses = {
        path.name: made.embed(path)
        for path in (silent, short, tmp_path / "text.mp3", tmp_path / "gone.wav", tmp_path)
    }
    assert all(found.vector is None and found.reason for found in statuses.values())
    assert statuses["silent.wav"].status == "silent"
    assert statuses["short.wav"].status == "too_short"
    assert statuses["text.mp3"].status == "undecodable"
    assert statuses["gone.wav"].status == "missing"
    assert statuses[tmp_path.name].status == "not_a_file"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"layer": 3}, "--layer 3: this checkpoint has 0"),
        ({"layer": -1}, "--layer -1"),
        ({"chunk_s": 0.5}, "must be from 1 to 60"),
        ({"chunk_s": 61.0}, "must be from 1 to 60"),
        ({"chunk_s": float("nan")}, "must be from 1 to 60"),
    ],
)
def test_settings_that_do_not_fit(tiny_mert: Path, settings: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        embedder(tiny_mert, **settings)


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == "cpu"
    for name, said in (("cuda", "no GPU"), ("tpu", "auto, cpu or cuda")):
        with pytest.raises(UsageError, match=said):
            device_of(name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of("auto") == "cuda"
    assert device_of("cpu") == "cpu"


def test_the_batch_follows_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    conv = ((512, 5, 10), *((512, 2, 3),) * 4, *((512, 2, 2),) * 2)
    base = EncoderConfig(MERT, 768, 12, 12, 3072, conv, False, "group", 128, 16, False, 1e-5, True)
    monkeypatch.setitem(embedding._MOST, "cpu", 8)
    found = []
    for free_gib in (0, 1, 4, 64):
        monkeypatch.setattr(embedding, "_free_bytes", lambda _, free=free_gib << 30: free)
        found.append(fitting(base, 5 * RATE_HZ, CPU))
    assert found == sorted(found)
    assert (found[0], found[-1]) == (1, 8)
    assert fitting(base, 60 * RATE_HZ, CPU) <= found[-1]
