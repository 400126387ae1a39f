"""Where scores mean little."""

from p2p_gan.evaluation.cautions import find_cautions


def test_few_pictures_and_a_model_that_a_constant_beats_are_said_with_their_scores() -> None:
    model, mean = {"l1": 0.2, "ssim": 0.5, "psnr": 11.0}, {"l1": 0.1, "ssim": 0.4, "psnr": 12.0}
    few, worse = find_cautions(5, model, mean, "train")
    assert (few.code, worse.code) == ("few-pictures", "worse-than-mean")
    assert "L1 (0.2, the mean picture 0.1), PSNR (11, the mean picture 12)" in str(worse)
    assert "SSIM" not in worse.text
    assert find_cautions(20, mean, {"l1": 0.1, "ssim": 0.4, "psnr": 12.0}, "train") == ()
    assert find_cautions(500, model, {}, None) == ()


def test_a_segmenter_that_misses_classes_in_real_photos_is_said_with_them() -> None:
    scores = {"l1": 0.1, "ssim": 0.5, "psnr": 12.0}
    real = {"body": 0.91, "tyres": 0.5, "lights": 0.22}
    (weak,) = find_cautions(500, scores, {}, None, found_in_real=real)
    assert weak.code == "weak-segmenter"
    assert "the IoU of lights (0.22) is below 0.5" in weak.text
    assert "tyres" not in weak.text
    assert find_cautions(500, scores, {}, None, found_in_real={"body": 0.91}) == ()


def test_real_pictures_without_any_structure_are_said_to_be_no_photos() -> None:
    scores = {"l1": 0.1, "ssim": 0.5, "psnr": 12.0}
    (blank,) = find_cautions(500, scores, {}, None, real_sharpness=0.0)
    assert blank.code == "blank-targets"
    assert find_cautions(500, scores, {}, None, real_sharpness=0.01) == ()
