"""DEAM's annotations: a swap is found and repaired where it is, and only there."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import LabelError
from zoneclf.labels.deam import DeamAnnotations, load_deam, read_artists, read_dynamic, read_static
from zoneclf.labels.zones import load_zones
from zoneclf.pipeline.starting import shipped_config

HEADER = "song_id, valence_mean, valence_std, arousal_mean, arousal_std"
STATIC = "static_annotations_averaged_songs_1_2000.csv"
LATE = "static_annotations_averaged_songs_2000_2058.csv"
EARLY_IDS, MIDDLE_IDS, LATE_IDS = range(10, 40), range(1001, 1031), range(2001, 2021)
BY_ID = ["valence_mean", "valence_std", "arousal_mean", "arousal_std"]


@pytest.fixture
def truth() -> pd.DataFrame:
    """True values by song id, scale 1 to 9, arousal and valence unrelated."""
    ids = [*EARLY_IDS, *MIDDLE_IDS, *LATE_IDS]
    rng = np.random.default_rng(0)
    values = rng.uniform(1.5, 8.5, size=(len(ids), 2)).round(1)
    table = pd.DataFrame(values, index=ids, columns=["arousal_mean", "valence_mean"])
    return table.assign(arousal_std=1.25, valence_std=0.75)


@pytest.fixture
def write(tmp_path: Path, truth: pd.DataFrame) -> Callable[..., Path]:
    """Write annotations in DEAM's layout, some ids swapped, and return the root."""

    def write_below(swapped: range, *, keep: range | None = None, dynamic: bool = True) -> Path:
        songs = truth if keep is None else truth[truth.index.isin(keep)]
        folder = tmp_path / "annotations" / "song_level"
        folder.mkdir(parents=True)
        mirrored = songs[["arousal_mean", "arousal_std", "valence_mean", "valence_std"]]
        shipped = songs[BY_ID].copy()
        rows = shipped.index.isin(swapped)
        shipped.loc[rows] = mirrored[rows].to_numpy()
        early = [f"{song},{','.join(map(str, row))}" for song, *row in shipped.itertuples()]
        (folder / STATIC).write_text("\r\n".join([HEADER, *early]) + "\r\n", encoding="utf-8")
        if dynamic:
            write_dynamic(tmp_path / "dynamic", songs)
        return tmp_path

    return write_below


def write_dynamic(folder: Path, songs: pd.DataFrame) -> None:
    """Write curves on -1 to 1 that wander round each song's truth, of different length."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    for name in ("arousal", "valence"):
        lines = ["song_id,sample_15000ms,sample_15500ms,sample_16000ms"]
        for song, value in songs[f"{name}_mean"].items():
            curve = ((value - 5) / 4 + rng.normal(0, 0.05, 3)).clip(-1, 1).round(4).tolist()
            last = "" if int(str(song)) % 2 else str(curve[2])
            lines.append(f"{song},{curve[0]},{curve[1]},{last}")
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def is_true(found: DeamAnnotations, truth: pd.DataFrame, ids: range) -> bool:
    rows = [song for song in ids if song in found.songs.index]
    assert rows
    return bool((found.songs.loc[rows, BY_ID] == truth.loc[rows, BY_ID]).all(axis=None))


@pytest.mark.parametrize("swapped", [EARLY_IDS, MIDDLE_IDS, LATE_IDS, range(0)])
def test_a_swapped_block_is_repaired_and_the_others_are_left(
    write: Callable[..., Path], truth: pd.DataFrame, swapped: range
) -> None:
    found = load_deam(write(swapped), "repaired")
    assert is_true(found, truth, EARLY_IDS)
    assert is_true(found, truth, MIDDLE_IDS)
    assert is_true(found, truth, LATE_IDS)
    said = [statement for statement in found.statements if "swapped, repaired" in statement]
    assert len(said) == bool(swapped)
    assert found.repair == "repaired"


def test_as_shipped_keeps_the_files_columns_and_says_so(
    write: Callable[..., Path], truth: pd.DataFrame
) -> None:
    found = load_deam(write(EARLY_IDS), "as-shipped")
    assert not is_true(found, truth, EARLY_IDS)
    assert is_true(found, truth, MIDDLE_IDS)
    assert found.statements[0] == "ids 1-1000: valence and arousal swapped, left as shipped"


def test_dynamic_means_do_not_depend_on_the_static_order(
    write: Callable[..., Path], truth: pd.DataFrame
) -> None:
    found = load_deam(write(EARLY_IDS), "dynamic-mean").songs
    for name in ("arousal_mean", "valence_mean"):
        np.testing.assert_allclose(found[name], truth[name], atol=0.5)
    assert found[["arousal_std", "valence_std"]].isna().all(axis=None)


def test_too_few_songs_decide_nothing(write: Callable[..., Path], truth: pd.DataFrame) -> None:
    few = range(10, 17)
    found = load_deam(write(few, keep=few), "repaired")
    assert not is_true(found, truth, few)
    assert found.statements == ("ids 1-1000: 7 songs, too alike to tell a swap; left as shipped",)


def test_constant_annotations_decide_nothing(
    write: Callable[..., Path], truth: pd.DataFrame
) -> None:
    truth["arousal_mean"] = 5.0
    found = load_deam(write(range(0), keep=EARLY_IDS), "repaired")
    assert [check.verdict for check in found.checks] == ["undecided"] * 3


@pytest.mark.parametrize("policy", ["repaired", "dynamic-mean"])
def test_without_dynamic_annotations_nothing_is_guessed(
    write: Callable[..., Path], policy: str
) -> None:
    root = write(EARLY_IDS, dynamic=False)
    with pytest.raises(LabelError, match=r"no dynamic annotations .* use --deam-labels as-shipped"):
        load_deam(root, policy)
    told = load_deam(root, "as-shipped").statements
    assert told == ("no dynamic annotations: whether labels are swapped cannot be told",)


@pytest.mark.parametrize("value", ["0", "9.01", "0.5", "-0.3", "", "nan"])
def test_static_values_off_the_scale_are_refused(tmp_path: Path, value: str) -> None:
    (tmp_path / STATIC).write_text(f"{HEADER}\n7,5.0,1.0,{value},1.0\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"song 7 has .*, outside 1 to 9; rescale it"):
        read_static(tmp_path)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("7,5,0,1,0,4,5,1,0", ":2: has more fields than the header; write decimals with a point"),
        ('7,"5,0","1,0","4,5","1,0"', "write decimals with a point"),
        ("7,high,1,low,1", "holds what is no number"),
        ("seven,5,1,5,1", "holds what is no number"),
    ],
)
def test_static_lines_that_are_no_numbers_are_refused(
    tmp_path: Path, line: str, complaint: str
) -> None:
    (tmp_path / STATIC).write_text(f"{HEADER}\n{line}\n", encoding="utf-8")
    with pytest.raises(LabelError, match=complaint):
        read_static(tmp_path)


def test_dynamic_values_off_the_scale_are_refused(tmp_path: Path) -> None:
    (tmp_path / "arousal.csv").write_text("song_id,sample_15000ms\n7,1.2\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"arousal\.csv: holds values outside -1 to 1"):
        read_dynamic(tmp_path, "arousal")


def test_a_missing_file_column_or_a_song_twice_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"no static_annotations.* below it"):
        read_static(tmp_path)
    path = tmp_path / STATIC
    path.write_text("song_id, valence_mean\n7,5.0\n", encoding="utf-8")
    with pytest.raises(LabelError, match="column 'arousal_mean' is missing; is it DEAM's file"):
        read_static(tmp_path)
    path.write_text(f"{HEADER}\n7,5,1,5,1\n7,5,1,5,1\n", encoding="utf-8")
    with pytest.raises(LabelError, match="song 7 is annotated twice"):
        read_static(tmp_path)


def test_both_static_files_are_joined_though_their_columns_differ(tmp_path: Path) -> None:
    (tmp_path / STATIC).write_text(f"{HEADER}\n1500,5,1,6,2\n", encoding="utf-8")
    wide = "song_id, valence_mean, valence_std, valence_ max_mean, arousal_mean, arousal_std"
    (tmp_path / LATE).write_text(f"{wide}\n2001,3,1,9,4,2\n", encoding="utf-8")
    found = read_static(tmp_path)
    assert found["arousal_mean"].to_dict() == {1500: 6.0, 2001: 4.0}
    assert found["valence_mean"].to_dict() == {1500: 5.0, 2001: 3.0}


def test_artists_are_read_from_padded_and_ragged_files(tmp_path: Path) -> None:
    text = 'song_id,artist,title\n7,"Sable, Transit\t",One,extra,tags\n8,\tOndine\t,Two\n9,,Three\n'
    (tmp_path / "metadata_2014.csv").write_text(text, encoding="utf-8")
    assert read_artists(tmp_path) == {7: "Sable, Transit", 8: "Ondine"}


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("policy", "statement", "counts"),
    [
        ("repaired", "repaired", {"GREEN": 961, "YELLOW": 565, "PURPLE": 276}),
        ("as-shipped", "left as shipped", {"GREEN": 992, "YELLOW": 507, "PURPLE": 303}),
    ],
)
def test_the_real_annotations(
    real_data: Path, policy: str, statement: str, counts: dict[str, int]
) -> None:
    found = load_deam(real_data / "deam", policy)
    assert found.statements == (
        f"ids 1-1000: valence and arousal swapped, {statement}",
        "ids 1001-2000: valence and arousal as labelled",
        "ids 2001-2058: valence and arousal as labelled",
    )
    zones = load_zones(shipped_config() / "zone_mapping.yaml")
    means = [found.songs[f"{name}_mean"].to_numpy() for name in ("arousal", "valence")]
    assert Counter(zones.names[code] for code in zones.codes(*means)) == counts
    assert len(read_artists(real_data / "deam")) > 1700
