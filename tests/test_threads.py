"""Work by several threads comes in order, is bounded, and ends when it fails; numpy multiplies in one thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_info

from procqa.engine import Engine
from procqa.threads import at_once, cores, in_order


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    def work(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return number * number

    assert list(in_order(work, range(20), threads)) == [number * number for number in range(20)]
    assert list(in_order(work, [], threads)) == []


def test_no_more_is_begun_than_a_result_for_each_thread_and_one() -> None:
    taken = 0
    most = 0

    def items() -> Iterator[int]:
        for number in range(30):
            nonlocal most
            most = max(most, number - taken)
            yield number

    for _ in in_order(lambda number: number, items(), 3):
        taken += 1
    assert taken == 30
    assert most <= 4


def test_as_many_work_at_once_as_there_are_threads() -> None:
    together = threading.Barrier(3, timeout=5)
    assert len(list(in_order(lambda _: together.wait(), range(3), 3))) == 3


def test_what_fails_is_raised_in_its_turn_and_the_rest_is_left() -> None:
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 2:
            raise MemoryError("no room")
        return number

    results = in_order(work, range(1000), 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(MemoryError, match="no room"):
        next(results)
    assert len(begun) < 10


def test_texts_that_take_more_threads_are_fewer_at_a_time() -> None:
    assert at_once(0) == at_once(1) == cores()
    assert at_once(cores()) == at_once(10 * cores()) == 1


def test_an_engine_multiplies_in_the_thread_that_asks(engine: Engine) -> None:
    used = [pool["num_threads"] for pool in threadpool_info() if pool["internal_api"] == "openblas"]
    assert used
    assert set(used) == {1}
