"""How lengths of time are told."""

import pytest

from zoneclf.deep.pace import seconds_text


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h")],
)
def test_a_length_of_time_has_the_unit_that_fits_it(seconds: float, told: str) -> None:
    assert seconds_text(seconds) == told
