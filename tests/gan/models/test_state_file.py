"""What lies in files of torch.save is found and named; what another program wrote is called what it is."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import save_file

from p2p_gan.models.model import read_card, read_model
from p2p_gan.models.reference import import_model, read_reference
from p2p_gan.models.state_file import read_state, read_tables

if TYPE_CHECKING:
    from conftest import Refused
    from gan.models.conftest import MakeReference

STATE = {"model.model.0.weight": torch.zeros(2)}


@pytest.fixture
def state(reference: "MakeReference") -> dict[str, torch.Tensor]:
    return dict(reference("resnet_1blocks", filters=1).state_dict())


def with_prefix(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in state.items()}


def test_prefixes_of_wrappers_are_left_out_in_any_order(tmp_path: Path) -> None:
    for prefix in ("module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."):
        torch.save(with_prefix(prefix, STATE), tmp_path / "G.pth")
        assert list(read_state(tmp_path / "G.pth")) == list(STATE)


def test_tables_of_tensors_are_found_wherever_they_lie(tmp_path: Path) -> None:
    whole = {"epoch": 3, "state_dict": {"G": STATE, "names": ["a"]}, "optimizer": {"state": {}, "param_groups": [1]}}
    torch.save(whole, tmp_path / "G.pth")
    assert [*read_tables(tmp_path / "G.pth")] == ["state_dict.G"]


def test_tables_under_keys_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    both = {1: {"a": torch.zeros(1)}, "1": {"b": torch.zeros(1)}, "2": {"3": {"c": torch.zeros(1)}}, "2.3": STATE}
    torch.save(both, tmp_path / "G.pth")
    found = read_tables(tmp_path / "G.pth")
    assert {place: [*table] for place, table in found.items()} == {
        **{"1": ["a"], "1#2": ["b"], "2.3": ["model.model.0.weight"], "2.3#2": ["c"]}
    }


def test_a_table_that_a_small_file_holds_many_times_is_read_once(tmp_path: Path) -> None:
    table: dict[str, Any] = STATE
    for _ in range(3):
        table = {str(number): table for number in range(60)} | {"epoch": 3}  # 216,000 names in 3 KB
    torch.save(table, tmp_path / "G.pth")
    assert [*read_tables(tmp_path / "G.pth")] == ["0.0.0"]


@pytest.mark.parametrize(
    ("wrap", "place"),
    [
        (lambda state: {"state_dict": state, "epoch": 3}, "state_dict"),
        (lambda state: with_prefix("generator.", state), "generator"),
        (lambda state: {"state_dict": with_prefix("netG.", state) | {"netD.model.0.weight": torch.zeros(1)}}, "netG"),
        (lambda state: {"G": with_prefix("module.", state), "D": {"model.0.weight": torch.zeros(1)}}, "G"),
    ],
)
def test_the_generator_of_a_checkpoint_is_imported_and_where_it_lay_is_said(
    tmp_path: Path, state: dict[str, torch.Tensor], wrap: Any, place: str
) -> None:
    torch.save(wrap(state), tmp_path / "all.ckpt")
    done = import_model(tmp_path / "all.ckpt", tmp_path / "m.safetensors")
    assert place in done.assumed[0]
    torch.save(state, tmp_path / "alone.pth")
    alone = import_model(tmp_path / "alone.pth", tmp_path / "alone.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == (tmp_path / "alone.safetensors").read_bytes()
    assert not any("of the file" in line for line in alone.assumed)


def test_of_several_generators_one_is_named(tmp_path: Path, state: dict[str, torch.Tensor], refused: "Refused") -> None:
    torch.save({"G_A": state, "G_B": {name: value + 1 for name, value in state.items()}}, tmp_path / "all.pth")
    with refused("several-networks", tmp_path / "all.pth") as error:
        read_reference(tmp_path / "all.pth")
    assert error.value.to_do.endswith("--set network=G_A")
    made = [
        import_model(tmp_path / "all.pth", tmp_path / f"{name}.safetensors", settings={"network": name}).dest
        for name in ("G_A", "G_B")
    ]
    assert made[0].read_bytes() != made[1].read_bytes()
    with refused("impossible-setting", "network=G_C", usage=True):
        import_model(tmp_path / "all.pth", tmp_path / "m.safetensors", settings={"network": "G_C"})


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("head_0.conv_0.weight_orig", "SPADE"),
        ("model1_1.1.weight", "local enhancer"),
        ("model.16.conv_block.1.weight", "global generator"),
        ("model.4.filt", "CUT"),
    ],
)
def test_generators_of_other_programs_are_called_by_their_names(
    tmp_path: Path, name: str, program: str, refused: "Refused"
) -> None:
    torch.save({"fc.weight": torch.zeros(1), name: torch.zeros(1)}, tmp_path / "G.pth")
    with refused("unknown-network") as error:
        import_model(tmp_path / "G.pth", tmp_path / "m.safetensors")
    assert program in error.value.what


def archive(path: Path, member: str) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(member, b"1")


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(90), "other-format", "Keras"),
        ("model.keras", "model.weights.h5", "other-format", "Keras"),
        ("G.pt", "G/constants.pkl", "other-format", "TorchScript"),
        ("weights.npz", "w.npy", "other-format", "NumPy"),
        ("saved_model.pb", b"\x08\x01" * 9, "other-format", "TensorFlow"),
        ("model-9000.data-00000-of-00001", b"\x01" * 90, "other-format", "TensorFlow"),
        ("checkpoint", b'model_checkpoint_path: "model-9000"', "other-format", "TensorFlow"),
        ("latest_net_G.t7", b"\x04\x00\x00\x00" * 9, "other-format", "Lua"),
        ("model.onnx", b"\x08\x07" * 9, "other-format", "ONNX"),
        ("latest_net_G.pth", b"version https://git-lfs.github.com/spec/v1\n", "not-fetched", "Git LFS"),
        ("latest_net_G.pth", b"\n<!DOCTYPE html><title>Virus scan warning", "not-fetched", "web page"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(
    tmp_path: Path, name: str, content: bytes | str, code: str, words: str, refused: "Refused"
) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        archive(path, content)
    for read in (read_tables, read_card):
        with refused(code, path) as error:
            read(path)
        assert words in error.value.what


def test_a_folder_is_no_file_of_weights(tmp_path: Path, refused: "Refused") -> None:
    with refused("not-a-file", tmp_path):
        read_tables(tmp_path)
    for name in ("5_net_G.pth", "100_net_G.pth", "latest_net_D.pth"):
        (tmp_path / name).touch()
    with refused("not-a-file", tmp_path) as error:
        read_tables(tmp_path)
    assert error.value.to_do == f"Give {tmp_path / '100_net_G.pth'}."
    (tmp_path / "model-9000.index").touch()
    with refused("other-format", tmp_path):
        read_tables(tmp_path)


def test_one_bit_of_a_weight_is_enough_to_refuse_a_file_which_torch_would_load(
    tmp_path: Path, refused: "Refused"
) -> None:
    path = tmp_path / "G.pth"
    for has_checksums in (True, False):
        torch.serialization.set_crc32_options(has_checksums)
        try:
            torch.save({"weight": torch.full((100,), 3.5)}, path)
        finally:
            torch.serialization.set_crc32_options(True)
        assert read_state(path)["weight"][50] == 3.5
    torch.save({"weight": torch.full((100,), 3.5)}, path)
    data = bytearray(path.read_bytes())
    data[data.index(torch.full((100,), 3.5).numpy().tobytes()) + 200] ^= 1
    path.write_bytes(data)
    assert torch.load(path, weights_only=True)["weight"][50] != 3.5
    with refused("damaged-file", path) as error:
        read_state(path)
    assert "data/0" in error.value.what
    torch.save({"weight": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    assert read_state(path)["weight"][1] == 1


def test_a_state_dict_as_safetensors_is_imported_as_one_of_torch_save_is(
    reference: "MakeReference", tmp_path: Path, refused: "Refused"
) -> None:
    net = reference("unet_128")
    torch.save(net.state_dict(), tmp_path / "net.pth")
    import_model(tmp_path / "net.pth", tmp_path / "one.safetensors")
    again = {f"module.{name}": value.contiguous() for name, value in net.state_dict().items()}
    save_file(again, tmp_path / "net.safetensors")
    import_model(tmp_path / "net.safetensors", tmp_path / "two.safetensors")
    assert (tmp_path / "two.safetensors").read_bytes() == (tmp_path / "one.safetensors").read_bytes()
    with refused("other-format", tmp_path / "one.safetensors"):
        import_model(tmp_path / "one.safetensors", tmp_path / "three.safetensors")
    with refused("not-a-model", tmp_path / "net.safetensors") as error:
        read_model(tmp_path / "net.safetensors")
    assert "import-model" in error.value.to_do


def test_weights_of_which_all_tensors_were_made_16_bits_are_imported(
    reference: "MakeReference", tmp_path: Path
) -> None:
    net = reference("unet_128")
    torch.save({name: value.half() for name, value in net.state_dict().items()}, tmp_path / "half.pth")
    made = import_model(tmp_path / "half.pth", tmp_path / "half.safetensors")
    torch.save(net.state_dict(), tmp_path / "whole.pth")
    whole = import_model(tmp_path / "whole.pth", tmp_path / "whole.safetensors")
    assert made.card.architecture == whole.card.architecture
