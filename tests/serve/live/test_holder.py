"""Lending while it is swapped."""

from __future__ import annotations

import threading
from typing import Any

from understudy.serve.live.holder import Holder


class Opened:
    """A classifier that knows whether it is closed."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def opened(name: str = "") -> Any:
    return Opened(name)


def test_there_is_none_at_first() -> None:
    holder = Holder()
    with holder.lend() as found:
        assert found is None
    assert holder.current is None


def test_a_lease_outlives_a_swap() -> None:
    freed: list[int] = []
    holder = Holder(lambda: freed.append(1))
    old, new = opened(), opened()
    holder.swap(old)
    with holder.lend() as first, holder.lend():
        holder.swap(new)
        with holder.lend() as second:
            assert (first, second) == (old, new)
        assert holder.leases() == (2,)
        holder.release()
        assert not old.closed
        assert not freed
    assert freed == [1]
    assert holder.leases() == (0,)
    holder.release()
    holder.release()
    assert (old.closed, new.closed) == (1, 0)
    assert holder.leases() == ()


def test_one_that_nobody_used_is_free_at_once() -> None:
    holder = Holder()
    old = opened()
    holder.swap(old)
    holder.swap(None)
    assert holder.leases() == (0,)
    holder.release()
    assert old.closed == 1


def test_an_error_in_a_request_ends_its_lease() -> None:
    holder = Holder()
    holder.swap(opened())
    try:
        with holder.lend():
            raise ValueError
    except ValueError:
        holder.swap(None)
    assert holder.leases() == (0,)


def test_no_request_ever_meets_a_closed_one() -> None:
    holder = Holder()
    holder.swap(opened())
    stop = threading.Event()
    met: list[bool] = []

    def ask() -> None:
        while not stop.is_set():
            with holder.lend() as found:
                met.append(bool(found.closed))  # type: ignore[union-attr]

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    for _ in range(2000):
        holder.swap(opened())
        holder.release()
    stop.set()
    for client in clients:
        client.join()
    holder.release()
    assert holder.leases() == ()
    assert met
    assert not any(met)
