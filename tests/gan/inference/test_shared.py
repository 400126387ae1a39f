"""Threads take turns where one picture takes the whole machine."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from p2p_gan.data.coding import Coding
from p2p_gan.inference.runtimes.translator import PassOptions, Values
from p2p_gan.inference.shared import SharedTranslator

PASS = PassOptions("picture")


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
