"""A segmenter as judge of photos that were made from masks."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import Palette, load_palette
from p2p_gan.evaluation.scores import EvaluationRequest, evaluate
from p2p_gan.evaluation.segmenter import Segmenter
from p2p_gan.models.model import Model, read_model

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import WriteModel

CARS = load_palette("cars")
MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")


def test_the_segmenter_s_score_on_real_photos_is_given_beside_that_on_generated_ones(
    make_model: Callable[..., Model], run_folder: Path, tmp_path: Path, write_model: "WriteModel"
) -> None:
    judge = write_model(make_model(PHOTO, MASK, palette=CARS, output_as="classes"), tmp_path / "judge.safetensors")
    scores = evaluate(run_folder, run_folder.parent / "pairs", asked=EvaluationRequest(segmenter=judge))
    alone = evaluate(judge, run_folder.parent / "pairs", asked=EvaluationRequest())
    assert scores.judged is not None
    assert scores.judged_real is not None
    assert scores.judged != scores.judged_real
    assert set(scores.judged.classes) == {"background", "body", "tyres"}
    assert alone.agreement is not None
    assert {name: each.pictures for name, each in scores.judged_real.classes.items()} == {
        name: each.pictures for name, each in alone.agreement.classes.items()
    }


def test_a_model_that_cannot_judge_these_photos_is_refused(
    make_model: Callable[..., Model], run_folder: Path, tmp_path: Path, refused: "Refused", write_model: "WriteModel"
) -> None:
    judged = read_model(run_folder)
    fewer = Palette("fewer", CARS.classes[:3])
    for model, code, said in (
        (
            make_model(MASK, PHOTO, palette=CARS),
            "unfit-segmenter",
            "has the direction mask-to-photo and does not generate masks",
        ),
        (make_model(Half("photo", "photo", 1), MASK, palette=CARS), "other-channels", "takes 1 x uint8, "),
        (make_model(PHOTO, MASK, palette=fewer), "other-classes", "has the classes background, body, tyres, but "),
    ):
        with refused(code, tmp_path / "judge.safetensors") as error:
            Segmenter(write_model(model, tmp_path / "judge.safetensors"), judged, None)
        assert said in error.value.what


def test_only_photos_made_from_masks_can_be_judged(
    make_model: Callable[..., Model], tmp_path: Path, refused: "Refused", write_model: "WriteModel"
) -> None:
    judge = make_model(PHOTO, MASK, palette=CARS, output_as="classes")
    with refused("unfit-segmenter", "--segmenter") as error:
        Segmenter(write_model(judge, tmp_path / "judge.safetensors"), judge, None)
    assert "this model is photo-to-mask" in error.value.what
