"""Tables of embeddings: resumed after a kill, never mixed, and what the command prints."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from zoneclf.audio.sound_ids import sound_id
from zoneclf.deep.commands import app
from zoneclf.deep.genre.prepared import save_prepared
from zoneclf.deep.sets.storing import TEXTS
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.store import Origin, TableNote, TableSpec, read_note, read_table, write_table

TABLE = Path("dataset/embeddings/files.parquet")


@pytest.fixture
def music(
    tmp_path: Path,
    write_wav: Callable[..., Path],
    noise: Callable[..., np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Four tracks of 1.2 s, and the current folder is an empty workspace."""
    (tmp_path / "music").mkdir()
    for number in range(4):
        write_wav(tmp_path / "music" / f"{number}.wav", 0.5 * noise(53_000, seed=number))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "music"


def embed(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["embed", *map(str, arguments)], catch_exceptions=False)


def values(path: Path = TABLE) -> dict[str, np.ndarray]:
    table, note = read_table(path)
    rows = np.stack([table[name].to_numpy() for name in note.spec.features], axis=1)
    return dict(zip(table["track_id"].to_pylist(), rows, strict=True))


def test_embed_writes_a_feature_table(music: Path, tiny_mert: Path) -> None:
    done = embed(music, "--model", tiny_mert, "--layer", "1", "--pooling", "mean-std")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{TABLE}: 4 ok; 64 features, non-commercial\n"
    table, note = read_table(TABLE)
    revision = note.notes["revision"]
    assert note.spec.descriptors == f"mert/tiny-mert@{revision}/layer1/mean-std"
    assert (note.spec.level, note.spec.rate_hz) == ("tracks", 24_000)
    assert dict(note.spec.parameters) == {"mert_.chunk_s": 5.0, "mert_.rate_hz": 24_000}
    assert note.licence == "non-commercial"
    assert note.origins[0].extractor == "mert"
    assert note.spec.features[0] == "mert_0000_mean"
    assert note.spec.features[-1] == "mert_0031_std"
    assert table["track_id"].to_pylist()[2] == sound_id(music / "2.wav")
    assert table["path"].to_pylist()[2] == str(music / "2.wav")
    assert not list(TABLE.parent.glob(".*.parts"))


def test_what_is_embedded_is_not_embedded_again(music: Path, tiny_mert: Path) -> None:
    embed(music / "0.wav", music / "1.wav", "--model", tiny_mert)
    before = values()
    (music / "1.wav").rename(music / "moved.wav")
    done = embed(music, "--model", tiny_mert, "--json")
    said = json.loads(done.stdout)
    assert (said["tables"][0]["tracks"], said["tables"][0]["embedded_before"]) == (4, 2)
    assert "2 of 4 tracks are embedded already" in done.stderr
    after = values()
    assert len(after) == 4
    assert all(np.array_equal(after[track_id], row) for track_id, row in before.items())
    assert str(music / "moved.wav") in read_table(TABLE)[0]["path"].to_pylist()
    assert embed(music, "--model", tiny_mert).exit_code == 0
    assert "chunks at once" not in embed(music, "--model", tiny_mert).stderr  # no weights loaded


@pytest.mark.parametrize(
    "other", [["--layer", "1"], ["--pooling", "mean-std"], ["--chunk", "1"], ["--model", "other"]]
)
def test_embeddings_made_otherwise_are_not_mixed(
    music: Path,
    tiny_mert: Path,
    other: list[str],
    write_mert: Callable[..., Path],
    mert_weights: Callable[..., dict[str, object]],
) -> None:
    shutil.copytree(tiny_mert, "tiny")
    write_mert(Path("other"), weights=mert_weights(seed=1))
    embed(music / "0.wav", "--model", "tiny")
    before = TABLE.read_bytes()
    done = embed(music, "--model", "tiny", *other)
    assert done.exit_code == 3
    assert "was made otherwise (" in done.stderr
    assert done.stderr.count("\n") <= 2
    assert TABLE.read_bytes() == before
    assert embed(music, "--model", "tiny", *other, "--force").exit_code == 0
    assert len(values()) == 4


def test_another_revision_is_not_mixed(
    music: Path,
    tmp_path: Path,
    write_mert: Callable[..., Path],
    mert_weights: Callable[..., dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    for seed, commit in enumerate(("a" * 40, "b" * 40)):
        folder = cache / "models--m--tiny" / "snapshots" / commit
        write_mert(folder, weights=mert_weights(seed=seed))
    one = ["--model", "m/tiny", "--offline", "--revision"]
    assert embed(music / "0.wav", *one, "a" * 40).exit_code == 0
    assert read_note(TABLE).notes["revision"] == "a" * 40
    done = embed(music, *one, "b" * 40)
    assert done.exit_code == 3
    assert f"@{'a' * 40}/layerall/mean against mert/m/tiny@{'b' * 40}" in done.stderr
    # The same revision with other weights: the cache was tampered with.
    write_mert(folder.with_name("a" * 40), weights=mert_weights(seed=1))
    done = embed(music, *one, "a" * 40)
    assert done.exit_code == 3
    assert "of the same revision" in done.stderr


_KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from zoneclf.console import console
from zoneclf.deep.encoders.embedding import Embedded
from zoneclf.deep.encoders.making import make_table
from zoneclf.deep.source_tracks import files_wanted
from zoneclf.deep.encoders.tables import EmbeddingTable
from zoneclf.store import read_note

class Dies:
    seen = 0

    def embed(self, path, stretch):
        self.seen += 1
        if self.seen == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return Embedded("ok", "", 1.0, np.full(32, self.seen, np.float32))

table = EmbeddingTable(Path(sys.argv[2]), read_note(Path(sys.argv[3])))
make_table(table, files_wanted([Path(sys.argv[1])]), Dies, console)
"""


@pytest.mark.slow
def test_a_killed_run_is_gone_on_with(music: Path, tiny_mert: Path) -> None:
    embed(music / "3.wav", "--model", tiny_mert, "--source", "like")
    whole = embed(music, "--model", tiny_mert)
    assert whole.exit_code == 0
    real = values()
    TABLE.unlink()
    arguments = [music, TABLE, TABLE.with_name("like.parquet")]
    done = subprocess.run([sys.executable, "-c", _KILLED, *map(str, arguments)])
    assert done.returncode == -signal.SIGKILL
    assert not TABLE.exists()
    (parts,) = TABLE.parent.glob(".files-*.parts")
    kept = sorted(parts.glob("*.npz"))
    assert len(kept) == 2
    kept[0].write_bytes(b"half")  # as a full disk leaves it
    again = json.loads(embed(music, "--model", tiny_mert, "--json").stdout)
    assert again["tables"][0]["embedded_before"] == 1
    resumed = values()
    assert resumed.keys() == real.keys()
    for track_id, row in resumed.items():  # what was kept is kept, all else is as ever
        assert np.array_equal(row, real[track_id]) != (track_id == kept[1].stem)
    assert not parts.exists()


def test_tracks_without_sound_are_told_and_have_a_row(music: Path, tiny_mert: Path) -> None:
    (music / "text.mp3").write_text("no sound")
    (music / "twin.wav").write_bytes((music / "0.wav").read_bytes())
    done = embed(music, music / "gone.wav", "--model", tiny_mert)
    assert done.exit_code == 4
    assert done.stdout.startswith(f"{TABLE}: 1 missing, 5 ok, 1 undecodable;")
    assert "text.mp3: undecodable" in done.stderr
    assert "gone.wav: missing" in done.stderr
    table, note = read_table(TABLE)
    assert table.num_rows == 5  # one per sound; a missing file may be there next time
    row = table["status"].to_pylist().index("undecodable")
    assert table[note.spec.features[0]].to_pylist()[row] is None


def test_nothing_to_embed_writes_nothing(music: Path, tiny_mert: Path) -> None:
    done = embed(music / "gone.wav", "--model", tiny_mert)
    assert done.exit_code == 4
    assert done.stdout.startswith(f"{TABLE} (not written): 1 missing;")
    assert not TABLE.exists()


def _track_table(name: str, rows: list[tuple[str, str, str]]) -> None:
    import pyarrow as pa

    spec = TableSpec(
        level="tracks", descriptors="x", window_s=1, hop_s=1, rate_hz=1, features=("tempo",)
    )
    columns = [*zip(*rows, strict=True), [1.0] * len(rows)]
    table = pa.table([pa.array(c) for c in columns], names=["track_id", "path", "name", "tempo"])
    note = TableNote(spec=spec, origins=(Origin(extractor="frames", extractor_version=1),))
    write_table(table, note, Path("dataset/tracks") / f"{name}.parquet")


def test_all_sources_under_the_ids_of_their_tables(music: Path, tiny_mert: Path) -> None:
    _track_table("user", [(f"id{n}", str(music / f"{n}.wav"), str(n)) for n in range(2)])
    _track_table("deam", [("song7", "features/2.csv", "2")])
    done = embed("--model", tiny_mert)
    assert done.exit_code == 3
    assert "zoneclf deep embed FOLDER --source deam" in done.stderr
    assert embed("--model", tiny_mert, "--source", "user").exit_code == 0
    assert set(values(TABLE.with_name("user.parquet"))) == {"id0", "id1"}
    assert embed(music, "--model", tiny_mert, "--source", "deam").exit_code == 0
    assert set(values(TABLE.with_name("deam.parquet"))) == {"song7"}
    (music / "1.wav").unlink()  # what is embedded already needs no sound
    assert embed("--model", tiny_mert, "--source", "user").exit_code == 0


def _prepared(music: Path, **settings: Any) -> None:
    """Write a set of four tracks, of which the third was left out and the fourth has no sound."""
    rows: dict[str, list[Any]] = {name: [""] * 4 for name in (*TEXTS, "genres")}
    rows["track_id"] = [f"t{n}" for n in range(4)]
    rows["path"] = [str(music / f"{n}.wav") for n in range(4)]
    rows["genres"] = [["rock"]] * 4
    rows["split"] = ["train", "test", "unused", "unused"]
    rows["frame_count"] = [9, 9, 9, 0]
    said = SpectrogramSettings(**settings).as_json()
    save_prepared(Path("set"), rows, {"genres": ["rock"], "spectrogram": said})


def test_a_prepared_set(music: Path, tiny_mert: Path) -> None:
    (music / "3.wav").write_text("no sound")
    _prepared(music)
    assert embed("--set", "set", "--model", tiny_mert).exit_code == 0
    (found,) = Path("set").glob("embeddings-*.parquet")
    assert found.stem == f"embeddings-{read_note(found).spec.digest}"
    assert set(values(found)) == {"t0", "t1"}


def test_a_set_of_arrays_holds_no_sound(music: Path, tiny_mert: Path) -> None:
    _prepared(music, foreign=True, excerpt_s=0.0)
    done = embed("--set", "set", "--model", tiny_mert)
    assert done.exit_code == 3
    assert done.stderr.startswith("error: set: was prepared from ready-made arrays")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--layer", "-1"], 2, "--layer -1: must be a number from 0 on, or all"),
        (["--layer", "9"], 2, "--layer 9: this checkpoint has 0"),
        (["--layer", "²"], 2, "--layer ²"),
        (["--pooling", "max"], 2, "--pooling max: must be mean or mean-std"),
        (["--chunk", "0"], 2, "--chunk 0: must be from 1 to 60"),
        (["--batch-size", "0"], 2, "--batch-size 0: must be auto, or from 1 to 1024"),
        (["--batch-size", "many"], 2, "--batch-size many"),
        (["--device", "tpu"], 2, "--device tpu: must be auto, cpu or cuda"),
        (["--source", "../x"], 2, "--source ../x: use letters"),
        (["--source", "x", "--set", "y"], 2, "--set: goes without"),
        (["--set", "y"], 3, "y: holds no prepared set"),
        (["--source", "nobody"], 2, "--source nobody: is not extracted (there: none)"),
        ([], 3, "no source is extracted yet"),
        (["empty"], 3, "empty: holds no audio file"),
        (["--model", "nothing"], 2, "--model nothing: is no folder"),
        (["--revision", "abc"], 3, "its hash is sha256-"),
    ],
)
def test_wrong_usage(
    tmp_path: Path,
    tiny_mert: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    done = embed("--model", tiny_mert, *arguments)
    assert done.exit_code == code
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not Path("dataset").exists()


def test_only_one_writer(music: Path, tiny_mert: Path) -> None:
    from filelock import FileLock

    TABLE.parent.mkdir(parents=True)
    with FileLock(TABLE.with_name(".files.parquet.lock")):
        done = embed(music, "--model", tiny_mert)
    assert done.exit_code == 6
    assert "locked by another zoneclf" in done.stderr
