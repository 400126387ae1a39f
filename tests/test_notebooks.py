"""The notebook does what it says on tiny data, and a second time it continues what the first left.

Nothing here may need a network, an account or a GPU.
"""

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.display import Image
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_output

from p2p_datatools.sources.data_set import fetch_synth

CARS = Path(__file__).parents[1] / "notebooks" / "cars.ipynb"
SETTINGS = {"IMAGES": "6", "PRESET": "tiny", "SIZE": "64x32", "LIMIT": "24"}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the notebook works; what a user keeps for notebooks at home has no say."""
    for name, value in {**SETTINGS, "DATA": "demo", "WORK": str(tmp_path / "work")}.items():
        monkeypatch.setenv(f"P2P_NOTEBOOK_{name}", value)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # at this size further threads only wait for each other
    return tmp_path / "work"


def read() -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(CARS, as_version=4)  # type: ignore[no-untyped-call] # has no types
    return notebook


Execute = Callable[[nbformat.NotebookNode, Path], dict[str, str]]


def execute_here(notebook: nbformat.NotebookNode, folder: Path) -> dict[str, str]:
    """Run the cells in this process, which has loaded torch; what each said, by the cell's id."""
    said: dict[str, str] = {}
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", sys.argv)
        names: dict[str, Any] = {}
        for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):

            def display(image: Image, cell: nbformat.NotebookNode = cell) -> None:
                data = nbformat.from_dict({"image/png": image._repr_png_()})  # type: ignore[no-untyped-call]
                cell.outputs.append(new_output("display_data", data))  # type: ignore[no-untyped-call]

            names["display"] = display
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(compile(cell.source, cell.id, "exec"), names)
            said[cell.id] = output.getvalue()
    return said


def execute(notebook: nbformat.NotebookNode, folder: Path) -> dict[str, str]:
    """Run the cells in a new kernel of this very Python; what each said, by the cell's id."""
    # Without folders to look into there is only the kernel of the running Python.
    kernel = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, km=kernel, timeout=120, resources=place, shutdown_kernel="immediate")
    # A kernel that the client did not make itself it would leave running.
    client.execute(cleanup_kc=True)
    return {cell.id: "".join(map(text, cell.get("outputs", ()))) for cell in notebook.cells}


def text(output: nbformat.NotebookNode) -> str:
    return str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))


def pictures(notebook: nbformat.NotebookNode) -> list[str]:
    return [
        cell.id for cell in notebook.cells for each in cell.get("outputs", ()) if "image/png" in each.get("data", {})
    ]


def errors(notebook: nbformat.NotebookNode) -> list[str]:
    outputs = (each for cell in notebook.cells for each in cell.get("outputs", ()))
    return [each.ename for each in outputs if each.output_type == "error"]


def test_the_stored_notebook_is_whole_and_holds_no_outputs() -> None:
    notebook = read()
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_every_step_is_explained_before_it_is_done() -> None:
    kinds = [cell.cell_type for cell in read().cells]
    assert kinds == ["markdown", *["markdown", "code"] * (len(kinds) // 2)]


@pytest.mark.parametrize("run_cells", [execute_here, pytest.param(execute, marks=pytest.mark.long)])
def test_the_notebook_makes_a_model_and_pictures_and_run_again_changes_nothing(work: Path, run_cells: Execute) -> None:
    first = read()
    said = run_cells(first, work.parent)
    assert errors(first) == []
    assert pictures(first) == ["pairs", "progress", "sample", "paint"]
    assert "6 images in" in said["train"]
    assert "SSIM" in said["score"]
    run = work / "demo" / "run-tiny-64x32"
    model = (run / "model.safetensors").read_bytes()
    held_out = sorted(file.name for file in (work / "demo" / "compare-tiny-64x32-6").glob("*.png"))
    assert len(held_out) == 2
    assert [file.name for file in (work / "demo" / "mine-tiny-64x32-6").glob("*.png")] == ["example.png"]

    second = read()
    said = run_cells(second, work.parent)
    assert errors(second) == []
    assert pictures(second) == pictures(first)
    assert "2 pictures in" in said["sample"]
    assert "0 written now, 2 kept" in said["sample"]
    assert "is finished: 6 images" in said["train"]
    assert (run / "model.safetensors").read_bytes() == model


def test_photos_and_masks_of_kaggle_become_pairs_and_those_of_one_walk_stay_together(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P2P_NOTEBOOK_DATA", "kaggle")
    names = ["image (10)", "side-view-(left)-90", *(f"IMG_20201123_13{place:02}18" for place in range(20, 28))]
    unpack(work / "kaggle" / "download" / "car-segmentation", names)
    notebook = up_to("pairs")
    said = execute_here(notebook, work.parent)
    assert "10 masks checked: 0 errors" in said["masks"]
    assert pictures(notebook) == ["pairs"]
    splits = {file.stem: file.parent.name for file in (work / "kaggle" / "pairs").rglob("*.png")}
    assert sorted(splits) == sorted(names)
    assert len({splits[name] for name in names[2:]}) == 1


def unpack(folder: Path, names: list[str]) -> None:
    """The Kaggle set as it lies after the download: photos and labels under one name, and the export they are of."""
    fetch_synth(folder / "drawn", limit=len(names))
    for ours, theirs in (("photos", "images"), ("labels", "masks")):
        (folder / theirs).mkdir()
        for name, file in zip(names, sorted((folder / "drawn" / ours).glob("*.png")), strict=True):
            file.rename(folder / theirs / f"{name}.png")
    shutil.rmtree(folder / "drawn")
    regions = [{"tags": [tag]} for tag in ("car", "wheel", "lights", "window")]
    (folder / "masks.json").write_text(json.dumps({"assets": {"1": {"regions": regions}}}))


def up_to(last: str) -> nbformat.NotebookNode:
    """The notebook until the cell `last`, without its look at the GPU, for which torch is loaded."""
    notebook = read()
    ids = [cell.id for cell in notebook.cells]
    notebook.cells = [cell for cell in notebook.cells[: ids.index(last) + 1] if cell.id != "device"]
    return notebook


def test_a_command_that_fails_stops_the_notebook(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2P_NOTEBOOK_LIMIT", "0")
    notebook = up_to("masks")
    with pytest.raises(CellExecutionError, match="p2p ended with code 2"):
        execute(notebook, work.parent)
    assert not (work / "demo" / "masks").exists()
