"""What folders of a data set hold, as their names and those beside them say."""

import pytest

from p2p_datatools.contract.folders.roles import LABELS, PHOTOS, names_of_labels, roles_of_folders


@pytest.mark.parametrize(
    ("folders", "roles"),
    [
        (("masks", "images"), (LABELS, PHOTOS)),
        (("train/masks", "train/images"), (LABELS, PHOTOS)),
        (("trainannot", "train"), (LABELS, PHOTOS)),
        (("train_masks", "train"), (LABELS, PHOTOS)),
        (("set/Val_Labels", "set/Val"), (LABELS, PHOTOS)),
        (("masks_train", "images_train"), (LABELS, PHOTOS)),
        (("Rural/masks_png", "Rural/images_png", "Test/images_png"), (LABELS, PHOTOS, PHOTOS)),  # LoveDA
        (("semantic", "image_2", "masks 512x512"), ("", PHOTOS, LABELS)),  # KITTI
        (("valannot", "train"), ("", "")),
        (("day", "night"), ("", "")),
        (("train", "test"), ("", "")),
        (("annot", "train"), (LABELS, "")),
        (("masks/images",), ("",)),
    ],
)
def test_a_folder_holds_labels_by_its_word_and_photos_by_that_of_its_neighbour(
    folders: tuple[str, ...], roles: tuple[str, ...]
) -> None:
    assert tuple(roles_of_folders(folders).values()) == roles


def test_numbers_of_objects_beside_classes_are_labels_too() -> None:
    names = ["train_img/1", "train_inst/1", "train_label/1"]
    assert names_of_labels(names) == {"train_inst/1", "train_label/1"}
    assert names_of_labels(names[:2]) == set()  # a folder that may be of any pictures
    tests = ["test_inst/2", "test_label/2"]  # without photos, as pix2pixHD has Cityscapes
    assert names_of_labels(names + tests) == {*names[1:], *tests}
    assert names_of_labels(["images/1", "labels/1", "other/2"]) == set()
