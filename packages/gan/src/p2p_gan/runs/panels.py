"""The curves of runs as panels: which figures are drawn together, and what each of them is, in words.

Nothing here may draw or read a file.
"""

from collections.abc import Sequence

from p2p_datatools.contract.curves import Mark, Panel
from p2p_gan.runs.compare import Run

# What stats.jsonl holds, in words: the title of a panel, and what its values are.
_WORDS = {
    "d_real": ("d_real", "the discriminator's loss on real pairs"),
    "d_fake": ("d_fake", "the discriminator's loss on generated pairs"),
    "g_gan": ("g_gan", "the generator's GAN loss"),
    "g_l1": ("g_l1", "L1 of training pairs, of values in -1..1"),
    "g_l2": ("g_l2", "L2 of training pairs, of values in -1..1"),
    "g_classes": ("g_classes", "cross-entropy of classes, training pairs"),
    "g_features": ("g_features", "feature matching"),
    "g_labels": ("g_labels", "segmentation head on generated photos"),
    "d_labels": ("d_labels", "segmentation head on real photos"),
    "g_frequency": ("g_frequency", "focal frequencies"),
    "g_perceptual": ("g_perceptual", "distance in pretrained features, training pairs"),
    "g_projected": ("g_projected", "the generator's loss of projected heads"),
    "d_projected": ("d_projected", "the discriminator's loss of projected heads"),
    "d_labelmix": ("d_labelmix", "agreement on pictures of real and generated classes"),
    "d_lecam": ("d_lecam", "distance from the moving averages (LeCam)"),
    "g_modes": ("g_modes", "mode seeking"),
    "d_penalty": ("d_penalty", "gradient penalty"),
    "d_r1": ("d_r1", "R1 penalty"),
    "d_accuracy": ("d_accuracy", "share of patches that the discriminator tells apart"),
    "output_range": ("output_range", "largest difference within a generated picture"),
    "variants": ("variants", "largest difference of two outputs of one input"),
    "learning_rate": ("Learning rate", ""),
    "images_per_s": ("Images per second", ""),
    "waited": ("Waiting for data", "share of the time"),
    "val l1": ("Validation L1", "of held-out pairs, 0 to 1, smaller is better"),
    "val ssim": ("Validation SSIM", "of held-out pairs, larger is better"),
    "val psnr": ("Validation PSNR", "of held-out pairs, in dB, larger is better"),
    "val colors": ("Validation colours", "overlap of colour histograms, larger is better"),
    "val sharpness": ("Validation sharpness", "strength of the edges of generated pictures"),
    "val sharpness_real": ("Sharpness of the real", "of the same pairs"),
    "val accuracy": ("Validation accuracy", "share of pixels of the right class"),
    "val mean_iou": ("Validation IoU", "mean over classes, larger is better"),
}
# Figures of one run that share a panel, because they are of one kind and are read against each other.
_TOGETHER: dict[tuple[str, ...], tuple[str, str]] = {
    ("val sharpness", "val sharpness_real"): ("Validation sharpness", "of generated and of real pictures"),
    ("d_real", "d_fake", "g_gan"): ("Adversarial losses", "a balance: none of them should reach 0"),
}
_FIRST = ("val ", "g_l1", "g_l2", "g_classes")  # what says most comes first
_LAST = ("learning_rate", "images_per_s", "waited")


def panels_of(runs: Sequence[Run], *, together: bool = True) -> list[Panel]:
    """A panel for each figure that any of the runs has, with a line for each run.

    With one run, figures of one kind share a panel, if they may stand `together`. What happened once, such as resuming,
    is a mark and no panel; with several runs there are no marks, since they would not say of which run they are.
    """
    names = sorted(dict.fromkeys(name for run in runs for name in run.curves), key=_rank)
    if len(runs) != 1 or not together:
        return [
            Panel(*_word(name), {run.name: run.curves[name] for run in runs if name in run.curves}) for name in names
        ]
    (run,) = runs
    panels = []
    for name in names:
        group = next((each for each in _TOGETHER if name in each), (name,))
        present = [each for each in group if each in run.curves]
        if name == present[0]:
            title, meaning = _TOGETHER[group] if len(present) > 1 else _word(name)
            labels = {each: run.curves[each] for each in present} if len(present) > 1 else {run.name: run.curves[name]}
            panels.append(Panel(title, meaning, labels, (*run.events, *_best(run, name))))
    return panels


def _best(run: Run, name: str) -> tuple[Mark, ...]:
    """Where the model is from that validation has chosen, in the panels of its scores."""
    return (Mark(run.best["images"], "best model"),) if run.best and name.startswith("val ") else ()


def _word(name: str) -> tuple[str, str]:
    return _WORDS.get(name, (name.replace("val ", "Validation "), ""))


def _rank(name: str) -> int:
    """Scores before losses, losses before what was measured of the machine."""
    if name in _LAST:
        return len(_FIRST) + 1 + _LAST.index(name)
    return next((place for place, start in enumerate(_FIRST) if name.startswith(start)), len(_FIRST))
