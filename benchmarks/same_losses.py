"""The losses of our update beside those of the loop that everybody writes, from the same weights on the same pairs.

Nothing here may be timed. Dropout is off, since its draws have another order; all else is that of the paper. Rounding
alone drives two runs apart, because Adam makes a full step of any gradient: so the textbook's own loop stands beside it
once more with weights that differ in their last bit, and once computed in 16 bits as torch does it.

Usage: python benchmarks/same_losses.py [--updates N] [--side PIXELS] [--filters N]
"""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

if TYPE_CHECKING:
    from benchmarks.training import Ours, Setting, Textbook
else:  # run as a program, this folder is where Python looks
    from training import Ours, Setting, Textbook

NAMES = ("d_real", "d_fake", "g_gan", "g_l1")


def pairs(setting: Setting, updates: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Smooth pictures, and for each of them one that can be learned from it; the same at each call."""
    random = torch.Generator().manual_seed(1)
    for _ in range(updates):
        coarse = torch.rand(setting.batch, 3, 8, 8, generator=random) * 2 - 1
        a = interpolate(coarse, size=setting.side, mode="bilinear")
        yield a, a.flip(1) * a.abs().sqrt()


def textbook(setting: Setting) -> Textbook:
    """The usual loop without dropout, from the same weights at each call."""
    torch.manual_seed(0)
    made = Textbook(setting)
    for layer in made.g.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    return made


def like(source: Textbook, setting: Setting, precision: str) -> Ours:
    """Our loop with the textbook's weights."""
    ours = Ours(setting, precision, dropout=0.0)
    discriminator = ours.nets.discriminator
    assert discriminator is not None
    layers = [each for each in source.d.children() if not isinstance(each, nn.LeakyReLU)]
    convs, norms = ([each for each in layers if isinstance(each, kind)] for kind in (nn.Conv2d, nn.BatchNorm2d))
    ups = [each.weight for each in source.g.modules() if isinstance(each, nn.ConvTranspose2d)][
        1:
    ]  # the inmost has no skip
    # The textbook puts the skip before what comes from below, ours after it.
    swapped = {id(each): torch.cat(each.chunk(2)[::-1]) for each in ups}
    theirs = [swapped.get(id(each), each) for each in source.g.parameters()]
    for layer in (*convs[:-1], *norms, convs[-1]):  # the order of ours
        assert isinstance(layer.weight, Tensor)
        # A bias before a norm has no effect; the textbook leaves it out.
        theirs += [layer.weight, torch.zeros(len(layer.weight)) if layer.bias is None else layer.bias]
    own = [*ours.nets.generator.parameters(), *discriminator.parameters()]
    with torch.no_grad():
        for mine, their in zip(own, theirs, strict=True):
            mine.copy_(their)
    return ours


def losses(
    loop: Textbook | Ours,
    setting: Setting,
    updates: int,
    around: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Tensor:
    """The four losses of each update, as rows; `around` is entered for each update."""
    rows = []
    for a, b in pairs(setting, updates):
        with around():
            rows.append(loop.update(a, b).float())
    return torch.stack(rows)


def compare(setting: Setting, updates: int) -> None:
    """Train all loops and print their distance from the textbook's losses."""
    usual = losses(textbook(setting), setting, updates)
    shaken = textbook(setting)
    with torch.no_grad():
        for parameter in shaken.g.parameters():
            parameter.mul_(1 + 2**-23)
    in_16_bits = lambda: torch.autocast("cpu", torch.bfloat16)  # noqa: E731
    found = {
        "ours, float32": losses(like(textbook(setting), setting, "float32"), setting, updates),
        "textbook, other last bits": losses(shaken, setting, updates),
        "ours, bfloat16": losses(like(textbook(setting), setting, "bfloat16"), setting, updates),
        "textbook, bfloat16": losses(textbook(setting), setting, updates, in_16_bits),
    }
    print(f"{setting.side}x{setting.side}, {setting.filters} filters, batch {setting.batch}, {updates} updates")
    print(f"  L1 falls from {usual[0, 3]:.3f} to {usual[-1, 3]:.3f}")
    for name, each in found.items():
        off = (each - usual).abs() / usual.abs()
        parts = [f"update 1 {off[0].max():.1e}", f"up to {updates // 5} {off[: updates // 5].max():.1e}"]
        parts += [f"{loss} {off[:, place].mean():.1e}" for place, loss in enumerate(NAMES)]
        print(f"  {name:26} {'; '.join(parts)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=50, metavar="N", help="Default: 50.")
    parser.add_argument("--side", type=int, default=256, metavar="PIXELS", help="Default: 256.")
    parser.add_argument("--filters", type=int, default=64, metavar="N", help="Default: 64.")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread; largest and mean distances, as shares of the textbook's losses")
    for batch in (1, 4):
        setting = Setting("", arguments.side, arguments.filters, batch)
        compare(setting, arguments.updates)


if __name__ == "__main__":
    main()
