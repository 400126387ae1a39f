"""The presets: named configs in one table that a person can compare by eye.

Nothing here may compute; a preset states its fields, their source, and what we changed and why.
"""

from dataclasses import dataclass

from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config


@dataclass(frozen=True)
class Preset:
    """A config with its source: `states` is what the source says, `changed` what we do differently and why.

    `line` says in a few words what the preset is for. `data` is the data set of the source, or a usual one, and `pairs`
    the number of its training pairs, from which 'p2p bench' computes what training takes.
    """

    config: Config
    line: str
    source: str
    states: str
    changed: str
    data: str = "1,000 pairs"
    pairs: int = 1_000


TABLE: dict[str, Preset] = {
    "paper": Preset(
        Config(),
        line="facades, or any masks and photos: 256x256, batch 1, 200 epochs",
        source="Isola et al. 2017, section 3.3 and appendix 6; facades",
        states="256x256, batch 1, 200 epochs, Adam 0.0002 with beta 0.5, lambda 100, jitter 286 to 256, mirror, "
        "dropout 0.5 in the three innermost decoder blocks, 70x70 patches, the discriminator's loss halved; edges to "
        "shoes and to handbags: 15 epochs of batch 4 (--epochs 15 --batch 4), without a word on jitter and mirror",
        changed="masks are jittered by nearest pixel, which keeps their colours; no norm in the bottleneck, as the "
        "paper's errata (6.3) ask",
        data="facades",
        pairs=400,
    ),
    "paper-maps": Preset(
        Config(direction="a-to-b", epochs=200, sample_every=10_000, checkpoint_every=10_000, validate_every=10_000),
        line="aerial photo to map, as the paper trained it; b-to-a for the reverse",
        source="Isola et al. 2017, appendix 6.2; maps, aerial photo to map (b-to-a for the reverse)",
        states="1,096 training pairs, 200 epochs, batch 1, jitter and mirror",
        changed="as in `paper`; the intervals suit its 219,200 images",
        data="maps",
        pairs=1_096,
    ),
    "cars": Preset(
        Config(images=40_000, halve_discriminator_loss=False, update_order="simultaneous"),
        line="the first report: painted cars to photos, 40,000 steps",
        source="the first report: cars from painted masks, after the TensorFlow tutorial",
        states="40,000 steps of batch 1, both networks updated from one forward pass, the discriminator's loss not "
        "halved, lambda 100, jitter 286 to 256, mirror",
        changed="leaky slope 0.2, norm epsilon 1e-5 and Adam epsilon 1e-8 (its code: 0.3, 1e-3, 1e-7), and no norm in "
        "the bottleneck, which at batch 1 would set it to zero; photos are resized smoothly (its code: by nearest "
        "pixel); test pairs are not trained on (it tested on its training folder)",
        data="cars",
        pairs=168,
    ),
    "maps": Preset(
        Config(epochs=100, jitter=1.0, mirror=False, discriminator_layers=4),
        line="the second work: aerial photo to map, 100 epochs, larger patches",
        source="the second work: aerial photo to map and the reverse (b-to-a), after a Keras tutorial",
        states="100 epochs, batch 1, no jitter, a fourth strided layer in the discriminator (142x142 patches, though "
        "its text says 70x70)",
        changed="one update of the discriminator from real and fake together (its code: one from each, at half the "
        "weight); no norm in the bottleneck; 14x14 logits, since each of the paper's layers after the strided ones "
        "loses a row and a column (its code pads them to 16x16)",
        data="maps",
        pairs=1_096,
    ),
    "satellite": Preset(
        Config(
            images=None,
            epochs=500,
            batch=16,
            norm="batch",
            discriminator_norm="instance",
            lambda_gp=10.0,
            checkpoint_every=20_000,
            sample_every=20_000,
            validate_every=20_000,
        ),
        line="the fourth work: batch 16, 500 epochs, a gradient penalty",
        source="the fourth work: satellite photo to map",
        states="batch 16, 500 epochs, learning rate 0.0002, mixed precision, cross-entropy with a gradient penalty of "
        "10, 30x30 patches",
        changed="the penalty is used (its code defines it without using it), so the discriminator has instance norm, "
        "since the penalty is defined for single pictures; 30x30 logits as its text says (its code gives 26x26)",
        data="maps",
        pairs=1_096,
    ),
    "experiments": Preset(
        Config(batch=16, log_every=160),
        line="the third work: batch 16; p2p experiments compares its variants",
        source="the third work: experiments on the paper",
        states="batch 16; discriminators of n_layers 1 to 3 (--set discriminator_layers=1), encoder-decoder against "
        "U-Net (--set generator=encoder-decoder), losses one by one (--set lambda_l1=0, --set gan_loss=none)",
        changed="mirroring flips both halves (its code: the input alone, so that half of all pairs were wrong); "
        "'p2p experiments' runs all variants",
        data="facades",
        pairs=400,
    ),
    "colourise": Preset(
        Config(epochs=100, batch=4, jitter=1.0),
        line="grey photos to colour",
        source="Isola et al. 2017, appendix 6.2 (black-and-white to colour); the third work on 5,000 COCO photos",
        states="the paper: 1.2 million photos, 6 epochs, batch 4, mirror and no jitter",
        changed="100 epochs, since there are thousands of photos and not a million; pairs from 'p2p data derive --op "
        "gray', or --op lab for L to ab as in the paper",
        data="5,000 photos",
        pairs=5_000,
    ),
    "segment": Preset(
        Config(
            direction="b-to-a",
            a_encoding="classes",
            gan_loss="none",
            lambda_ce=1.0,
            class_balanced=True,
            epochs=100,
            dropout=0.0,
        ),
        line="photo to exact mask: classes and cross-entropy, no GAN (A is the mask)",
        source="ours; Isola et al. 2017, section 4.6 and table 6: photo to labels is learned best without a GAN",
        states="the paper: L1 alone beats the GAN on labels; it draws colours",
        changed="class logits with cross-entropy, all classes with the same weight, so that the output is an exact "
        "mask; A is the mask, B the photo, and the direction b-to-a",
    ),
    "best": Preset(
        Config(
            a_encoding="auto",
            b_encoding="auto",
            ema_half_life=2_000.0,
            upsampling="resize",
            segmentation_head="auto",
            lambda_perceptual=10.0,
            learning_rate=-1.0,
            noise_channels=-1,
            pixel_noise=-1,
            dropout=-1.0,
            lambda_mode_seeking=-1.0,
        ),
        line="ours: what measurably helped, for pairs of any kind",
        source="ours, chosen by benchmarks/quality",
        states="",
        changed="masks as one-hot classes; for masks to photos, a segmentation head on the discriminator, whose cross-"
        "entropy for generated photos, where it is above that for the real ones, is part of the generator's loss, "
        "and noise that the mode-seeking loss makes count, in place of dropout, with a part that differs at each "
        "pixel; runs of fewer than 1,000 images go without that part and have twice the learning rate; for "
        "photos, a perceptual loss by EfficientNet-Lite0 (the extra features; without it the run says so and goes "
        "without); an EMA of the generator's weights; resize convolutions in place of transposed ones. Class-"
        "balanced L1, crops around rare classes and feature matching were measured and left out",
        data="facades",
        pairs=400,
    ),
    "tiny": Preset(
        Config(
            size=Size(128, 128),
            jitter=1.0,
            images=2_800,
            generator_filters=32,
            max_filters=128,
            dropout=0.0,
            discriminator_filters=16,
            discriminator_layers=2,
            learning_rate=4e-4,
            lr_schedule="linear",
            log_every=50,
            sample_every=700,
            checkpoint_every=700,
            validate_every=700,
        ),
        line="ours: small networks at 128x128, two minutes on two cores",
        source="ours, for laptops and tests",
        states="",
        changed="a tenth of the weights, patches of 34x34, a higher learning rate that falls in the second half, no "
        "jitter and no dropout: two cores train it on a few hundred small pictures in two minutes",
    ),
}
PAPER = "paper"
"""The name of the preset of a run for which none is named."""
PRESETS: dict[str, Config] = {name: preset.config for name, preset in TABLE.items()}
"""The configs to start from, by name; docs/presets.md says where each is from."""
