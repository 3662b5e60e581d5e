"""Folds and the holdout: no group on both sides, drawn once, edits refused, looks counted."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.splits import Holdout, folds, load_holdout, load_or_draw, record_look
from zoneclf.settings import EvaluationSettings

USER = frozenset({"user"})


def draw(path: Path, table: LabelledTable, seed: int = 0, **changed: float) -> Holdout:
    return load_or_draw(path, table, USER, EvaluationSettings(**changed), seed)


@settings(max_examples=25)
@given(
    tracks=st.integers(10, 40),
    per_group=st.integers(1, 6),
    count=st.integers(2, 5),
    seed=st.integers(0, 2**16),
)
def test_no_group_is_on_both_sides(tracks: int, per_group: int, count: int, seed: int) -> None:
    groups = np.repeat([f"artist:{n}" for n in range(tracks)], per_group)
    codes = np.repeat(np.arange(tracks) % 2, per_group)
    seen = []
    for train, held_out in folds(codes, groups, count=count, seed=seed):
        assert not set(groups[train]) & set(groups[held_out])
        assert sorted([*train, *held_out]) == list(range(groups.size))
        seen.append(held_out)
    assert sorted(np.concatenate(seen)) == list(range(groups.size))


def test_folds_follow_their_seed() -> None:
    codes, groups = np.arange(60) % 3, np.array([f"artist:{n // 2}" for n in range(60)])

    def held_out(seed: int) -> list[list[int]]:
        return [rows.tolist() for _, rows in folds(codes, groups, count=5, seed=seed)]

    assert held_out(1) == held_out(1)
    assert held_out(1) != held_out(2)


def test_too_few_groups_or_tracks_of_a_zone_are_told() -> None:
    with pytest.raises(TableError, match=r"3 groups \(artists\) cannot be split into 5 folds"):
        next(folds(np.arange(9) % 3, np.repeat(["a", "b", "c"], 3), count=5, seed=0))
    codes = np.array([0] * 20 + [1] * 4)
    with pytest.raises(TableError, match="a zone has only 4 labelled tracks, 5 folds need 5"):
        next(folds(codes, np.arange(24).astype(str), count=5, seed=0))


def test_the_holdout_is_a_stratified_share_of_the_users_groups(
    tmp_path: Path, make_table: Callable[..., LabelledTable]
) -> None:
    table = make_table(150, share_of_user=0.8)
    held_out = draw(tmp_path / "holdout.json", table).rows(table)
    assert set(table.source[held_out]) == {"user"}
    assert not set(table.group[held_out]) & set(table.group[~held_out & (table.source == "user")])
    assert np.bincount(table.codes[held_out]).tolist() == [8, 8, 8]


def test_the_share_of_the_holdout_is_a_setting(
    tmp_path: Path, make_table: Callable[..., LabelledTable]
) -> None:
    table = make_table(120)
    held_out = draw(tmp_path / "holdout.json", table, holdout_share=0.5).rows(table)
    assert held_out.sum() == 60


def test_tracks_without_a_label_are_never_held_out(
    tmp_path: Path, make_table: Callable[..., LabelledTable]
) -> None:
    table = make_table(120)
    table.codes[:30] = -1
    assert not draw(tmp_path / "holdout.json", table).rows(table)[:30].any()


def test_the_holdout_is_drawn_once(
    tmp_path: Path, make_table: Callable[..., LabelledTable]
) -> None:
    path = tmp_path / "holdout.json"
    first = draw(path, make_table(90))
    # More tracks and another seed: what was held out stays held out.
    assert draw(path, make_table(150), seed=7) == first
    assert load_holdout(path) == first
    path.unlink()
    assert draw(path, make_table(90)).track_ids == first.track_ids
    path.unlink()
    assert draw(path, make_table(90), seed=7).track_ids != first.track_ids


def test_every_look_is_counted(tmp_path: Path, make_table: Callable[..., LabelledTable]) -> None:
    path = tmp_path / "holdout.json"
    drawn = draw(path, make_table())
    assert drawn.looks == ()
    assert [record_look(path, model) for model in ("one", "two", "one")] == [1, 2, 3]
    found = load_holdout(path)
    assert [look.model for look in found.looks] == ["one", "two", "one"]
    assert all(look.when.endswith("+00:00") for look in found.looks)
    assert (found.track_ids, found.checksum) == (drawn.track_ids, drawn.checksum)


def without_first(raw: dict) -> None:
    del raw["track_ids"][0]


def with_another(raw: dict) -> None:
    raw["track_ids"].append("0-9999")


def with_numbers(raw: dict) -> None:
    raw["track_ids"] = list(range(5))


def of_a_newer_format(raw: dict) -> None:
    raw["format"] = 2


def without_checksum(raw: dict) -> None:
    del raw["checksum"]


def with_a_word_more(raw: dict) -> None:
    raw["owner"] = "me"


def without_looks(raw: dict) -> None:
    raw["looks"] = 3


@pytest.mark.parametrize(
    "edit",
    [
        without_first,
        with_another,
        with_numbers,
        of_a_newer_format,
        without_checksum,
        with_a_word_more,
        without_looks,
    ],
)
def test_an_edited_holdout_is_refused(
    tmp_path: Path, make_table: Callable[..., LabelledTable], edit: Callable[[dict], None]
) -> None:
    path = tmp_path / "holdout.json"
    draw(path, make_table())
    raw = json.loads(path.read_text(encoding="utf-8"))
    edit(raw)
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(TableError, match=r"was edited|is damaged") as caught:
        draw(path, make_table())
    assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(TableError, match="restore it, or delete it to draw another"):
        record_look(path, "model")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"looks": [3]}'])
def test_a_damaged_holdout_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "holdout.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match="is damaged"):
        load_holdout(path)


def test_a_missing_holdout_says_what_draws_it(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="not there; run zoneclf train, which draws it"):
        load_holdout(tmp_path / "holdout.json")


def test_nothing_of_a_held_out_artist_is_learnt_from(
    tmp_path: Path, make_table: Callable[..., LabelledTable]
) -> None:
    table = make_table(150, share_of_user=0.8)
    holdout = draw(tmp_path / "holdout.json", table)
    artist = table.group[np.argmax(holdout.rows(table))]
    table.group[-1] = artist  # a song of the other source by the same artist
    allowed = holdout.learnable(table)
    assert not allowed[-1]
    assert not set(table.group[allowed]) & set(table.group[holdout.rows(table)])
    assert allowed.sum() == (~holdout.rows(table)).sum() - 1


def test_a_held_out_file_stays_out_when_its_tags_are_edited(
    tmp_path: Path, make_table: Callable[..., LabelledTable]
) -> None:
    table = make_table(90)
    holdout = draw(tmp_path / "holdout.json", table)
    first = int(np.argmax(holdout.rows(table)))
    table.about.loc[first, "track_id"] = "another content"
    assert holdout.rows(table)[first]


def test_a_holdout_of_other_sources_is_refused(
    tmp_path: Path, make_table: Callable[..., LabelledTable]
) -> None:
    path = tmp_path / "holdout.json"
    draw(path, make_table(90))
    with pytest.raises(TableError, match=r"was drawn from user, .*deam; delete it"):
        load_holdout(path, frozenset({"deam"}))
