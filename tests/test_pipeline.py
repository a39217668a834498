"""The stages keep order, work ahead only so far, fill batches across items and stop when they are left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot import pipeline
from faceannot.pipeline import without_pauses


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as executor:
        yield executor


def mapped(*arguments: Any, **options: Any) -> Iterator[Any]:
    """The results of `pipeline.mapped` alone: a busy computer makes pauses of its own."""
    return without_pauses(pipeline.mapped(*arguments, **options))


def batched(*arguments: Any, **options: Any) -> Iterator[Any]:
    return without_pauses(pipeline.batched(*arguments, **options))


def identity(items: list[int]) -> list[int]:
    return items


def test_mapped_keeps_the_order_whatever_the_threads_do(threads: ThreadPoolExecutor) -> None:
    def slow_when_even(number: int) -> int:
        time.sleep(0.01 * (number % 2 == 0))
        return number * 10

    assert list(mapped(slow_when_even, range(9), executor=threads, ahead=4)) == [n * 10 for n in range(9)]


def test_mapped_pulls_no_more_than_it_may_work_ahead(threads: ThreadPoolExecutor) -> None:
    pulled = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            pulled.append(number)
            yield number

    results = mapped(lambda number: number, numbers(), executor=threads, ahead=4)
    next(results)
    assert len(pulled) <= 4


def test_mapped_gives_what_is_finished_before_it_pulls_more(threads: ThreadPoolExecutor) -> None:
    given_out: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(50):
            if number:
                time.sleep(0.002)
                assert len(given_out) >= number - 2
            yield number

    for number in mapped(lambda number: number, numbers(), executor=threads, ahead=40):
        given_out.append(number)


def test_mapped_raises_what_the_function_raises(threads: ThreadPoolExecutor) -> None:
    results = mapped(lambda number: 1 // number, [1, 0, 1], executor=threads, ahead=2)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_mapped_starts_nothing_after_it_is_closed() -> None:
    started = []
    release = threading.Event()

    def wait(number: int) -> int:
        started.append(number)
        release.wait(5)
        return number

    with ThreadPoolExecutor(1) as executor:
        results = mapped(wait, count(), executor=executor, ahead=5)
        release.set()
        next(results)
        release.clear()
        results.close()  # type: ignore[attr-defined]
        release.set()
    assert len(started) <= 3


@given(sizes=st.lists(st.integers(0, 9)), size=st.integers(1, 8))
def test_batched_gives_each_item_the_results_of_its_own_parts(sizes: list[int], size: int) -> None:
    items = [list(range(100 * place, 100 * place + parts)) for place, parts in enumerate(sizes)]
    with ThreadPoolExecutor(2) as executor:
        done = list(
            batched(lambda parts: [-part for part in parts], items, identity, size=size, executor=executor, ahead=2)
        )
    assert done == [(item, [-part for part in item]) for item in items]


@given(sizes=st.lists(st.integers(0, 9)), size=st.integers(1, 8))
def test_no_batch_is_larger_than_its_size(sizes: list[int], size: int) -> None:
    batches: list[int] = []

    def classify(parts: list[int]) -> list[int]:
        batches.append(len(parts))
        return parts

    with ThreadPoolExecutor(1) as executor:
        items = [[0] * parts for parts in sizes]
        list(batched(classify, items, identity, size=size, executor=executor, ahead=2))
    assert all(0 < batch <= size for batch in batches)


def test_batches_fill_across_items(threads: ThreadPoolExecutor) -> None:
    batches: list[int] = []

    def classify(parts: list[int]) -> list[int]:
        batches.append(len(parts))
        return parts

    list(batched(classify, [[1], [2, 3], [4], [5, 6, 7, 8]], identity, size=4, executor=threads, ahead=2))
    assert batches == [4, 4]


def test_items_without_parts_do_not_pile_up_behind_a_batch_that_never_fills(threads: ThreadPoolExecutor) -> None:
    def parts(item: int) -> list[int]:
        return [item] if item == 0 else []

    results = batched(identity, count(), parts, size=8, executor=threads, ahead=2)
    assert [item for item, _ in islice(results, 100)] == list(range(100))


def test_a_part_waits_only_so_long_for_its_batch_to_fill(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "LONGEST_WAIT_S", 0.05)
    pulled = []

    def slowly() -> Iterator[int]:
        for number in range(1000):
            pulled.append(number)
            time.sleep(0.01)
            yield number

    results = batched(identity, slowly(), lambda item: [item], size=1000, executor=threads, ahead=2)
    assert next(results) == (0, [0])
    assert len(pulled) < 100


def test_a_pause_lets_through_what_is_finished(threads: ThreadPoolExecutor) -> None:
    def one_then_silence() -> Iterator[int | None]:
        yield 1
        while True:
            time.sleep(0.01)
            yield None

    doubled = pipeline.mapped(lambda number: 2 * number, one_then_silence(), executor=threads, ahead=9)
    done = batched(identity, doubled, lambda item: [item], size=100, executor=threads, ahead=2)
    start = time.monotonic()
    assert next(done) == (2, [2])
    assert time.monotonic() - start < pipeline.LONGEST_WAIT_S + 1


def test_what_is_finished_does_not_wait_for_what_is_slow_behind_it(threads: ThreadPoolExecutor) -> None:
    release = threading.Event()

    def slow_when_odd(number: int) -> int:
        return number if number % 2 == 0 else release.wait(60)

    read = pipeline.mapped(slow_when_odd, [0, 1], executor=threads, ahead=9)
    done = batched(identity, read, lambda item: [item], size=100, executor=threads, ahead=2)
    assert next(done) == (0, [0])
    release.set()


def test_pauses_are_passed_on_after_what_is_finished(threads: ThreadPoolExecutor) -> None:
    items = [None, 1, None]
    assert list(pipeline.mapped(lambda number: number, items, executor=threads, ahead=1))[:2] == [None, 1]
    results = pipeline.batched(identity, items, lambda item: [item], size=1, executor=threads, ahead=0)
    assert [one for one in results if one] == [(1, [1])]
    assert next(pipeline.mapped(lambda number: number, [None], executor=threads, ahead=1)) is None
