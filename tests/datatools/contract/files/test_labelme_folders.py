"""In the folders of LabelMe's json_to_dataset, and nowhere else, label.png and label_viz.png are no photos."""

from pathlib import Path

from p2p_datatools.contract.files.labelme_folders import find_labels

NAMES = ["a_json/img.png", "a_json/label.png", "a_json/label_viz.png", "label.png", "b/label.png"]


def test_label_pictures_beside_their_photo_and_their_list_are_found(tmp_path: Path) -> None:
    for name in ("a_json/img.png", "a_json/label_names.txt", "b/img.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_labels(tmp_path, NAMES) == {"a_json/label.png", "a_json/label_viz.png"}
    (tmp_path / "label_names.txt").touch()
    (tmp_path / "img.png").touch()
    assert find_labels(tmp_path, NAMES) == {"a_json/label.png", "a_json/label_viz.png", "label.png"}
