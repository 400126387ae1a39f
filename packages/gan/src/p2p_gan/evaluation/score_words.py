"""What each score is called, what it is, and whether more of it is better, for tables of every kind.

Nothing here may compute a score.
"""

from typing import NamedTuple


class ScoreWord(NamedTuple):
    """A score: its key, its label, whether more is better (None: neither), and its meaning."""

    score: str
    label: str
    more: bool | None
    what: str


SCORE_WORDS = {
    word.score: word
    for word in (
        ScoreWord("l1", "L1", False, "mean absolute difference from the real picture, 0 to 1"),
        ScoreWord("psnr", "PSNR", True, "peak signal-to-noise ratio with the real picture, in dB"),
        ScoreWord("ssim", "SSIM", True, "structural similarity with the real picture, 1 at most"),
        ScoreWord(
            "histogram", "colours", True, "intersection of colour histograms with those of the real pictures, 0 to 1"
        ),
        ScoreWord("mean_iou", "IoU", True, "intersection over union with the true mask, mean over classes"),
        ScoreWord("pixel_accuracy", "pixel accuracy", True, "share of pixels of the right class"),
        ScoreWord("diversity", "variety", True, "mean absolute difference between two outputs of one input, 0 to 1"),
    )
}
"""The scores that have words, by their key."""


def word_of(score: str) -> ScoreWord:
    """The words of a score; one that is not known is called by its key."""
    return SCORE_WORDS.get(score, ScoreWord(score, score.replace("_", " "), None, ""))
