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


_MASKS = "of the generated masks with the real ones"
_FOUND = "of the masks that the segmenter finds in the generated pictures with the true ones"
SCORE_WORDS = {
    word.score: word
    for word in (
        ScoreWord("l1", "L1", False, "mean absolute difference from the real picture, 0 to 1"),
        ScoreWord("ssim", "SSIM", True, "structural similarity with the real picture, 1 at most"),
        ScoreWord("psnr", "PSNR", True, "peak signal-to-noise ratio with the real picture, in dB"),
        ScoreWord("colors", "colours", True, "overlap of colour histograms with those of the real pictures, 0 to 1"),
        ScoreWord("sharpness_real", "sharpness of the real", None, "strength of the edges of the real pictures"),
        ScoreWord(
            "histogram", "colours", True, "intersection of colour histograms with those of the real pictures, 0 to 1"
        ),
        *(
            ScoreWord(
                f"histograms.{key}",
                f"colours, {name}",
                True,
                f"overlap of the histograms of {what} with those of the real pictures, 0 to 1",
            )
            for key, name, what in (("L", "L", "lightness"), ("a", "a", "green to red"), ("b", "b", "blue to yellow"))
        ),
        ScoreWord("sharpness.model", "sharpness", None, "strength of the edges, best as in the real pictures"),
        ScoreWord(
            "variety.model", "variety of the set", None, "difference between pictures, best as between real ones"
        ),
        ScoreWord("mean_iou", "IoU", True, "intersection over union with the true mask, mean over classes"),
        ScoreWord("accuracy", "accuracy", True, "share of pixels of the right class"),
        ScoreWord("agreement.mean_iou", "IoU", True, f"intersection over union {_MASKS}, mean over classes"),
        ScoreWord("agreement.pixel_accuracy", "pixel accuracy", True, f"share of right pixels {_MASKS}"),
        ScoreWord("agreement.class_accuracy", "class accuracy", True, f"the same, mean over classes {_MASKS}"),
        ScoreWord("judged.mean_iou", "IoU, segmenter", True, f"intersection over union {_FOUND}, mean over classes"),
        ScoreWord("judged.pixel_accuracy", "pixel accuracy, segmenter", True, f"share of right pixels {_FOUND}"),
        ScoreWord("judged.class_accuracy", "class accuracy, segmenter", True, f"the same, mean over classes {_FOUND}"),
        ScoreWord("diversity", "variety", None, "mean absolute difference between two outputs of one input, 0 to 1"),
        ScoreWord(
            "diversity.pairwise_l1", "variety of outputs", None, "difference between two outputs of one input, 0 to 1"
        ),
        ScoreWord("diversity.pixel_std", "spread of outputs", None, "standard deviation of a pixel between outputs"),
    )
}
"""The scores that have words, by their key."""


def score_word(score: str) -> ScoreWord:
    """The words of a score, by its place in the JSON of scores; one that is not known is called by its key."""
    if score in SCORE_WORDS:
        return SCORE_WORDS[score]
    kind, _, rest = score.partition(".")
    if kind == "color_error":
        return ScoreWord(score, f"colour error, {rest}", False, f"difference of the mean colour of {rest}, 0 to 1")
    if kind == "distances":
        return ScoreWord(score, rest, False, "distance of the generated from the real photos by a network, 0 for alike")
    if rest.startswith("classes."):
        name, _, what = rest.removeprefix("classes.").rpartition(".")
        label, meaning = ("IoU", "intersection over union") if what == "iou" else (what, "share of its pixels found")
        found = _FOUND if kind == "judged" else _MASKS
        return ScoreWord(score, f"{label}, {name}", True, f"{meaning} {found}, of the class {name}")
    return ScoreWord(score, score.replace("_", " ").replace(".", ", "), None, "")
