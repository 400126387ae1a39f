"""Threads share what was read once, and take turns where one picture takes the whole machine."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from p2p_gan.data.coding import Coding
from p2p_gan.inference.runtimes.translator import PassOptions, Values
from p2p_gan.inference.shared import PictureInWork, RecentPictures, SharedTranslator

PICTURE = PictureInWork(np.zeros((2, 3), np.uint8), None, "hash")
PASS = PassOptions("picture")


def test_the_pictures_that_were_asked_for_last_stay() -> None:
    recent, read = RecentPictures(2), list[str]()

    def get(name: str) -> None:
        def once() -> PictureInWork:
            read.append(name)
            return PICTURE

        recent.get(name, once)

    for name in "abab":
        get(name)
    assert read == ["a", "b"]
    for name in "acab":  # b was asked for before a
        get(name)
    assert read == ["a", "b", "c", "b"]


def test_a_picture_that_several_threads_ask_for_is_read_once() -> None:
    recent, read, begin = RecentPictures(2), list[int](), threading.Barrier(4)

    def slowly() -> PictureInWork:
        read.append(1)
        time.sleep(0.05)
        return PICTURE

    def ask() -> None:
        begin.wait()
        assert recent.get("a", slowly) is PICTURE

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask(), range(4)))
    assert read == [1]


class Watcher:
    """A translator that knows how many threads have used it at once."""

    def __init__(self, output: Coding) -> None:
        self.output, self.inside, self.most = output, 0, 0

    def pixels(self, padded: Values, options: PassOptions) -> Values:
        return self.values(padded, options)

    def values(self, padded: Values, options: PassOptions) -> Values:
        del options
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.02)
        self.inside -= 1
        return padded


def test_one_thread_at_a_time_uses_a_translator_that_is_shared() -> None:
    coding = Coding("values", 3, "uint8", (0.0, 255.0))
    watcher = Watcher(coding)
    shared, picture = SharedTranslator(watcher), np.zeros((8, 8), np.float32)
    used = [lambda: shared.pixels(picture, PASS), lambda: shared.values(picture, PASS)] * 3
    with ThreadPoolExecutor(len(used)) as pool:
        list(pool.map(lambda each: each(), used))
    assert watcher.most == 1
    assert shared.output == coding
