"""Processes of their own: what hangs, dies or is interrupted."""

import operator
import os
import time
from functools import partial

import pytest

from zoneclf.deep.isolation import Isolated
from zoneclf.errors import AudioError


@pytest.mark.slow
def test_a_job_that_hangs_or_dies_costs_itself_only() -> None:
    hangs, dies = partial(time.sleep, 600), partial(os._exit, 7)
    jobs = [hangs, dies, *(partial(abs, -number) for number in range(20))]
    with Isolated(operator.call, "operator", 2, time_limit_s=3) as processes:
        found = dict(processes.run(jobs))
        again = dict(processes.run([partial(abs, -5)]))
    late, dead = found.pop(hangs), found.pop(dies)
    assert isinstance(late, AudioError)
    assert (late.status, str(late)) == ("timeout", "took longer than 3 s")
    assert isinstance(dead, AudioError)
    assert (dead.status, str(dead)) == ("crashed", "the decoder ended with code 7")
    assert sorted(found.values()) == list(range(20))
    assert list(again.values()) == [5]


def test_what_is_under_way_is_ended_by_an_interruption() -> None:
    began = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        Isolated(operator.call, "operator", 1, time_limit_s=600) as processes,
    ):
        for _ in processes.run([partial(abs, 1), partial(time.sleep, 600)]):
            raise KeyboardInterrupt
    assert time.monotonic() - began < 60
