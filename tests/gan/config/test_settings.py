"""Every setting of the config is declared as it should be, and docs/settings.md is made of the declarations."""

import os
import re
from pathlib import Path

import pytest

from p2p_datatools.contract.settings import Setting, settings_of
from p2p_datatools.derivations.operations import OPERATIONS
from p2p_gan.config.config import Config
from p2p_gan.config.old_names import NAMES, VALUES

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"
KNOWN = settings_of(Config)
ON_RESUME = {"same": "no", "auto": "no; auto is what it became", "free": "yes"}
GROUPS = ["data", "run", "networks", "losses", "optimisation", "machine", "record"]


@pytest.mark.parametrize("declared", KNOWN.values(), ids=list(KNOWN))
def test_a_setting_says_in_one_sentence_what_it_is_and_in_which_unit(declared: Setting) -> None:
    assert declared.doc[0].isupper()
    assert declared.doc.endswith(".")
    assert ". " not in declared.doc.replace("et al. ", "")
    assert declared.unit.removesuffix("s") in declared.doc.lower().replace("gib", "GiB")
    assert declared.group in GROUPS


@pytest.mark.parametrize("declared", KNOWN.values(), ids=list(KNOWN))
def test_a_default_may_be_given_as_it_is_shown(declared: Setting) -> None:
    declared.check(declared.default)
    assert declared.read(declared.text(declared.default)) == declared.default


@pytest.mark.parametrize("declared", KNOWN.values(), ids=list(KNOWN))
def test_a_number_has_a_range_and_what_auto_becomes_on_resume_can_be_left_to_auto(declared: Setting) -> None:
    if declared.kind in (int, float):
        assert declared.low is not None
    if declared.on_resume == "auto" and declared.kind is not int and declared.choices:
        assert declared.automatic in declared.choices
    if declared.on_resume == "auto" and declared.kind is int:
        assert declared.read("auto") == declared.automatic <= 0


def test_what_may_change_on_resume_changes_no_update_and_no_score() -> None:
    free = {name for name, each in KNOWN.items() if each.on_resume == "free"}
    assert free == {
        *("images", "epochs", "log_every", "sample_every", "checkpoint_every", "checkpoint_minutes"),
        *("keep_checkpoints", "validate_every", "tensorboard", "cache_gib", "recover", "restarts", "cuda_graph"),
        *("patience", "wandb"),
    }
    automatic = {name for name, each in KNOWN.items() if each.on_resume == "auto"}
    assert automatic == {
        "device",
        "precision",
        "memory_format",
        "threads",
        "unet_depth",
        "batch",
        "segmentation_head",
        "class_adaptive_norm",
        "noise_channels",
        "pixel_noise",
        "dropout",
        "lambda_mode_seeking",
        "learning_rate",
        "features",
    }


def test_old_names_lead_to_settings_and_none_is_a_setting_still() -> None:
    assert set(NAMES.values()) <= set(KNOWN)
    assert not set(NAMES) & set(KNOWN)
    for name, values in VALUES.items():
        assert set(values.values()) <= set(KNOWN[name].choices)
        assert not set(values) & set(KNOWN[name].choices)


def test_every_setting_that_a_text_advises_to_set_is_one() -> None:
    root = Path(__file__).parents[3]
    others = {name for kind in OPERATIONS.values() for name in settings_of(kind)} | {"statistics", "network"}
    texts = [
        *root.glob("packages/*/src/**/*.py"),
        *root.glob("docs/*.md"),
        *root.glob("*.md"),
        *root.glob("notebooks/*"),
    ]
    found = {name for path in texts for name in re.findall(r"--set ([a-z]\w*)=", path.read_text("utf-8"))}
    assert len(found) > 20
    assert found - others - {"field"} <= set(KNOWN)


def page() -> str:
    """docs/settings.md, made of the declarations."""
    parts = [
        "# Settings",
        "Every field of the config, as `p2p config` lists them; set with `--set FIELD=VALUE`, a line of a TOML file "
        "with `--config`, or an option of its own. The defaults are the preset `paper`; "
        "[presets.md](presets.md) says what the others set. This page is made of the declarations in "
        "`packages/gan/src/p2p_gan/config/config.py`.",
    ]
    for group in GROUPS:
        rows = [_row(each) for each in KNOWN.values() if each.group == group]
        head = "| field | default | may be | may change on resume | meaning |\n| --- | --- | --- | --- | --- |\n"
        parts += [f"## {group.capitalize()}", head + "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def _row(each: Setting) -> str:
    cells = (f"`{each.name}`", f"`{each.text(each.default)}`", each.allowed_text, ON_RESUME[each.on_resume], each.doc)
    return f"| {' | '.join(cells)} |"


def test_the_page_of_settings_is_made_of_the_declarations() -> None:
    if os.environ.get("P2P_WRITE_GOLDEN"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page(), "write it anew with P2P_WRITE_GOLDEN=1"
