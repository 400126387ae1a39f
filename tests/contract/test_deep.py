"""Pictures of any depth and number of channels come back as the numbers they are."""

from pathlib import Path

import numpy as np
import pytest

from p2p_datatools.contract.deep import form_of, read_array, write_tiff
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.images import write_png
from p2p_datatools.contract.sizes import Size


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 2, 3, 5, 64])
def test_a_tiff_gives_back_what_was_written(tmp_path: Path, dtype: str, channels: int) -> None:
    values = (np.random.default_rng(0).random((70, 9, channels)) * 250).astype(dtype)
    values = values[..., 0] if channels == 1 else values
    write_tiff(tmp_path / "a.tif", values)
    form = form_of(tmp_path / "a.tif")
    assert (form.size, form.channels, form.dtype) == (Size(9, 70), channels, dtype)
    np.testing.assert_array_equal(read_array(tmp_path / "a.tif", form), values)


def test_a_png_of_16_bits_and_an_array_file_keep_their_values(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (6, 5, 3), dtype=np.uint16)
    write_png(tmp_path / "a.png", values)
    np.save(tmp_path / "a.npy", values)
    for name in ("a.png", "a.npy"):
        form = form_of(tmp_path / name)
        assert (form.channels, form.dtype) == (3, "uint16")
        np.testing.assert_array_equal(read_array(tmp_path / name, form), values)


def test_an_array_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"run": "this"}], dtype=object), allow_pickle=True)
    with pytest.raises(P2PError, match=r"a\.npy"):
        form_of(tmp_path / "a.npy")


@pytest.mark.parametrize("name", ["a.tif", "a.npy"])
def test_a_file_cut_in_half_is_an_error(tmp_path: Path, name: str) -> None:
    values = np.random.default_rng(0).random((32, 32, 4)).astype(np.float32)
    if name == "a.npy":
        np.save(tmp_path / name, values)
    else:
        write_tiff(tmp_path / name, values)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(P2PError, match=name):
        read_array(tmp_path / name, form_of(tmp_path / name))
