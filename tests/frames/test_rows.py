"""Rows come out as they went in, however many there are."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoneclf.frames.rows import CHUNK_ROWS, SIGNIFICANT_BITS, RowSpool, rounded

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


TINY = np.finfo(np.float32).tiny
STEP = 2.0**-SIGNIFICANT_BITS


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(0.0)
@example(-0.0)
@example(float(np.finfo(np.float32).max))
@example(float(np.finfo(np.float32).smallest_subnormal))
@example(float(TINY) * (1 - STEP / 2))
def test_a_rounded_value_is_the_nearest_of_so_many_bits(value: float) -> None:
    (result,) = rounded(np.array([value], np.float32))
    assert np.isfinite(result)
    assert np.signbit(result) == np.signbit(value)
    assert abs(float(result) - value) <= STEP * max(abs(value), TINY)
    np.testing.assert_array_equal(rounded(np.array([result])), [result])
    mantissa, _ = np.frexp(np.float64(result))
    if TINY <= abs(result) < np.finfo(np.float32).max * (1 - STEP):
        assert (mantissa * 2**SIGNIFICANT_BITS).is_integer()


def test_ties_go_to_even_and_what_is_no_number_stays() -> None:
    unit = 2.0 ** (1 - SIGNIFICANT_BITS)
    values = np.array([1 + unit / 2, 1 + 1.5 * unit, np.inf, -np.inf, np.nan], np.float32)
    expected = np.array([1, 1 + 2 * unit, np.inf, -np.inf, np.nan], np.float32)
    np.testing.assert_array_equal(rounded(values), expected)


def test_rounding_keeps_order() -> None:
    values = np.sort(np.random.default_rng(0).normal(size=1000).astype(np.float32))
    assert (np.diff(rounded(values)) >= 0).all()


def test_rows_are_rounded_on_their_way_through_a_spool() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    spool = RowSpool(4)
    spool.append(rows)
    (found,) = spool.chunks()
    assert (found != rows).any()
    np.testing.assert_array_equal(found, rounded(rows))
