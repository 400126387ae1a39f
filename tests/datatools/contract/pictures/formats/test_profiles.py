"""Colour profiles: what they do to colours counts, whatever they are called, in every kind of picture."""

from pathlib import Path

from PIL import Image, ImageCms

from p2p_datatools.contract.pictures.images import read_photo


def test_a_profile_that_is_not_srgb_is_converted(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (4, 4), (200, 0, 0)).save(tmp_path / "same.png", icc_profile=profile)
    nameless = profile.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    Image.new("RGB", (4, 4), (201, 3, 97)).save(tmp_path / "nameless.png", icc_profile=nameless)
    assert read_photo(tmp_path / "nameless.png")[0, 0].tolist() == [201, 3, 97]
    # With red and blue exchanged it is still called sRGB, as a linear one is.
    swapped = profile.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    Image.new("RGB", (4, 4), (200, 0, 0)).save(tmp_path / "swapped.png", icc_profile=swapped)
    assert read_photo(tmp_path / "same.png")[0, 0].tolist() == [200, 0, 0]
    red, _, blue = read_photo(tmp_path / "swapped.png")[0, 0]
    assert blue > 150 > 50 > red


def test_a_profile_counts_for_palettes_and_grey_with_alpha_as_for_plain_pictures(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    plain = Image.new("RGB", (4, 4), (200, 0, 0))
    plain.save(tmp_path / "plain.png", icc_profile=swapped)
    plain.quantize(2).save(tmp_path / "indexed.png", icc_profile=swapped)
    assert read_photo(tmp_path / "plain.png")[0, 0].tolist() != [200, 0, 0]
    assert (read_photo(tmp_path / "indexed.png") == read_photo(tmp_path / "plain.png")).all()
