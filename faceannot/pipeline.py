"""Ordered, bounded stages that work ahead in other threads; each takes an iterator and gives one.

A stage runs only when it is asked for more. So that what is finished does not wait for a slow input, or for something
slow in another stage, an iterator may give `None`, a pause: nothing more for the moment. Stages pass pauses on, after
what they have finished.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Part = TypeVar("Part")

# How long a part may wait for its batch to fill, so that results appear, and are on disk, while the run goes on.
LONGEST_WAIT_S = 1.0
# How long an iterator that knows pauses may take before it gives one. A result needs about five of them to get through.
PAUSE_S = 0.05


def mapped(
    function: Callable[[Item], Result], items: Iterable[Item | None], *, executor: Executor, ahead: int
) -> Generator[Result | None, None, None]:
    """`function` of each of `items`, in their order, with up to `ahead` of them under way or waiting.

    `items` is pulled by the caller's thread alone. What is finished goes on before more is pulled. Gives a pause for
    each of `items`, and for each moment in which it waits for a result.
    """
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            if item is not None:
                pending.append(executor.submit(function, item))
            while pending and (pending[0].done() or len(pending) >= ahead):
                yield from _pauses_until(pending[0])
                yield pending.popleft().result()
            if item is None:
                yield None
        while pending:
            yield from _pauses_until(pending[0])
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def batched(
    function: Callable[[list[Part]], Sequence[Result]],
    items: Iterable[Item | None],
    parts: Callable[[Item], Sequence[Part]],
    *,
    size: int,
    executor: Executor,
    ahead: int,
) -> Generator[tuple[Item, list[Result]] | None, None, None]:
    """Each of `items`, in order, with `function`'s results for its `parts`, computed in batches across items.

    Up to `ahead` batches are under way or waiting. A batch goes when it has `size` parts, when as many items wait for
    it, when an item or a pause arrives after the first part has waited for `LONGEST_WAIT_S`, and at the end. `function`
    takes the parts of a batch and gives one result for each, in order. Gives pauses as `mapped` does.
    """
    batches: _Batches[Item, Part, Result] = _Batches(function, size, executor)
    try:
        for item in items:
            if item is not None:
                batches.add(item, parts(item))
            batches.send_late()
            yield from batches.finished(ahead)
            if item is None:
                yield None
        batches.send()
        yield from batches.finished(0)
    finally:
        batches.cancel()


def without_pauses(items: Iterable[Item | None]) -> Iterator[Item]:
    """The items alone, for whoever has nothing else to do meanwhile."""
    return (item for item in items if item is not None)


def _pauses_until(future: Future[Result]) -> Iterator[None]:
    while not future.done() and not wait([future], PAUSE_S).done:
        yield None


class _Batches(Generic[Item, Part, Result]):
    """What `batched` holds: the items that wait, the parts of the next batch, and the batches under way."""

    def __init__(self, function: Callable[[list[Part]], Sequence[Result]], size: int, executor: Executor) -> None:
        self._function, self._size, self._executor = function, size, executor
        self._waiting: deque[tuple[Item, int]] = deque()
        self._filling: list[Part] = []
        self._filling_since = 0.0
        self._under_way: deque[Future[Sequence[Result]]] = deque()
        self._results: deque[Result] = deque()

    def add(self, item: Item, parts: Sequence[Part]) -> None:
        self._waiting.append((item, len(parts)))
        if not self._filling:
            self._filling_since = time.monotonic()
        self._filling.extend(parts)
        while len(self._filling) >= self._size:
            self._send(self._size)
        if len(self._waiting) >= self._size:
            self.send()

    def send_late(self) -> None:
        """Send what has waited for long enough."""
        if time.monotonic() - self._filling_since > LONGEST_WAIT_S:
            self.send()

    def send(self) -> None:
        """Send what has come together, though it is less than a batch."""
        if self._filling:
            self._send(len(self._filling))

    def _send(self, count: int) -> None:
        self._under_way.append(self._executor.submit(self._function, self._filling[:count]))
        del self._filling[:count]

    def finished(self, ahead: int) -> Iterator[tuple[Item, list[Result]] | None]:
        """The items whose parts are all done; waits until at most `ahead` batches are under way."""
        if len(self._waiting) >= self._size:
            ahead = 0
        while self._under_way and (self._under_way[0].done() or len(self._under_way) > ahead):
            yield from _pauses_until(self._under_way[0])
            self._results.extend(self._under_way.popleft().result())
        while self._waiting and self._waiting[0][1] <= len(self._results):
            item, count = self._waiting.popleft()
            yield item, [self._results.popleft() for _ in range(count)]

    def cancel(self) -> None:
        for future in self._under_way:
            future.cancel()
