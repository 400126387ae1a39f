"""Generators of the reference implementation come in and go out, computing what they did there."""

import io
import pickle
import re
import zipfile
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import read_model, save_model
from p2p_gan.models.reference import export_reference, import_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.base import Generator, InferencePass
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import DrawModel, RandomInput, WriteModel
    from gan.models.conftest import MakeReference

LARGE = [pytest.param(kind, marks=pytest.mark.long) for kind in ("unet_256", "resnet_9blocks")]
KINDS = ["unet_128", "resnet_6blocks", *LARGE]
USUAL = [pytest.param(kind, marks=pytest.mark.long) for kind in ("unet_128", "resnet_6blocks")]
NORMS = ["batch", "instance", "none"]


@pytest.fixture
def weights(tmp_path: Path, reference: "MakeReference") -> Path:
    """unet_128 with batch norm as the reference saves it."""
    return saved(reference("unet_128"), tmp_path)


def saved(net: nn.Module, place: Path, *, prefix: str = "", name: str = "latest_net_G.pth") -> Path:
    state = OrderedDict((prefix + key, value) for key, value in net.state_dict().items())
    torch.save(state, place / name)
    return place / name


def changed(weights: Path, **values: torch.Tensor | None) -> Path:
    """The same file with tensors replaced, or left out where None."""
    state = torch.load(weights, weights_only=True)
    for name, value in values.items():
        del state[name]
        if value is not None:
            state[name] = value
    torch.save(state, weights)
    return weights


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_imported_generator_computes_what_it_did_there(
    kind: str, norm: str, reference: "MakeReference", tmp_path: Path, random_input: "RandomInput"
) -> None:
    net = reference(kind, norm=norm).train()
    made = import_model(saved(net, tmp_path), tmp_path / "m.safetensors")
    assert made.name == kind
    side = 256 if kind == "unet_256" else 128
    # Double precision, since both add in different orders.
    net, ours = net.double(), read_model(made.dest).generator.double()
    x = random_input(height=side, width=side).double()
    with torch.no_grad():
        # In training mode at batch 1, which is how the reference tests; dropout is compared below.
        torch.testing.assert_close(ours(x, InferencePass("picture")), net(x), atol=1e-10, rtol=0)
        assert net(x).std() > 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_gathered_statistics_come_along(
    kind: str, reference: "MakeReference", tmp_path: Path, random_input: "RandomInput"
) -> None:
    net = reference(kind).eval()
    made = import_model(saved(net, tmp_path), tmp_path / "m.safetensors", settings={"statistics": "running"})
    assert made.card.statistics == "running"
    side = 256 if kind == "unet_256" else 128
    x = random_input(height=side, width=side)
    with torch.no_grad():
        output = read_model(made.dest).generator(x, InferencePass("running"))
        torch.testing.assert_close(output, net(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("kind", KINDS)
def test_dropout_stands_where_the_reference_has_it(
    kind: str, norm: str, reference: "MakeReference", tmp_path: Path, random_input: "RandomInput"
) -> None:
    net = reference(kind, norm=norm, dropout=True).train()
    made = import_model(saved(net, tmp_path), tmp_path / "m.safetensors")
    assert made.card.architecture.dropout == 0.5
    side = 256 if kind == "unet_256" else 128
    ours, x = read_model(made.dest).generator, random_input(height=side, width=side)
    with torch.no_grad():
        # The same draws, if they are drawn for the same blocks in the same order.
        torch.manual_seed(0)
        expected = net(x)
        torch.manual_seed(0)
        torch.testing.assert_close(ours(x), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("kind", ["unet_64", "unet_32", "resnet_1blocks", *USUAL, *LARGE])
def test_what_came_in_goes_out_as_it_was(
    kind: str, norm: str, dropout: bool, reference: "MakeReference", tmp_path: Path
) -> None:
    weights = saved(reference(kind, norm=norm, dropout=dropout, inputs=1, outputs=4), tmp_path)
    import_model(weights, tmp_path / "m.safetensors")
    export_reference(tmp_path / "m.safetensors", tmp_path / "back.pth")
    before, after = (torch.load(path, weights_only=True) for path in (weights, tmp_path / "back.pth"))
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) and before[name].dtype == after[name].dtype for name in before)
    reference(kind, norm=norm, dropout=dropout, inputs=1, outputs=4).load_state_dict(after, strict=True)


def test_dropout_is_seen_in_a_resnet_and_assumed_in_a_unet_and_can_be_set(
    reference: "MakeReference", tmp_path: Path
) -> None:
    for dropout in (False, True):
        net = saved(reference("resnet_6blocks", dropout=dropout), tmp_path)
        made = import_model(net, tmp_path / f"{dropout}.safetensors")
        assert made.card.architecture.dropout == (0.5 if dropout else 0.0)
        assert not any("dropout" in each for each in made.assumed)
    unet = saved(reference("unet_128"), tmp_path)
    assumed = import_model(unet, tmp_path / "assumed.safetensors")
    assert "dropout: 0.5 in 2 blocks, as in the reference (otherwise: --set dropout=off)" in assumed.assumed
    off = import_model(unet, tmp_path / "off.safetensors", settings={"dropout": "off"})
    assert off.card.architecture.dropout == 0
    assert not any("dropout" in each for each in off.assumed)


def test_a_model_saved_by_dataparallel_is_the_same_model(reference: "MakeReference", tmp_path: Path) -> None:
    net = reference("unet_128")
    alone = import_model(saved(net, tmp_path), tmp_path / "one.safetensors")
    parallel = import_model(saved(net, tmp_path, prefix="module."), tmp_path / "two.safetensors")
    assert alone.dest.read_bytes() == parallel.dest.read_bytes()


def test_files_of_older_pytorch_are_taken(reference: "MakeReference", tmp_path: Path) -> None:
    batch = reference("unet_128").state_dict()
    old = OrderedDict((name, value) for name, value in batch.items() if not name.endswith("num_batches_tracked"))
    torch.save(old, tmp_path / "batch.pth", _use_new_zipfile_serialization=False)
    assert import_model(tmp_path / "batch.pth", tmp_path / "b.safetensors").card.images == 0
    # Before 0.4 instance norms wrote statistics that they never used.
    instance = reference("resnet_6blocks", norm="instance").state_dict()
    instance["model.2.running_mean"] = instance["model.2.running_var"] = torch.zeros(2)
    torch.save(instance, tmp_path / "instance.pth")
    assert import_model(tmp_path / "instance.pth", tmp_path / "i.safetensors").card.architecture.norm == "instance"


def test_the_model_describes_itself_and_can_be_applied(weights: Path, tmp_path: Path) -> None:
    made = import_model(weights, tmp_path / "m.safetensors", direction="b-to-a")
    card = read_model(made.dest).card
    assert (card.direction, card.size, card.fit, card.palette) == ("b-to-a", Size(128, 128), "stretch", None)
    assert (card.input.name, card.output.name, card.input.kind, card.input.channels) == ("b", "a", "picture", 3)
    assert (card.statistics, card.images) == ("picture", 1234)
    grey = np.full((40, 50, 3), 128, np.uint8)
    assert apply_model(read_model(made.dest), grey, ApplyOptions()).shape == (40, 50, 3)


def test_the_size_is_the_network_s_own_or_one_it_can_take(
    weights: Path, reference: "MakeReference", tmp_path: Path, refused: "Refused"
) -> None:
    resnet = saved(reference("resnet_6blocks"), tmp_path, name="r.pth")
    assert import_model(resnet, tmp_path / "r.safetensors").card.size == Size(256, 256)
    wide = import_model(resnet, tmp_path / "w.safetensors", size=Size(100, 64))
    assert wide.card.size == Size(100, 64)
    with refused("impossible-setting", "size=256x192", usage=True) as error:
        import_model(weights, tmp_path / "m.safetensors", size=Size(256, 192))
    assert "unet_128" in error.value.what
    assert "multiples of 128" in error.value.to_do


def test_the_same_call_again_does_nothing_and_nothing_else_is_replaced(
    weights: Path, tmp_path: Path, refused: "Refused"
) -> None:
    dest = tmp_path / "m.safetensors"
    assert import_model(weights, dest).written
    assert not import_model(weights, dest).written
    with refused("destination-taken", dest, usage=True):
        import_model(weights, dest, settings={"dropout": "off"})
    assert export_reference(dest, tmp_path / "out.pth").written
    assert not export_reference(dest, tmp_path / "out.pth").written
    with refused("wrong-file-name", tmp_path / "model.pth", usage=True) as error:
        import_model(weights, tmp_path / "model.pth")
    assert ".safetensors" in error.value.what


# What is no generator of the reference, in one line that names the first key that does not fit.


def test_a_discriminator_is_named_by_its_first_tensor(tmp_path: Path, refused: "Refused") -> None:
    net = nn.Module()
    net.model = nn.Sequential(nn.Conv2d(6, 4, 4), nn.LeakyReLU(), nn.Conv2d(4, 8, 4), nn.BatchNorm2d(8))
    with refused("unknown-network", tmp_path / "latest_net_G.pth") as error:
        import_model(saved(net, tmp_path), tmp_path / "m.safetensors")
    assert "has the tensor model.0.weight, which no generator" in error.value.what
    assert "not the discriminator" in error.value.to_do


def test_the_first_tensor_that_is_missing_or_of_another_shape_or_too_many_is_named(
    weights: Path, tmp_path: Path, refused: "Refused"
) -> None:
    whole, dest = weights.read_bytes(), tmp_path / "m.safetensors"
    name = "model.model.1.model.3.model.2.running_var"
    with refused("other-tensors", weights) as error:
        import_model(changed(weights, **{name: None, "model.model.3.weight": None}), dest)
    assert error.value.what == f"lacks the tensor {name} of a unet_128"
    weights.write_bytes(whole)
    name = "model.model.1.model.3.model.1.weight"
    with refused("other-tensors", weights) as error:
        import_model(changed(weights, **{name: torch.zeros(8, 4, 3, 3)}), dest)
    assert error.value.what.startswith(f"has a tensor {name} of shape (8, 4, 3, 3) and type torch.float32, ")
    assert error.value.what.endswith(" of 2 filters has (8, 4, 4, 4)")
    weights.write_bytes(whole)
    state = torch.load(weights, weights_only=True)
    torch.save({**state, "model.model.1.model.9.weight": torch.zeros(1)}, weights)
    with refused("other-tensors", weights) as error:
        import_model(weights, dest)
    assert error.value.what == "has a tensor model.model.1.model.9.weight that a unet_128 does not have"
    assert not dest.exists()


@pytest.mark.parametrize("name", ["model.model.0.weight", "model.model.3.weight"])
def test_a_missing_end_is_named_too(weights: Path, tmp_path: Path, name: str, refused: "Refused") -> None:
    with refused("other-tensors", weights) as error:
        import_model(changed(weights, **{name: None}), tmp_path / "m.safetensors")
    assert error.value.what.startswith(f"lacks the tensor {name} ")


def test_a_tensor_that_announces_more_than_the_file_holds_is_named(
    weights: Path, tmp_path: Path, refused: "Refused"
) -> None:
    name = "model.model.1.model.1.weight"
    with refused("other-tensors", weights) as error:
        import_model(changed(weights, **{name: torch.zeros(1).expand(4, 2, 4, 4)}), tmp_path / "m.safetensors")
    assert error.value.what.startswith(f"has a tensor {name} of shape ")


@pytest.mark.parametrize("count", [torch.zeros(3, dtype=torch.int64), torch.tensor(float("nan"))])
def test_an_impossible_count_is_named(weights: Path, tmp_path: Path, count: torch.Tensor, refused: "Refused") -> None:
    name = "model.model.1.model.2.num_batches_tracked"
    with refused("other-tensors", weights) as error:
        import_model(changed(weights, **{name: count}), tmp_path / "m.safetensors")
    assert error.value.what.startswith(f"has a tensor {name} of shape ")


def test_nan_weights_are_named(weights: Path, tmp_path: Path, refused: "Refused") -> None:
    name = "model.model.1.model.1.weight"
    broken = torch.load(weights, weights_only=True)[name].clone()
    broken.view(-1)[3] = float("nan")
    with refused("not-finite", weights) as error:
        import_model(changed(weights, **{name: broken}), tmp_path / "m.safetensors")
    assert error.value.what.startswith(f"has values that are not finite in {name}")
    assert not (tmp_path / "m.safetensors").exists()


def test_a_name_with_a_line_end_stays_in_one_line(tmp_path: Path, refused: "Refused") -> None:
    torch.save({"a\n\x1b[31mb": torch.zeros(1)}, tmp_path / "G.pth")
    with refused("unknown-network", tmp_path / "G.pth") as error:
        import_model(tmp_path / "G.pth", tmp_path / "m.safetensors")
    assert r"has the tensor a\n\x1b[31mb, which no generator" in error.value.what


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.mkdir, ("owned",)


def test_code_in_a_file_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused") -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"model.model.0.weight": Evil()}, tmp_path / "new.pth")
    torch.save({"model.model.0.weight": Evil()}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    (tmp_path / "raw.pth").write_bytes(pickle.dumps(Evil(), protocol=2))
    for name in ("new", "old", "raw"):
        with refused("unsafe-file", tmp_path / f"{name}.pth") as error:
            import_model(tmp_path / f"{name}.pth", tmp_path / "m.safetensors")
        assert re.search(r"would run \w+\.mkdir when loaded, so it was not loaded", error.value.what)
        assert not (tmp_path / "owned").exists()


def damaged(weights: Path) -> dict[str, bytes]:
    whole, empty = weights.read_bytes(), io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    return {
        "half": whole[: len(whole) // 2],
        "nothing": b"",
        "text": b"these are no weights\n" * 10,
        "other zip": empty.getvalue(),
        "start": whole[:100],
        "noise": bytes(range(256)) * 8,
    }


@pytest.mark.parametrize("how", ["half", "nothing", "text", "other zip", "start", "noise"])
def test_a_damaged_file_is_refused_in_one_line(weights: Path, tmp_path: Path, how: str, refused: "Refused") -> None:
    weights.write_bytes(damaged(weights)[how])
    with refused("damaged-file", weights):
        import_model(weights, tmp_path / "m.safetensors")


def test_a_model_of_our_own_needs_no_import(weights: Path, tmp_path: Path, refused: "Refused") -> None:
    import_model(weights, tmp_path / "ours.safetensors")
    with refused("other-format", tmp_path / "ours.safetensors") as error:
        import_model(tmp_path / "ours.safetensors", tmp_path / "again.safetensors")
    assert "needs no import" in error.value.to_do
    assert not (tmp_path / "again.safetensors").exists()


@pytest.mark.parametrize("cuts", [31, pytest.param(150, marks=pytest.mark.long)])
def test_wherever_an_old_file_was_cut_it_is_refused(cuts: int, reference: "MakeReference", tmp_path: Path) -> None:
    state = reference("resnet_1blocks", filters=1).state_dict()
    torch.save(state, tmp_path / "G.pth", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "G.pth").read_bytes()
    for cut in range(1, len(whole), len(whole) // cuts):
        (tmp_path / "G.pth").write_bytes(whole[:cut])
        # Cut inside a name, it asks for something that does not exist.
        with pytest.raises(P2PError) as error:
            import_model(tmp_path / "G.pth", tmp_path / "m.safetensors")
        assert error.value.code in ("damaged-file", "unsafe-file"), error.value


def test_other_things_that_torch_saves_are_refused_by_kind(tmp_path: Path, refused: "Refused") -> None:
    torch.save([1, 2], tmp_path / "list.pth")
    with refused("not-a-state-dict", tmp_path / "list.pth") as error:
        import_model(tmp_path / "list.pth", tmp_path / "m.safetensors")
    assert "contains a list" in error.value.what
    torch.save({"epoch": 3, "state_dict": {}}, tmp_path / "checkpoint.pth")
    with refused("not-a-state-dict", tmp_path / "checkpoint.pth") as error:
        import_model(tmp_path / "checkpoint.pth", tmp_path / "m.safetensors")
    assert "contains epoch" in error.value.what
    torch.save({}, tmp_path / "empty.pth")
    with refused("unknown-network", tmp_path / "empty.pth") as error:
        import_model(tmp_path / "empty.pth", tmp_path / "m.safetensors")
    assert "has no tensors" in error.value.what
    with refused("missing-file", tmp_path / "none.pth"):
        import_model(tmp_path / "none.pth", tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("settings", "code", "where"),
    [
        ({"dropout": "much"}, "impossible-setting", "dropout=much"),
        ({"dropout": "1"}, "impossible-setting", "dropout=1"),
        ({"statistics": "both"}, "impossible-setting", "statistics=both"),
        ({"norm": "none"}, "unknown-setting", "norm"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    weights: Path, tmp_path: Path, settings: dict[str, str], code: str, where: str, refused: "Refused"
) -> None:
    with refused(code, where, usage=True):
        import_model(weights, tmp_path / "m.safetensors", settings=settings)


def test_a_direction_is_two_words(weights: Path, tmp_path: Path, refused: "Refused") -> None:
    with refused("impossible-setting", "direction=AtoB", usage=True):
        import_model(weights, tmp_path / "m.safetensors", direction="AtoB")


# What was trained here and goes there.


def test_a_model_trained_here_with_the_reference_s_shape_computes_the_same_there(
    pair_folder: Path, tiny: Config, reference: "MakeReference", tmp_path: Path, random_input: "RandomInput"
) -> None:
    fields = {"bias_before_norm": "off", "max_filters": 16, "generator_filters": 2, "dropout": 0}
    train(pair_folder, tmp_path / "run", replace(with_settings(tiny, fields), images=2))
    made = export_reference(tmp_path / "run", tmp_path / "G.pth")
    assert made.options == "--netG unet_32 --norm batch --ngf 2 --input_nc 3 --output_nc 3"
    assert made.notes == ("the model has no dropout: add --no_dropout",)
    net = reference("unet_32").train()
    net.load_state_dict(torch.load(tmp_path / "G.pth", weights_only=True), strict=True)
    with torch.no_grad():
        ours = read_model(tmp_path / "run").generator(random_input(), InferencePass("picture"))
        torch.testing.assert_close(net(random_input()), ours, atol=1e-5, rtol=0)


def drawn(architecture: Architecture, path: Path) -> Generator:
    """A generator whose weights, biases and statistics all count, saved as a model of running statistics."""
    generator, random = architecture.build().eval(), torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, value in generator.state_dict().items():
            value.copy_(torch.randn(value.shape, generator=random) * 0.3 + (1.5 if name.endswith("var") else 0))
            if name.endswith("var"):
                value.abs_()
    halves = Half("a", "picture"), Half("b", "picture")
    save_model(path, ModelCard(architecture, *halves, None, Size(32, 32), "pad", "running", False, 7, ""), generator)
    return generator


def exported(path: Path, reference: "MakeReference", kind: str, norm: str) -> nn.Module:
    """What the reference makes of an exported model."""
    export_reference(path, path.with_name("G.pth"))
    net = reference(kind, norm=norm)
    net.load_state_dict(torch.load(path.with_name("G.pth"), weights_only=True), strict=True)
    return net


def test_biases_before_a_batch_norm_go_out_in_its_running_mean(
    reference: "MakeReference", tmp_path: Path, random_input: "RandomInput"
) -> None:
    shape = Architecture(3, 3, 2, 2, 8, "batch", 0.0, "resnet", blocks=2, biases=True)
    ours = drawn(shape, tmp_path / "m.safetensors")
    net = exported(tmp_path / "m.safetensors", reference, "resnet_2blocks", "batch").eval()
    with torch.no_grad():
        torch.testing.assert_close(
            net(random_input()), ours(random_input(), InferencePass("running")), atol=1e-5, rtol=0
        )
        torch.testing.assert_close(
            net.train()(random_input()), ours(random_input(), InferencePass("picture")), atol=1e-5, rtol=0
        )
    back = import_model(tmp_path / "G.pth", tmp_path / "back.safetensors")
    assert not back.card.architecture.biases


@pytest.mark.parametrize(("kind", "depth", "blocks"), [("resnet_2blocks", 2, 2), ("unet_32", 5, 1)])
def test_the_biases_that_the_reference_has_with_instance_norm_are_zero_where_the_model_has_none(
    kind: str, depth: int, blocks: int, reference: "MakeReference", tmp_path: Path, random_input: "RandomInput"
) -> None:
    shape = Architecture(3, 3, depth, 2, 16, "instance", 0.0, kind.split("_")[0], blocks=blocks, biases=False)
    if kind.startswith("resnet"):
        shape = replace(shape, max_filters=8)
    ours = drawn(shape, tmp_path / "m.safetensors")
    net, x = exported(tmp_path / "m.safetensors", reference, kind, "instance"), random_input(height=64, width=64)
    with torch.no_grad():
        torch.testing.assert_close(net(x), ours(x, InferencePass("picture")), atol=1e-5, rtol=0)


def test_a_unet_goes_out_where_the_biases_that_no_norm_follows_are_zero(
    reference: "MakeReference", tmp_path: Path, random_input: "RandomInput", refused: "Refused"
) -> None:
    shape = Architecture(3, 3, 5, 2, 16, "batch", 0.0, biases=True)
    ours = drawn(shape, tmp_path / "m.safetensors")
    with refused("not-in-reference") as error:
        export_reference(tmp_path / "m.safetensors", tmp_path / "G.pth")
    assert "down.0, down.4" in error.value.what
    with torch.no_grad():
        for level in (0, 4):
            ours.get_parameter(f"down.{level}.conv.bias").zero_()
    card = read_model(tmp_path / "m.safetensors").card
    save_model(tmp_path / "m.safetensors", card, ours)
    net, x = exported(tmp_path / "m.safetensors", reference, "unet_32", "batch"), random_input(height=64, width=64)
    with torch.no_grad():
        torch.testing.assert_close(net.eval()(x), ours(x, InferencePass("running")), atol=1e-5, rtol=0)
        torch.testing.assert_close(net.train()(x), ours(x, InferencePass("picture")), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "its channels do not grow to 8 times the first"),
        ({"max_filters": 32}, "its layers without a norm (down.0, down.4) have biases"),
        ({"kind": "encoder-decoder"}, "its decoder has no skips"),
        ({"upsampling": "resize"}, "its decoder upsamples by resize"),
        ({"upsampling": "bilinear"}, "its decoder upsamples by bilinear"),
        ({"noise": 1}, "its input has noise channels"),
        ({"depth": 4}, "its depth is 4"),
    ],
)
def test_a_model_that_the_reference_cannot_build_says_why(
    draw_model: "DrawModel",
    write_model: "WriteModel",
    tmp_path: Path,
    fields: dict[str, object],
    said: str,
    refused: "Refused",
) -> None:
    place = write_model(draw_model(**fields), tmp_path / "m.safetensors")
    with refused("not-in-reference", place) as error:
        export_reference(place, tmp_path / "G.pth")
    assert said in error.value.what
    assert not (tmp_path / "G.pth").exists()
