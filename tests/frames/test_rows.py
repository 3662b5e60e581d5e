"""Rows come out as they went in, however many there are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.frames.rows import CHUNK_ROWS, RowSpool

edges = st.sampled_from([0, 1, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 2 * CHUNK_ROWS])


@given(sizes=st.lists(edges | st.integers(0, 50), max_size=5))
def test_rows_come_out_in_order_and_as_often_as_asked(sizes: list[int]) -> None:
    spool = RowSpool(2)
    rows = np.arange(2 * sum(sizes), dtype=np.float32).reshape(-1, 2)
    for piece in np.split(rows, np.cumsum(sizes))[:-1]:
        spool.append(piece)
    assert len(spool) == len(rows)
    for _ in range(2):
        chunks = list(spool.chunks())
        np.testing.assert_array_equal(np.concatenate(chunks), rows)
        assert max(map(len, chunks)) <= CHUNK_ROWS


def test_rows_may_be_added_after_a_look() -> None:
    spool = RowSpool(1)
    for value in range(3):
        spool.append(np.full((CHUNK_ROWS - 1, 1), value, np.float32))
        assert sum(map(len, spool.chunks())) == len(spool)
    whole = np.concatenate(list(spool.chunks()))[:, 0]
    np.testing.assert_array_equal(whole, np.repeat([0, 1, 2], CHUNK_ROWS - 1))


def test_another_number_of_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="3 columns, announced were 2"):
        RowSpool(2).append(np.zeros((1, 3), np.float32))


def test_two_readers_do_not_disturb_each_other() -> None:
    spool = RowSpool(1)
    spool.append(np.arange(3 * CHUNK_ROWS + 1, dtype=np.float32)[:, None])
    for first, second in zip(spool.chunks(), spool.chunks(), strict=True):
        np.testing.assert_array_equal(first, second)
