"""What a check says of values: no data, far values, few bits; and nothing of ordinary pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from p2p_datatools.checks.folder import check
from p2p_datatools.checks.values import ValueCheck, measure_values
from p2p_datatools.contract.pictures.images import write_png

RAMP = np.linspace(300, 350, 16 * 24).reshape(16, 24).astype(np.float32)


def codes(*arrays: NDArray[Any], range_: tuple[float, float] | None = None) -> list[str]:
    values = ValueCheck(Path("dem"), "its pictures", range_)
    for number, array in enumerate(arrays):
        values.add(file := Path(f"{number}.tif"), measure_values(file, array))
    return [each.code for each in values.findings()]


def test_a_far_value_is_found_once_with_the_number_of_pictures() -> None:
    far = np.where(RAMP < 302, np.float32(-9999), RAMP)
    values = ValueCheck(Path("dem"), "its pictures")
    for number in range(3):
        values.add(file := Path(f"{number}.tif"), measure_values(file, far if number else RAMP))
    [finding] = values.findings()
    assert (finding.code, finding.where, finding.severity) == ("nodata-suspected", "1.tif", "warning")
    assert "1 more" in finding.what


@pytest.mark.parametrize(
    ("most", "range_", "found"),
    [
        (4000, None, True),
        (4000, (0.0, 65535.0), True),
        (4000, (0.0, 4095.0), False),
        (4000, (0.0, 16383.0), True),
        (60000, None, False),
    ],
)
def test_16_bits_of_which_few_are_used_are_found(most: int, range_: tuple[float, float] | None, found: bool) -> None:
    values = np.linspace(0, most, 16 * 24).reshape(16, 24).astype(np.uint16)
    assert codes(values, range_=range_) == (["few-bits"] if found else [])


def test_a_folder_of_numbers_is_checked_as_pair_reads_it(tmp_path: Path) -> None:
    hole = np.where(RAMP < 302, np.float32(np.nan), RAMP)
    tifffile.imwrite(tmp_path / "a.tif", hole)
    np.save(tmp_path / "b.npy", RAMP)
    result = check(tmp_path)
    assert (result.checked, result.ok) == (2, True)
    assert [each.code for each in result.findings] == ["no-data"]
    tifffile.imwrite(tmp_path / "c.tif", RAMP.astype(np.uint16))
    assert ("error", "mixed-forms") in {(each.severity, each.code) for each in check(tmp_path).findings}


def test_labels_beside_photos_in_a_folder_of_their_own_are_found(tmp_path: Path) -> None:
    write_png(tmp_path / "images" / "a.png", np.random.default_rng(1).integers(0, 256, (16, 24, 3), dtype=np.uint8))
    write_png(tmp_path / "labels" / "deep" / "b.png", np.resize(np.arange(5, dtype=np.uint8), (16, 24)))
    [finding] = check(tmp_path).findings
    assert (finding.code, finding.where) == ("class-numbers", str(tmp_path / "labels"))
