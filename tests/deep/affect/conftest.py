"""A small set whose spectrograms tell arousal by their level and valence by their tilt."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from zoneclf.deep.affect.affect_set import AffectSet, load_affect, save_affect
from zoneclf.deep.sets.storing import TEXTS
from zoneclf.deep.sets.track_set import spectrogram_folder
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.deep.statistics import statistics_of
from zoneclf.store import Origin, TableNote, TableSpec, write_table

SETTINGS = SpectrogramSettings(rate_hz=8000, n_fft=512, window_length=512, hop=400, mels=16)
TRACKS, FRAMES = 60, 80  # of 4 s
SPLITS = ("train",) * 6 + ("valid",) * 2 + ("test",) * 2


def _spectrogram(path: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return shape (frames, mels) of arousal and valence, shape (frames, 2)."""
    tilt = np.linspace(-1, 1, SETTINGS.mels)
    clean = -40 + 6 * (path[:, :1] - 5) + 5 * (path[:, 1:] - 5) * tilt
    return clean + random.normal(0, 6, clean.shape)


def _courses(targets: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return values at every frame, shape (tracks, frames, 2), with the targets as their means."""
    phase = random.uniform(0, 2 * np.pi, (len(targets), 1, 2))
    turn = np.sin(np.linspace(0, 2 * np.pi, FRAMES)[:, None] + phase)
    return targets[:, None] + turn - turn.mean(axis=1, keepdims=True)


def write_set(folder: Path) -> Path:
    random = np.random.default_rng(0)
    targets = np.clip(random.normal(5, [1.2, 1.0], (TRACKS, 2)), 2.2, 7.8)
    paths = _courses(targets, random)
    cache = SpectrogramCache(spectrogram_folder(folder, SETTINGS), SETTINGS)
    ids = [f"t{number:02}" for number in range(TRACKS)]
    for track_id, path in zip(ids, paths, strict=True):
        cache.write(track_id, _spectrogram(path, random))
    cache.flush()
    rows = {name: [""] * TRACKS for name in TEXTS}
    rows["track_id"], rows["path"] = ids, [f"music/{one}.flac" for one in ids]
    rows["group"] = [f"artist{number // 2}" for number in range(TRACKS)]
    rows["split"] = [SPLITS[number // 2 % 10] for number in range(TRACKS)]
    rows["status"] = ["ok"] * TRACKS
    for place, name in enumerate(("arousal", "valence")):
        rows[name] = targets[:, place].tolist()
        rows[f"{name}_se"] = [0.3] * TRACKS
    rows["start_s"] = rows["end_s"] = [0.0] * TRACKS
    rows["frame_count"] = [FRAMES] * TRACKS
    train = [n for n, split in enumerate(rows["split"]) if split == "train"]
    seen = [cache.read(ids[n]).astype(np.float32) for n in train]
    card = {
        "spectrogram": SETTINGS.as_json(),
        "statistics": statistics_of(seen, FRAMES * len(train)),
    }
    times = np.arange(0, FRAMES * SETTINGS.frame_s, 0.5)
    sampled = np.clip(np.round(times / SETTINGS.frame_s).astype(int), 0, FRAMES - 1)
    courses = {
        one: (times, path[sampled].astype(np.float32)) for one, path in zip(ids, paths, strict=True)
    }
    save_affect(folder, rows, card, courses)
    return folder


def embed(folder: Path, by: str = "wav2vec2", name: str = "toy") -> None:
    """Write embeddings that tell both dimensions."""
    prepared = load_affect(folder)
    random = np.random.default_rng(1)
    values = random.normal(0, 1, (len(prepared), 6))
    values[:, :2] += 2 * (prepared.targets - 5)
    features = tuple(f"{by}_{number:04}_mean" for number in range(6))
    spec = TableSpec(
        level="tracks",
        descriptors=f"{by}/tiny@1/layerall/mean",
        window_s=5,
        hop_s=5,
        rate_hz=16000,
        features=features,
    )
    origin = Origin(extractor=by, extractor_version=1, licence="non-commercial")
    note = TableNote(spec=spec, origins=(origin,), notes={"weights_bytes": 380_000_000})
    columns = {"track_id": prepared.track_ids.tolist(), "path": prepared.paths.tolist()}
    columns |= {"status": ["ok"] * len(prepared)}
    columns |= {key: values[:, place] for place, key in enumerate(features)}
    write_table(pa.table(columns), note, folder / f"embeddings-{name}.parquet")


@pytest.fixture(scope="session")
def affect_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set's folder; not to be written to."""
    return write_set(tmp_path_factory.mktemp("affect") / "set")


@pytest.fixture(scope="session")
def affect_set(affect_folder: Path) -> AffectSet:
    return load_affect(affect_folder)


@pytest.fixture
def affect_workspace(tmp_path, monkeypatch, affect_folder):
    """A folder with the set in it, named by a short path; pictures of curves are left out."""
    shutil.copytree(affect_folder, tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zoneclf.deep.training.draw_history", lambda *_: None)
    return tmp_path
