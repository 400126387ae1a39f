"""Threads share what was made once, and the latest stay."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from p2p_gan.data.recent import RecentValues

VALUE = object()


def test_the_values_that_were_asked_for_last_stay() -> None:
    recent, made = RecentValues[str, object](2), list[str]()

    def get(name: str) -> None:
        def once() -> object:
            made.append(name)
            return VALUE

        recent.get(name, once)

    for name in "abab":
        get(name)
    assert made == ["a", "b"]
    for name in "acab":  # b was asked for before a
        get(name)
    assert made == ["a", "b", "c", "b"]


def test_a_value_that_several_threads_ask_for_is_made_once() -> None:
    recent, made, begin = RecentValues[str, object](2), list[int](), threading.Barrier(4)

    def slowly() -> object:
        made.append(1)
        time.sleep(0.05)
        return VALUE

    def ask() -> None:
        begin.wait()
        assert recent.get("a", slowly) is VALUE

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask(), range(4)))
    assert made == [1]
