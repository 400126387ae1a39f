"""study.json: what a study was begun with, and in whose runs each arm has its own."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_gan.config.config import Config
from p2p_gan.experiments.record import RUNS, STUDY, open_record

if TYPE_CHECKING:
    from conftest import Refused

ARMS = {"one": Config(), "another": Config(lambda_l1=0), "the same": Config()}


def begun(dest: Path, arms: dict[str, Config] = ARMS, judge: Config | None = None, data: str = "d") -> dict[str, str]:
    runs = open_record(dest, arms, judge, data)
    (dest / RUNS).mkdir(exist_ok=True)
    return runs


def test_arms_of_equal_config_have_the_same_runs(tmp_path: Path) -> None:
    assert begun(tmp_path / "s") == {"one": "one", "another": "another", "the same": "one"}


def test_arms_of_like_names_do_not_share_their_runs(tmp_path: Path) -> None:
    arms = {"L1+GAN": Config(), "L1 GAN": Config(learning_rate=0.1), "l1-gan": Config(learning_rate=0.2)}
    assert list(begun(tmp_path / "s", arms).values()) == ["l1-gan", "l1-gan-2", "l1-gan-3"]


def test_an_arm_that_is_added_takes_the_runs_that_are_there_whatever_the_order_in_which_tables_are_asked_for(
    tmp_path: Path,
) -> None:
    assert begun(tmp_path / "s", {"the same": Config()}) == {"the same": "the-same"}
    assert begun(tmp_path / "s") == {"one": "the-same", "another": "another", "the same": "the-same"}
    assert begun(tmp_path / "s", {"one": Config()}) == {"one": "the-same"}


def test_a_study_of_before_runs_were_named_has_them_where_they_were(tmp_path: Path) -> None:
    begun(tmp_path / "s")
    record = json.loads((tmp_path / "s" / STUDY).read_text())
    del record["runs"], record["judge"]
    (tmp_path / "s" / STUDY).write_text(json.dumps(record))
    assert begun(tmp_path / "s")["the same"] == "one"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"arms": {"one": Config(images=5)}}, "images of one was None, now 5"),
        ({"arms": {"one": Config(learning_rate=0.1)}}, r"learning_rate of one was 0\.0002, now 0\.1"),
        ({"judge": Config(learning_rate=0.1)}, r"learning_rate of segmenter was 0\.0002, now 0\.1"),
        ({"data": "other"}, "the pairs or their split"),
        (
            {"arms": {name: Config(learning_rate=0.1) for name in ("one", "another", "the same")}, "data": "other"},
            "the pairs or their split; learning_rate of one was .*; lambda_l1 of another was 0, now 100.0",
        ),
    ],
)
def test_other_settings_or_data_are_refused_naming_what_differs(
    tmp_path: Path, changed: dict[str, Any], said: str, refused: "Refused"
) -> None:
    begun(tmp_path / "s", judge=Config())
    before = (tmp_path / "s" / STUDY).read_bytes()
    with refused("other-settings", tmp_path / "s", usage=True) as error:
        begun(tmp_path / "s", **{"judge": Config(), **changed})
    assert re.search(said, error.value.what)
    assert (tmp_path / "s" / STUDY).read_bytes() == before


def test_a_field_that_is_younger_than_the_record_had_its_default(tmp_path: Path, refused: "Refused") -> None:
    begun(tmp_path / "s", {"one": Config()})
    record = json.loads((tmp_path / "s" / STUDY).read_text())
    del record["arms"]["one"]["segmentation_head"]
    (tmp_path / "s" / STUDY).write_text(json.dumps(record))
    with refused("other-settings", tmp_path / "s", usage=True) as error:
        begun(tmp_path / "s", {"one": Config(segmentation_head="on")})
    assert "segmentation_head of one was off, now on" in error.value.what
    assert begun(tmp_path / "s", {"one": Config()}) == {"one": "one"}


def test_a_study_with_old_names_of_settings_is_refused_in_one_line(tmp_path: Path, refused: "Refused") -> None:
    begun(tmp_path / "s", {"one": Config()})
    record = json.loads((tmp_path / "s" / STUDY).read_text())
    record["arms"]["one"]["l1_weight"] = record["arms"]["one"].pop("lambda_l1")
    (tmp_path / "s" / STUDY).write_text(json.dumps(record))
    with refused("renamed-setting", tmp_path / "s" / STUDY, usage=False) as caught:
        begun(tmp_path / "s", {"one": Config()})
    assert "lambda_l1" in caught.value.what
    assert "another destination" in caught.value.to_do


def test_how_often_something_is_written_may_change(tmp_path: Path) -> None:
    begun(tmp_path / "s")
    assert begun(tmp_path / "s", {"one": Config(log_every=7, tensorboard=True)})["one"] == "one"


def test_a_study_in_which_nothing_was_trained_yet_may_begin_with_other_settings(tmp_path: Path) -> None:
    open_record(tmp_path / "s", ARMS, None, "d")
    assert open_record(tmp_path / "s", {"one": Config(learning_rate=0.1)}, None, "other") == {"one": "one"}


def test_a_study_killed_before_its_first_record_had_a_name_begins_again(tmp_path: Path) -> None:
    (tmp_path / f".{STUDY}.999999-0123456789ab.tmp").write_text("{")
    begun(tmp_path)
    assert (tmp_path / STUDY).is_file()


def test_a_place_that_holds_something_else_is_refused(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with refused("destination-taken", tmp_path, usage=True) as error:
        begun(tmp_path)
    assert "and no study.json" in error.value.what
    with refused("destination-taken", tmp_path / "mine.txt", usage=True):
        begun(tmp_path / "mine.txt")
    for text, code in (("{}", "not-a-study"), ('{"format": "p2p-experi', "damaged-json")):
        (tmp_path / STUDY).write_text(text)
        with refused(code, tmp_path / STUDY):
            begun(tmp_path)


def test_a_newer_record_asks_for_a_newer_program(tmp_path: Path, refused: "Refused") -> None:
    begun(tmp_path / "s")
    text = (tmp_path / "s" / STUDY).read_text()
    (tmp_path / "s" / STUDY).write_text(text.replace('"version": 1', '"version": 2'))
    with refused("unknown-version", tmp_path / "s" / STUDY):
        begun(tmp_path / "s")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"arms": {"one": 5}}, "damaged-file"),
        ({"data_hash": None, "arms": []}, "not-a-study"),
        ({"runs": []}, "damaged-file"),
        ({"runs": {"stray": "x"}}, "damaged-file"),
        ({"judge": "a wise one"}, "damaged-file"),
        ({"runs": {"one": []}}, "not-a-name"),
        ({"runs": {"one": "../../elsewhere"}}, "path-leads-out"),
        ({"runs": {"one": "/tmp/elsewhere"}}, "path-leads-out"),
    ],
)
def test_a_record_that_was_never_so_written_is_named(
    tmp_path: Path, values: dict[str, Any], code: str, refused: "Refused"
) -> None:
    begun(tmp_path / "s")
    record = json.loads((tmp_path / "s" / STUDY).read_text())
    (tmp_path / "s" / STUDY).write_text(json.dumps({**record, **values}))
    with refused(code, tmp_path / "s" / STUDY):
        begun(tmp_path / "s")


def test_a_record_without_the_hash_of_its_data_is_damaged(tmp_path: Path, refused: "Refused") -> None:
    begun(tmp_path / "s")
    record = json.loads((tmp_path / "s" / STUDY).read_text())
    del record["data_hash"]
    (tmp_path / "s" / STUDY).write_text(json.dumps(record))
    with refused("damaged-file", tmp_path / "s" / STUDY):
        begun(tmp_path / "s")
