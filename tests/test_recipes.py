"""The recipes of docs/architecture.md: one of each is made in a copy of the packages, with as many files as it says.

All are made in one copy and used by one process, for torch takes a second to load.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from p2p_datatools.contract.pictures.images import read_photo, write_png

ROOT = Path(__file__).parents[1]
OURS = ("p2p_datatools", "p2p_gan", "p2p_cli")
SIDE = 32


class Edit(NamedTuple):
    """How a line of a file begins, which it has once, and what comes to stand after it, or before it."""

    start: str
    after: str = ""
    before: str = ""


@dataclass(frozen=True)
class Recipe:
    """What somebody adds who follows a row of the table: a name, new files, and edits of files that are there."""

    name: str
    new: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, tuple[Edit, ...]] = field(default_factory=dict)

    @property
    def files(self) -> set[str]:
        return {*self.new, *self.edits}

    def make(self, place: Path) -> None:
        for name, text in self.new.items():
            assert not (place / name).exists(), name
            (place / name).write_text(text, "utf-8")
        for name, edits in self.edits.items():
            lines = (place / name).read_text("utf-8").splitlines(keepends=True)
            for start, after, before in edits:
                (at,) = (at for at, line in enumerate(lines) if line.startswith(start))
                lines[at] = f"{before}{lines[at]}{after}"
            (place / name).write_text("".join(lines), "utf-8")


FORMAT = '''"""Reads tallies, a JSON list of boxes. Nothing here may look at a picture."""

from functools import partial

from p2p_datatools.labels.parsing.outlines import box
from p2p_datatools.labels.parsing.regions import RegionCollector, gather


def is_tally(value):
    return isinstance(value, dict) and "tally" in value


def read_tally(value, *, where, source):
    return gather("tally", [(where, partial(_picture, name, boxes, where, source)) for name, boxes in value["tally"]])


def _picture(name, boxes, where, source):
    drawn = RegionCollector()
    for label, *corners in boxes:
        drawn.add(box(corners, where), label, where=where)
    return drawn.labels_of(name, None, where=where, source=source)
'''

EXPORT = '''"""Writes a mask as rows of digits. Nothing here may know a label."""


def digits_file(name):
    return f"{name}.txt"


def encode_digits(picture):
    return "".join("".join(map(str, row)) + "\\n" for row in picture.mask.tolist()).encode()
'''

LOSS = """def mean_loss(fake, real):
    return (fake.float().mean() - real.float().mean()).abs()


"""

WEIGHT = """    lambda_mean: float = _loss_setting(0.0, "The weight of the difference of means.", low=0)

"""

LOSS_ROW = """    Loss(
        "g_mean", lambda config: config.lambda_mean, output="values",
        of_pictures=lambda at: mean_loss(at.generated.fake_b, at.real_b),
    ),
"""

SETTING = """    ripeness: int = _run_setting(1, "Days in the sun.", low=0, unit="days")

"""

METRIC = """def worst(first, second, values, counted):
    away = np.abs(first.astype(np.float64) - second)
    return float((away if counted is None else away[counted]).max() / range_width(values))


"""

COMMAND = '''"""`p2p greet`. Nothing here may be rude."""

import click


@click.command()
@click.argument("name")
def command(name):
    """Greet NAME."""
    click.echo(f"Good morning, {name}.")
'''

OPERATION = '''@dataclass(frozen=True)
class Invert(Operation):
    """The negative, for developing films."""

    top: float = setting(255.0, "What black becomes.", low=1, high=255)

    def apply(self, photo, random):
        return (int(self.top) - photo,)


'''

OPERATION_ROW = '    "invert": Invert,\n'

GENERATOR = '''"""One halving and one doubling. Nothing here may be deep."""

from torch import nn

from p2p_gan.networks.base import Generator, Step


class Shallow(Generator):
    unit = 2

    def __init__(self, inputs, outputs, *, width, noise, head):
        super().__init__(noise=noise, head=head)
        self.down = nn.Conv2d(inputs + noise.count, width, 4, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(width, outputs, 4, stride=2, padding=1)

    def translate(self, x, applying):
        return self.up(self.down(x))

    def steps(self):
        down, up = (lambda x, applying, part=part: part(x) for part in (self.down, self.up))
        return Step(down, self.down.out_channels, (0,), down=2), Step(up, self.up.out_channels, (1,), up=2)
'''

GENERATOR_ROW = '    "shallow": GeneratorKind(_shallow, halvings=1),\n'

BUILD_GENERATOR = """def _shallow(shape):
    from p2p_gan.networks.noise import NoiseChannels
    from p2p_gan.networks.shallow import Shallow

    noise = NoiseChannels(shape.noise, shape.pixel_noise)
    return Shallow(shape.inputs, shape.outputs, width=shape.filters, noise=noise, head=shape.head)


"""

PRESET = """    "speck": Preset(
        Config(size=Size(32, 32), images=1, generator_filters=4, max_filters=8, discriminator_filters=4,
               discriminator_layers=1, precision="float32", device="cpu", threads=1),
        line="a single update on the smallest pictures", source="", states="", changed="",
    ),
"""

RECIPES = {
    "a label format": Recipe(
        "tally",
        {"p2p_datatools/labels/formats/tally.py": FORMAT},
        {
            "p2p_datatools/labels/read.py": (
                Edit("from pathlib import", "from p2p_datatools.labels.formats.tally import is_tally, read_tally\n"),
                Edit("_TABLE = (", '    Format("tally", "Tally", "a .json", (FileForm(is_tally, read_tally),)),\n'),
            )
        },
    ),
    "an export format": Recipe(
        "digits",
        {"p2p_datatools/exports/formats/digits.py": EXPORT},
        {
            "p2p_datatools/exports/table.py": (
                Edit(
                    "from p2p_datatools.exports.formats.coco import",
                    "from p2p_datatools.exports.formats.digits import digits_file, encode_digits\n",
                ),
                Edit("EXPORT_FORMATS: ", '    "digits": FilePerPicture(digits_file, encode_digits),\n'),
            )
        },
    ),
    "a loss": Recipe(
        "mean",
        edits={
            "p2p_gan/config/config.py": (Edit("    def __post_init__(", before=WEIGHT),),
            "p2p_gan/updates/losses.py": (Edit("LOSSES: ", LOSS_ROW, LOSS),),
        },
    ),
    "a setting": Recipe(
        "ripeness", edits={"p2p_gan/config/config.py": (Edit("    def __post_init__(", before=SETTING),)}
    ),
    "a preset": Recipe("speck", edits={"p2p_gan/config/presets.py": (Edit("TABLE: ", PRESET),)}),
    "a metric": Recipe(
        "worst", edits={"p2p_gan/evaluation/metrics.py": (Edit("METRICS: ", '    "worst": worst,\n', METRIC),)}
    ),
    "a command": Recipe(
        "greet",
        {"p2p_cli/greet.py": COMMAND},
        {"p2p_cli/app.py": (Edit("COMMANDS = {", '    "greet": ("greet", "Greet NAME."),\n'),)},
    ),
    "an operation of `p2p data derive`": Recipe(
        "invert",
        edits={"p2p_datatools/derivations/operations.py": (Edit("OPERATIONS: ", OPERATION_ROW, OPERATION),)},
    ),
    "a generator": Recipe(
        "shallow",
        {"p2p_gan/networks/shallow.py": GENERATOR},
        {"p2p_gan/networks/architecture.py": (Edit("GENERATORS = {", GENERATOR_ROW, BUILD_GENERATOR),)},
    ),
}


def table() -> dict[str, tuple[int, set[str]]]:
    """Of each kind of change, how many source files docs/architecture.md says that one touches, and which it names."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| ([^|]+) \|$", text.partition("## Recipes")[2], flags=re.MULTILINE)
    return {what: (int(count), set(re.findall(r"`([\w/]+\.py)`", how))) for what, count, how in rows}


def test_there_is_a_recipe_for_each_kind_of_change_in_the_table() -> None:
    assert table().keys() == RECIPES.keys()


@pytest.mark.parametrize("what", RECIPES)
def test_a_recipe_takes_the_files_that_the_table_names_and_no_others(what: str) -> None:
    recipe, (count, named) = RECIPES[what], table()[what]
    assert len(recipe.files) == count
    assert len(named) == count
    for path in named:
        assert [each for each in recipe.files if each.endswith(path.replace("NAME", recipe.name))], path


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages with one more of everything."""
    place = tmp_path_factory.mktemp("packages")
    for name in OURS:
        (source,) = ROOT.glob(f"packages/*/src/{name}")
        shutil.copytree(source, place / name)  # with what is compiled of files that stay as they are
    for recipe in RECIPES.values():
        recipe.make(place)
    return place


# What a person types after having added all that, in a folder with photos and their labels.
TYPED = {
    "p2p": "--help",
    "greet": "greet Ada",
    "format": "data build-masks --help",
    "masks": "data build-masks labels.json masks --palette cars --photos photos --json",
    "same masks": "data build-masks labels.json masks --palette cars --photos photos --format tally",
    "exports": "data export --help",
    "export": "data export masks exported --format digits",
    "pair": "data pair masks photos pairs",
    "split": "data split pairs --val 0 --test 0.25",
    "operations": "data derive --help",
    "derive": "data derive photos negatives --op invert --set top=254",
    "presets": "train --help",
    "settings": "config",
    "setting": "config ripeness",
    "generators": "config generator",
    "train": "train pairs run --preset speck --set lambda_mean=2 --set ripeness=9 --set generator=shallow --json",
    "scores": "evaluate run pairs --json",
    "summary": "evaluate run pairs --out scores",
}
PROGRAM = """
import contextlib, io, json, sys, traceback
from p2p_cli.app import main

def typed(words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words.split())
        except BaseException:
            traceback.print_exc()
            code = None
    return code, out.getvalue(), err.getvalue()

json.dump({name: typed(words) for name, words in json.load(sys.stdin).items()}, sys.stdout)
"""


class Used(NamedTuple):
    """What the copy of the packages made of what was typed: the folder, and each command's exit code and output."""

    place: Path
    done: dict[str, tuple[int | None, str, str]]

    def said(self, name: str) -> str:
        code, out, err = self.done[name]
        assert code == 0, f"p2p {TYPED[name]}:\n{out}{err}"
        return out

    def json(self, name: str) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.said(name))
        return value


@pytest.fixture(scope="module")
def used(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Used:
    """All that is typed, by one process, which finds the copy first."""
    place = tmp_path_factory.mktemp("used")
    random, names = np.random.default_rng(0), [f"{number}.png" for number in range(4)]
    for name in names:
        write_png(place / "photos" / name, random.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8))
    boxes = [("body", 2, 4, 30, 20), ("wheel", 6, 12, 14, 20)]
    (place / "labels.json").write_text(json.dumps({"tally": [(name, boxes) for name in names]}))
    environment = {**os.environ, "PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        words, cwd=place, env=environment, input=json.dumps(TYPED), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Used(place, json.loads(done.stdout))


def test_a_label_format_is_recognised_and_can_be_asked_for(used: Used) -> None:
    assert used.json("masks")["format"] == "tally"
    assert used.json("masks")["built"] == 4
    assert "4 kept" in used.said("same masks")
    assert re.search(r"^  tally +Tally: a \.json$", used.said("format"), flags=re.MULTILINE)


def test_an_export_format_is_listed_and_writes_its_files(used: Used) -> None:
    assert "|digits" in used.said("exports") or "[digits|" in used.said("exports")
    assert used.said("export").startswith("digits: 4 masks exported")
    rows = (used.place / "exported" / "0.txt").read_text().splitlines()
    assert len(rows) == SIDE
    assert set("".join(rows)) == {*"012"}


def test_a_loss_is_computed_when_it_has_a_weight(used: Used) -> None:
    assert used.json("train")["losses"]["g_mean"] > 0
    assert "lambda_mean=0" in used.said("settings")


def test_a_setting_can_be_set_and_is_explained_and_recorded(used: Used) -> None:
    assert "ripeness=1" in used.said("settings")
    assert "Days in the sun." in used.said("setting")
    assert json.loads((used.place / "run" / "run.json").read_text())["config"]["ripeness"] == 9


def test_a_preset_is_offered_and_trains(used: Used) -> None:
    assert re.search(r"^  speck +a single update on the smallest pictures$", used.said("presets"), flags=re.MULTILINE)
    assert used.json("train")["images"] == 1


def test_a_metric_is_printed_and_written(used: Used) -> None:
    scores = used.json("scores")
    assert scores["l1"] < scores["worst"] <= 1
    assert scores["l1_mean"] < scores["worst_mean"] <= 1
    (line,) = (line for line in used.said("summary").splitlines() if line.startswith("worst "))
    assert line.split() == ["worst", "1", f"{scores['worst']:.4f}", "-", f"{scores['worst_mean']:.4f}", "-"]
    assert json.loads((used.place / "scores" / "summary.json").read_text())["scores"]["worst"] == scores["worst"]
    assert json.loads((used.place / "scores" / "scores.jsonl").read_text().splitlines()[0])["worst"] == scores["worst"]


def test_a_command_is_listed_and_runs(used: Used) -> None:
    assert re.search(r"^  greet +Greet NAME\.$", used.said("p2p"), flags=re.MULTILINE)
    assert used.said("greet") == "Good morning, Ada.\n"


def test_an_operation_is_listed_and_makes_pictures(used: Used) -> None:
    listed = r"^ +invert: The negative, for developing films\.\n +top=255  What black becomes \(.* 1 to 255\)$"
    assert re.search(listed, used.said("operations"), flags=re.MULTILINE)
    photo, negative = (read_photo(used.place / folder / "0.png") for folder in ("photos", "negatives"))
    assert (photo + negative == 254).all()


def test_a_generator_can_be_chosen_and_trains_and_is_applied(used: Used) -> None:
    assert re.search(r"^allowed .*\bshallow\b", used.said("generators"), flags=re.MULTILINE)
    assert used.json("train")["plan"]["config"]["generator"] == "shallow"
    assert set(used.json("train")["losses"]) == {"d_real", "d_fake", "g_gan", "g_l1", "g_mean"}
    assert used.json("scores")["pictures"] == 1
