"""The words of other programs and of papers for our settings, so that an error can say ours.

Nothing here may accept such a word: a setting has one name.
"""

import re
from collections.abc import Mapping
from typing import Any

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.foreign import show_value
from p2p_datatools.contract.settings import settings_of
from p2p_datatools.contract.words import p2p_command

# A word of the field: the setting of the same meaning, whose value is written in the same way.
SAME: dict[str, str] = {
    **dict.fromkeys(("lr", "lr_g", "lr_d", "learningrate", "base_lr"), "learning_rate"),
    **dict.fromkeys(("lambda", "lambda_a", "l1_lambda", "l1", "lambda_pixel", "lambda_recon"), "lambda_l1"),
    **dict.fromkeys(("l2", "lambda_mse"), "lambda_l2"),
    **dict.fromkeys(("lambda_feat", "lambda_fm", "feature_matching"), "lambda_features"),
    **dict.fromkeys(("gp", "lambda_gradient_penalty", "gp_weight"), "lambda_gp"),
    **dict.fromkeys(("lambda_adv", "gan_weight", "lambda_adversarial"), "lambda_gan"),
    **dict.fromkeys(("ngf", "gen_filters", "g_filters", "base_filters"), "generator_filters"),
    **dict.fromkeys(("ndf", "disc_filters", "d_filters"), "discriminator_filters"),
    **dict.fromkeys(("n_layers", "n_layers_d", "nlayers", "num_layers_d"), "discriminator_layers"),
    **dict.fromkeys(("num_d", "num_discriminators"), "discriminator_scales"),
    **dict.fromkeys(("n_blocks", "n_residual_blocks", "num_res_blocks", "n_blocks_global"), "resnet_blocks"),
    **dict.fromkeys(("num_downs", "n_downs"), "unet_depth"),
    **dict.fromkeys(("batchsize", "batch_size", "bs", "minibatch"), "batch"),
    **dict.fromkeys(("n_epochs", "num_epochs", "epoch", "max_epochs", "nepochs"), "epochs"),
    **dict.fromkeys(("b1", "adam_beta1"), "beta1"),
    **dict.fromkeys(("b2", "adam_beta2"), "beta2"),
    **dict.fromkeys(("img_size", "image_size", "imsize", "resolution"), "size"),
    **dict.fromkeys(("patch_size",), "crop"),
    **dict.fromkeys(("norm_g", "norm_layer", "normalization"), "norm"),
    **dict.fromkeys(("norm_d",), "discriminator_norm"),
    **dict.fromkeys(("drop", "dropout_rate", "drop_rate", "p_dropout"), "dropout"),
    **dict.fromkeys(("z_dim", "nz", "noise_dim", "latent_dim"), "noise_channels"),
    **dict.fromkeys(("random_seed", "manual_seed", "manualseed"), "seed"),
    **dict.fromkeys(("use_tensorboard", "tb"), "tensorboard"),
    **dict.fromkeys(("spectral", "sn", "use_sn"), "spectral_norm"),
    **dict.fromkeys(("smooth", "smoothing_labels", "one_sided_smoothing"), "label_smoothing"),
    **dict.fromkeys(("print_freq", "log_interval", "log_freq", "logging_steps"), "log_every"),
    **dict.fromkeys(("display_freq", "sample_interval", "sample_freq"), "sample_every"),
    **dict.fromkeys(("save_latest_freq", "checkpoint_interval", "save_every", "save_steps"), "checkpoint_every"),
    **dict.fromkeys(("eval_every", "val_every", "validation_steps", "eval_steps"), "validate_every"),
}
# A word whose values are others too: what to write for each.
VALUE_WORDS: dict[str, tuple[str, dict[str, str]]] = {
    "gan_mode": ("gan_loss", {"vanilla": "gan_loss=bce", "lsgan": "gan_loss=lsgan", "hinge": "gan_loss=hinge"}),
    "gan_type": ("gan_loss", {"vanilla": "gan_loss=bce", "lsgan": "gan_loss=lsgan", "hinge": "gan_loss=hinge"}),
    **dict.fromkeys(
        ("which_direction", "dir"), ("direction", {"atob": "direction=a-to-b", "btoa": "direction=b-to-a"})
    ),
    "netg": ("generator", {}),
    "which_model_netg": ("generator", {}),
    "netd": ("discriminator_layers", {"basic": "discriminator_layers=3", "pixel": "discriminator_layers=0"}),
    "which_model_netd": (
        "discriminator_layers",
        {"basic": "discriminator_layers=3", "pixel": "discriminator_layers=0"},
    ),
    "lr_policy": ("lr_schedule", {"linear": "lr_schedule=linear", "constant": "lr_schedule=constant"}),
    "scheduler": ("lr_schedule", {"linear": "lr_schedule=linear", "constant": "lr_schedule=constant"}),
    "fp16": ("precision", {"true": "precision=float16", "1": "precision=float16"}),
    "bf16": ("precision", {"true": "precision=bfloat16", "1": "precision=bfloat16"}),
    "amp": ("precision", {}),
    "mixed_precision": ("precision", {"fp16": "precision=float16", "bf16": "precision=bfloat16"}),
    "gpu_ids": ("device", {"-1": "device=cpu", "0": "device=cuda"}),
    "gpus": ("device", {"0": "device=cpu", "1": "device=cuda"}),
}
_FALLS = "lr_schedule=linear lets the learning rate fall in the second half of all epochs"
# A word that is no single setting here.
SENTENCES: dict[str, str] = {
    **dict.fromkeys(
        ("niter", "niter_decay", "n_epochs_decay", "epoch_decay", "decay_epoch"),
        f"Write epochs=N for all epochs together; {_FALLS}.",
    ),
    **dict.fromkeys(
        ("ema", "use_ema", "ema_decay", "ema_rate"),
        "Write ema_half_life=N, in images: after N images an old weight counts half (a decay of 0.999 a step of one "
        "image is about 693).",
    ),
    **dict.fromkeys(("no_flip", "noflip"), "Write mirror=off."),
    **dict.fromkeys(("flip", "hflip", "horizontal_flip"), "Write mirror=on or mirror=off."),
    **dict.fromkeys(("no_dropout",), "Write dropout=0."),
    **dict.fromkeys(("no_lsgan",), "Write gan_loss=bce."),
    **dict.fromkeys(("use_lsgan",), "Write gan_loss=lsgan."),
    **dict.fromkeys(("input_nc", "output_nc", "in_channels", "out_channels"), "Leave it out: the pairs say it."),
    **dict.fromkeys(("dataroot", "data_dir", "dataset"), "Give the folder as PAIRS: p2p train PAIRS RUN."),
    **dict.fromkeys(
        ("name", "checkpoints_dir", "output_dir", "out_dir", "exp_name"), "Give it as RUN: p2p train PAIRS RUN."
    ),
    **dict.fromkeys(("continue_train", "resume", "resume_from", "epoch_count"), "Repeat the same command: it resumes."),
    **dict.fromkeys(
        ("pretrained", "load_pretrain", "init_from", "weights", "finetune", "fine_tune", "from"),
        "Write --from MODEL, which begins with a model's weights.",
    ),
    **dict.fromkeys(("preprocess", "resize_or_crop"), "Write --fit stretch, crop, pad or keep, and jitter or crop."),
    **dict.fromkeys(
        ("load_size", "loadsize", "scale_size", "crop_size", "cropsize", "fine_size", "finesize"),
        "Write size=N for the size that the networks see, and jitter=1.117 (286/256) to crop it from a larger one.",
    ),
    **dict.fromkeys(
        ("steps", "iterations", "max_steps", "n_iters", "num_iters", "max_iter", "total_iters"),
        "Write images=N: the number of steps times the batch.",
    ),
    **dict.fromkeys(
        ("num_threads", "nthreads", "num_workers", "workers", "n_cpu"),
        "Leave it out: pairs are decoded once and kept (cache_gib); threads=N are those that compute.",
    ),
    **dict.fromkeys(
        ("pool_size",), "Leave it out: a pool of old pictures has no meaning for pairs (it is 0 in pix2pix)."
    ),
    **dict.fromkeys(
        ("init_type", "init_gain", "weight_init"), "Leave it out: weights are drawn from N(0, 0.02), as in the paper."
    ),
    **dict.fromkeys(
        ("save_epoch_freq",), "Write checkpoint_every=N, in images: the number of pairs times the number of epochs."
    ),
    **dict.fromkeys(("optimizer", "optim"), "Leave it out: Adam is used, with learning_rate, beta1 and beta2."),
    **dict.fromkeys(("dataset_mode", "model"), "Leave it out: pairs are what is trained on, as by pix2pix."),
    **dict.fromkeys(("preset", "presets"), "It is an option of the command: --preset NAME."),
    **dict.fromkeys(("max_dataset_size",), "Leave out pairs when splitting, or train for fewer images."),
    **dict.fromkeys(
        ("serial_batches", "shuffle"), "Leave it out: each epoch has its own order, which follows from seed."
    ),
    **dict.fromkeys(
        ("phase", "isTrain".lower()), "Leave it out: 'p2p train' trains, 'p2p sample' and 'p2p evaluate' test."
    ),
}


def bare_name_of(name: str) -> str:
    """A word in the form of the tables: small letters, with underscores, without dashes before it."""
    return re.sub(r"[-\s]+", "_", name.strip().lstrip("-")).casefold()


def explain_word(name: str, value: Any, known: Mapping[str, Any]) -> str | None:
    """What to do instead of writing `name`, a word of another program; None if it is not known as one.

    `value` is what was written with it, None if nothing was; `known` are our settings.
    """
    word, text = bare_name_of(name), None if value is None else show_value(value).strip("'\"")
    if word in known:
        return _write(word, text)
    if word in SAME:
        return _write(SAME[word], text)
    if word in VALUE_WORDS:
        setting, values = VALUE_WORDS[word]
        return _write_value(setting, values, word, text)
    return SENTENCES.get(word)


def _write(setting: str, text: str | None) -> str:
    written = f"--set {setting}=VALUE" if text is None else f"{setting}={text}"
    return f"It is called {setting} here: write {written}."


def _write_value(setting: str, values: Mapping[str, str], word: str, text: str | None) -> str:
    if text is not None:
        found = values.get(text.casefold()) or _special(word, text.casefold())
        if found:
            return f"It is called {setting} here: write {found}."
    return f"It is called {setting} here: {p2p_command('config', setting)} lists its values."


def _special(word: str, text: str) -> str | None:
    """What values with a number in them mean."""
    if word.startswith("gan_") and text.replace("-", "").replace("_", "") == "wgangp":
        return "gan_loss=wgan and lambda_gp=10"
    if word.endswith("netg"):
        blocks = re.fullmatch(r"resnet_?(\d+)blocks?", text)
        if blocks:
            return f"generator=resnet and resnet_blocks={blocks[1]}"
        return "generator=unet" if re.fullmatch(r"unet(_\d+)?", text) else None
    return None


def refuse_foreign_words(kind: type, settings: Mapping[str, Any]) -> None:
    """Raise UsageError for the first name that is not a setting of `kind` but another program's word for one."""
    known = settings_of(kind)
    for name, value in settings.items():
        to_do = None if name in known else explain_word(name, value, known)
        if to_do is not None:
            raise UsageError(name, "is not a setting of the config", to_do, code="unknown-setting")
