"""Tasks that Label Studio imports: packed brushes, addresses of photos, and the configuration that fits them."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.exports.build import export_masks
from p2p_datatools.exports.formats.labelstudio import pack_runs
from p2p_datatools.labels.parsing.rle import packed_runs, runs_of


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 1])
@pytest.mark.parametrize("size", [Size(1, 1), Size(7, 3), Size(300, 200)])
def test_a_packed_brush_is_unpacked_to_the_same_pixels(share: float, size: Size) -> None:
    inside = np.random.default_rng(0).random((size.height, size.width)) < share
    packed = pack_runs(runs_of(inside).counts)
    assert all(0 <= each <= 255 for each in packed)
    assert (packed_runs(packed, size, "here").mask() == inside).all()


def test_runs_of_every_length_are_packed() -> None:
    # Each length has as many bits as it needs: 3, 4, 8 or 16, and the longest are cut.
    for length in (1, 2, 3, 4, 5, 64, 65, 16_383, 16_384, 16_385, 40_000):
        inside = np.zeros((1, length + 3), dtype=np.bool_)
        inside[0, 2 : 2 + length] = True
        packed = pack_runs(runs_of(inside).counts)
        assert (packed_runs(packed, Size(length + 3, 1), "here").mask() == inside).all()


def test_the_bytes_of_a_small_brush_are_those_that_the_tool_writes() -> None:
    # Of one white pixel, written by hand after rle-pack: 32 bits for 4 values, 5 for 8 bits each, 4 times 4 for the
    # bits of a length, then 1 for a repeated value, 2 for the first kind of length, 3 for the length, 8 for 255.
    bits = f"{4:032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}" + "1" + "00" + f"{3:03b}" + f"{255:08b}"
    bits += "0" * (-len(bits) % 8)
    expected = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    assert pack_runs(np.array([0, 1])) == expected


def tasks(out: Path) -> dict[str, Any]:
    return {task["data"]["image"]: task for task in json.loads((out / "tasks.json").read_text())}


def test_a_task_has_a_brush_for_each_class_and_the_address_of_a_local_file(tmp_path: Path, hard_masks: Path) -> None:
    export_masks(hard_masks, tmp_path / "out", format="labelstudio")
    found = tasks(tmp_path / "out")
    assert "/data/local-files/?d=walk/%C3%BC%20%281%29%20100%25.png" in found
    (annotation,) = found["/data/local-files/?d=ring.png"]["annotations"]
    assert [each["value"]["brushlabels"] for each in annotation["result"]] == [["body"], ["tyres"]]
    for each in annotation["result"]:
        assert (each["type"], each["original_width"], each["original_height"]) == ("brushlabels", 7, 7)


def test_the_configuration_names_the_controls_and_labels_of_the_tasks(tmp_path: Path, hard_masks: Path) -> None:
    export_masks(hard_masks, tmp_path / "out", format="labelstudio")
    root = ElementTree.parse(tmp_path / "out" / "label_config.xml").getroot()
    brush = root.find("BrushLabels")
    assert brush is not None
    labels = [each.get("value") for each in brush]
    assert labels == ["body", "tyres", "lights", "windows", "ignore"]
    for task in tasks(tmp_path / "out").values():
        for each in task["annotations"][0]["result"]:
            assert (each["from_name"], each["to_name"]) == (brush.get("name"), brush.get("toName"))
            assert set(each["value"]["brushlabels"]) <= set(labels)
