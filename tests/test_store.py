"""Tables that know how they were made, and come back as they were written."""

import dataclasses
import errno
import gc
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.errors import OutputError, TableError
from zoneclf.store import (
    FORMAT,
    Origin,
    TableFile,
    TableNote,
    TableSpec,
    read_note,
    read_table,
    spec_from,
    write_groups,
    write_table,
)

SPEC = TableSpec(
    level="tracks",
    descriptors="test/1",
    window_s=1.0,
    hop_s=0.5,
    rate_hz=44_100,
    features=("tempo", "drop_count", "zcr"),
    parameters=(("drop.contrast", 0.5), ("drop.within_s", 8.0)),
)
ORIGIN = Origin(extractor="test", extractor_version=3)
NOTE = TableNote(spec=SPEC, origins=(ORIGIN,), notes={"tracks": ["é", float(1)]})

CHANGES = {
    "level": "frames",
    "descriptors": "test/2",
    "window_s": 2.0,
    "hop_s": 0.25,
    "rate_hz": 48_000,
    "parameters": (("drop.contrast", 0.6), ("drop.within_s", 8.0)),
}


def rows() -> pa.Table:
    return pa.table(
        {
            "track_id": ["a", "b"],
            "tempo": pa.array([120.0, None], pa.float32()),
            "drop_count": pa.array([1, 2], pa.float32()),
            "zcr": pa.array([0.1, 0.2], pa.float32()),
        }
    )


def rewrite_note(path: Path, change: Callable[[dict], object]) -> None:
    """Change the note inside a table file."""
    table = pq.read_table(path)
    raw = json.loads(table.schema.metadata[b"zoneclf"])
    changed = change(raw)
    text = json.dumps(raw if changed is None else changed).encode()
    pq.write_table(table.replace_schema_metadata({b"zoneclf": text}), path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A table as `write_table` writes it."""
    target = tmp_path / "deep" / "table.parquet"
    write_table(rows(), NOTE, target)
    return target


@pytest.mark.parametrize(("name", "value"), CHANGES.items(), ids=CHANGES.keys())
def test_any_change_makes_another_spec(name: str, value: object) -> None:
    other = dataclasses.replace(SPEC, **{name: value})
    assert other != SPEC
    assert other.digest != SPEC.digest
    assert SPEC.difference(other).startswith(f"{name} {getattr(SPEC, name)} against {value}")


def test_columns_that_differ_are_counted_and_named() -> None:
    other = dataclasses.replace(SPEC, features=("tempo", "pitch"))
    assert SPEC.difference(other) == "3 columns, first drop_count"
    reversed_ = dataclasses.replace(SPEC, features=SPEC.features[::-1])
    assert SPEC.difference(reversed_) == "column order"
    assert reversed_.digest != SPEC.digest


def test_equal_specs_do_not_differ() -> None:
    assert SPEC.difference(dataclasses.replace(SPEC)) == ""
    assert len(SPEC.digest) == 12
    assert set(SPEC.digest) <= set("0123456789abcdef")


@given(st.permutations(SPEC.features), st.integers(1, 3))
def test_selecting_keeps_the_order_asked_for(features: list[str], count: int) -> None:
    chosen = tuple(features[:count])
    selected = SPEC.select(chosen)
    assert selected.features == chosen
    assert dict(selected.parameters) == (dict(SPEC.parameters) if "drop_count" in chosen else {})


def test_selecting_everything_changes_nothing() -> None:
    assert SPEC.select(SPEC.features) == SPEC


def test_selecting_what_is_not_there_is_refused() -> None:
    with pytest.raises(TableError, match="2 features are missing, first 'f0'"):
        SPEC.select(["tempo", "jitter", "f0"])


def test_a_spec_survives_json() -> None:
    again = spec_from(json.loads(json.dumps(dataclasses.asdict(SPEC))))
    assert (again, again.digest) == (SPEC, SPEC.digest)


@pytest.mark.parametrize(
    ("licences", "expected"), [(["", "non-commercial", ""], "non-commercial"), (["", ""], "")]
)
def test_one_restricted_part_restricts_the_table(licences: list[str], expected: str) -> None:
    origins = tuple(dataclasses.replace(ORIGIN, licence=licence) for licence in licences)
    assert TableNote(spec=SPEC, origins=origins).licence == expected


def test_a_table_comes_back_as_it_was_written(path: Path) -> None:
    table, note = read_table(path)
    assert note == NOTE
    assert read_note(path) == NOTE
    assert table.replace_schema_metadata(None).equals(rows())


def test_a_column_can_be_read_alone(path: Path) -> None:
    table, _ = read_table(path, ["zcr"])
    assert table.column_names == ["zcr"]


def test_an_existing_table_is_replaced(path: Path) -> None:
    write_table(rows().slice(0, 1), NOTE, path)
    assert read_table(path)[0].num_rows == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_same_table_gives_the_same_bytes(path: Path) -> None:
    before = path.read_bytes()
    write_table(rows(), NOTE, path)
    assert path.read_bytes() == before


def test_foreign_parquet_is_refused_with_the_command_that_makes_a_right_one(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.parquet"
    pq.write_table(rows(), foreign)
    with pytest.raises(TableError, match=r"foreign\.parquet: not a zoneclf.*`zoneclf extract`"):
        read_table(foreign)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"track_id,tempo\n", bytes(1000)])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read_table(tmp_path / "a.parquet")


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read_note(tmp_path / "gone.parquet")


def test_damaged_rows_are_refused(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)
    with pytest.raises(TableError, match="its rows are damaged"):
        read_table(path)


@pytest.mark.parametrize("found", [FORMAT + 1, 0, "1", None])
def test_another_format_is_refused_with_both_numbers(path: Path, found: object) -> None:
    rewrite_note(path, lambda raw: raw.update(format=found))
    with pytest.raises(TableError, match=f"table format {found}, this zoneclf reads {FORMAT}"):
        read_table(path)


DAMAGES: dict[str, Callable[[dict], object]] = {
    "no format": lambda raw: raw.pop("format") and None,
    "no spec": lambda raw: raw.pop("spec") and None,
    "no origins": lambda raw: raw.update(origins=[]),
    "unknown field": lambda raw: raw["spec"].update(colour="red"),
    "missing field": lambda raw: raw["spec"].pop("hop_s") and None,
    "a list": lambda raw: [raw],
    "a number": lambda _: 1,
    "origin without version": lambda raw: raw["origins"][0].pop("extractor_version") and None,
    "parameters": lambda raw: raw["spec"].update(parameters=[["drop.contrast"]]),
    "notes": lambda raw: raw.pop("notes") and None,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_note_is_refused(path: Path, damage: Callable[[dict], object]) -> None:
    rewrite_note(path, damage)
    with pytest.raises(TableError, match=r"table\.parquet: its zoneclf note is damaged"):
        read_note(path)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe"])
def test_a_note_that_is_no_json_is_refused(tmp_path: Path, text: bytes) -> None:
    target = tmp_path / "a.parquet"
    pq.write_table(rows().replace_schema_metadata({b"zoneclf": text}), target)
    with pytest.raises(TableError, match="its zoneclf note is damaged"):
        read_note(target)


def test_an_announced_column_must_be_there(tmp_path: Path) -> None:
    write_table(rows().drop_columns(["zcr"]), NOTE, tmp_path / "a.parquet")
    with pytest.raises(TableError, match="column 'zcr' is announced but not there"):
        read_note(tmp_path / "a.parquet")


def test_float_columns_keep_every_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random(1000, dtype=np.float32)
    spec = dataclasses.replace(SPEC, features=("x",), parameters=())
    write_table(
        pa.table({"x": values}), dataclasses.replace(NOTE, spec=spec), tmp_path / "a.parquet"
    )
    np.testing.assert_array_equal(read_table(tmp_path / "a.parquet")[0]["x"].to_numpy(), values)


def failing(code: int) -> Callable[..., None]:
    """Return a writer that fails half-way with this system error."""

    def write(self: pq.ParquetWriter, table: object, **options: object) -> None:
        raise OSError(code, "system says no")

    return write


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    before = path.read_bytes()
    monkeypatch.setattr(pq.ParquetWriter, "write_table", failing(code))
    with pytest.raises(OutputError, match=r"table\.parquet: cannot be written \(system says no\)"):
        write_table(rows(), NOTE, path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def pieces(sizes: list[int]) -> list[pa.Table]:
    """Return tables of these sizes, whose numbers go on from one to the next."""
    ends = np.cumsum(sizes)
    return [
        pa.table({"x": np.arange(end - size, end)})
        for size, end in zip(sizes, ends.tolist(), strict=True)
    ]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_a_table_written_piece_by_piece_is_read_piece_by_piece(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("groups") / "a.parquet"
    note = dataclasses.replace(NOTE, spec=dataclasses.replace(SPEC, features=("x",)))
    write_groups(pieces(sizes), note, path)
    file = TableFile(path)
    assert [size for size in file.group_sizes if size] == [size for size in sizes if size]
    groups = pa.concat_tables(list(file.groups()))
    assert groups["x"].to_pylist() == list(range(sum(sizes)))
    assert (file.note, read_table(path)[0].num_rows) == (note, sum(sizes))


def test_damage_in_a_row_group_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    note = dataclasses.replace(NOTE, spec=dataclasses.replace(SPEC, features=("x",)))
    values = np.random.default_rng(0).random((2, 1000))
    write_groups((pa.table({"x": part}) for part in values), note, path)
    content = bytearray(path.read_bytes())
    content[100:600] = bytes(500)
    path.write_bytes(content)
    file = TableFile(path)
    with pytest.raises(TableError, match=r"a\.parquet: its rows are damaged"):
        file.read_group(0)
    np.testing.assert_array_equal(file.read_group(1)["x"].to_numpy(), values[1])


def test_files_that_were_looked_at_are_let_go_at_once(path: Path) -> None:
    # A library has thousands; what waits for the cycle collector is tens of MB of footers.
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            read_note(path)
            list(TableFile(path).groups())
        assert not [one for one in gc.get_objects() if type(one) is pq.FileMetaData]
    finally:
        gc.enable()
