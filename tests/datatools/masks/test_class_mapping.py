"""Which class claims a label, and what is said when none does."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import IGNORE, Palette, PaletteClass, load_palette
from p2p_datatools.labels.values import Use
from p2p_datatools.masks.class_mapping import ClassMapping, parse_mapping
from p2p_datatools.masks.unclaimed import refuse_unclaimed

if TYPE_CHECKING:
    from conftest import Refused

CARS, FACADES = load_palette("cars"), load_palette("facades")
BARE = Palette("bare", (PaletteClass("background", (0, 0, 0)), PaletteClass("body", (255, 0, 0))))


def named(**mapping: str) -> ClassMapping:
    return ClassMapping(CARS, mapping, numbers=False)


def test_names_go_by_names_and_aliases_and_numbers_by_ids() -> None:
    assert named().word("back_left_light") == "lights"
    assert named().word("3") is None
    assert ClassMapping(CARS, {}, numbers=True).word("3") == "lights"


def test_the_mapping_goes_before_the_palette() -> None:
    assert named(wheel="body").word("wheel") == "body"
    assert ClassMapping(CARS, {"3": "windows"}, numbers=True).index("3") == 4


def test_background_is_the_first_class_whatever_its_name_and_ignore_is_255() -> None:
    claims = ClassMapping(FACADES, {"a": "background", "b": "ignore", "c": "unpainted"}, numbers=False)
    assert [claims.index(label) for label in "abc"] == [0, IGNORE, None]


def test_labels_that_the_palette_ignores_are_ignored_and_so_is_the_word_itself_unless_a_class_claims_it() -> None:
    classes = (PaletteClass("background", (0, 0, 0), 0), PaletteClass("car", (9, 0, 0), 1))
    palette = Palette("own", classes, ignored=("Void", "un*", "7"))
    claims = ClassMapping(palette, {}, numbers=False)
    assert [claims.index(label) for label in ("void", "unnamed", "Ignore")] == [IGNORE, IGNORE, IGNORE]
    assert claims.word("fence") is None
    assert ClassMapping(palette, {"void": "car"}, numbers=False).word("void") == "car"
    numbers = ClassMapping(palette, {}, numbers=True)
    assert [numbers.word(label) for label in ("1", "7", "8")] == ["car", "ignore", None]
    own = Palette("own", (*classes, PaletteClass("Ignore", (0, 9, 0))))
    assert ClassMapping(own, {}, numbers=False).index("ignore") == 2


def test_what_only_a_pattern_of_the_palette_claims_is_said() -> None:
    line = named(**{"left door": "background"}).say_globs(
        ["car", "wine glass", "traffic light", "left door", "__car__"]
    )
    assert "traffic light for lights, wine glass for windows;" in line
    assert "--map 'traffic light=CLASS'" in line
    assert named().say_globs(["car", "wheel"]) == ""


def test_globs_map_labels_that_no_exact_name_maps() -> None:
    claims = ClassMapping(CARS, {"*_cover": "body", "wheel_cover": "tyres"}, numbers=False)
    assert claims.word("wheel_cover") == "tyres"
    assert claims.word("Engine Cover") == "body"


def test_two_globs_that_disagree_are_a_usage_error_and_two_that_agree_are_not(refused: "Refused") -> None:
    claims = ClassMapping(CARS, {"a*": "body", "*b": "tyres", "x*": "body", "*y": "body"}, numbers=False)
    assert claims.word("xy") == "body"
    with refused("label-claimed-twice", "--map a*=body and --map *b=tyres", usage=True) as error:
        claims.word("ab")
    assert "'ab'" in error.value.what


def test_what_the_mapping_says_of_labels_that_never_occur_is_reported() -> None:
    claims = named(wheel="body", weel="body")
    claims.word("wheel")
    assert claims.unused == ("weel=body",)


def test_arguments_of_the_command_line_become_a_mapping() -> None:
    words = ["8=body", "a=b=tyres", "*_glass = windows", "x=ignore", "y=unpainted", "z=background"]
    assert parse_mapping(words, CARS) == {
        "8": "body",
        "a=b": "tyres",
        "*_glass": "windows",
        "x": "ignore",
        "y": "unpainted",
        "z": "background",
    }


@pytest.mark.parametrize("word", ["body", "=body", "8=", "", "="])
def test_a_mapping_that_is_not_from_to_is_a_usage_error(word: str, refused: "Refused") -> None:
    with refused("bad-mapping", f"--map {word}", usage=True):
        parse_mapping([word], CARS)


@pytest.mark.parametrize("word", ["tires", "Wheel"])
def test_an_unknown_class_lists_the_classes_and_the_one_that_is_nearest_or_known_so(
    word: str, refused: "Refused"
) -> None:
    with refused("unknown-class", f"--map wheel={word}", usage=True) as error:
        parse_mapping([f"wheel={word}"], CARS)
    assert f"'{word}'" in error.value.what
    assert error.value.to_do.startswith("Did you mean tyres? Choose from background, body, tyres, ")
    with refused("unknown-class", "--map x=cloud", usage=True) as error:
        ClassMapping(CARS, {"x": "cloud"}, numbers=False)
    assert "'cloud'" in error.value.what
    assert error.value.to_do.startswith("Choose from background, ")


def test_one_label_to_two_classes_is_a_usage_error(refused: "Refused") -> None:
    assert parse_mapping(["8=body", "8=body"], CARS) == {"8": "body"}
    with refused("label-claimed-twice", "--map 8=tyres", usage=True) as error:
        parse_mapping(["8=body", "8=tyres"], CARS)
    assert "8 is mapped to body" in error.value.what


Unclaimed = Callable[[ClassMapping, dict[str, Use]], P2PError]


@pytest.fixture
def unclaimed(refused: "Refused") -> Unclaimed:
    """The error that labels are claimed by no class."""

    def error_of(claims: ClassMapping, uses: dict[str, Use]) -> P2PError:
        with refused("unclaimed-label", "labels", usage=False) as error:
            refuse_unclaimed(claims, uses, where="labels")
        return error.value

    return error_of


def test_all_labels_without_a_class_are_listed_with_their_use_and_the_option_to_type(unclaimed: Unclaimed) -> None:
    error = unclaimed(named(), {"wheel": Use(5, 2), "wheel cover": Use(4, 2), "dog": Use(1, 1)})
    assert error.what.endswith("claims dog (1 region in 1 picture), wheel cover (4 regions in 2 pictures)")
    assert "--map dog=CLASS --map 'wheel cover'=tyres, where CLASS is one of background, body" in error.to_do
    own = "If they are classes of their own, 'p2p data palette labels PALETTE.toml' makes a palette of all labels."
    assert error.to_do.endswith(f"windows, unpainted, ignore. {own}")
    claims = named()
    claims.read_as = " --format coco"  # one of several there
    assert "'p2p data palette --format coco labels" in unclaimed(claims, {"dog": Use(1, 1)}).to_do
    guessed = unclaimed(named(), {"wheel cover": Use(4, 2)}).to_do
    assert "tyres, or instead another of background" in guessed
    assert "CLASS" not in guessed
    assert guessed.endswith("windows, unpainted, ignore.")


def test_labels_that_number_the_objects_of_a_class_are_one_glob(unclaimed: Unclaimed) -> None:
    numbered = {f"Wheel-{number}": Use(2, 1) for number in range(250)}
    error = unclaimed(named(), {"wheel": Use(1, 1), **numbered, "dog": Use(1, 1)})
    assert error.what.endswith("claims Wheel-* (250 labels, 500 regions), dog (1 region in 1 picture)")
    assert "--map 'Wheel-*'=tyres --map dog=CLASS," in error.to_do
    claims = named(**{"Wheel-*": "tyres", "dog": "unpainted"})
    refuse_unclaimed(claims, numbered, where="labels")


@pytest.mark.parametrize(
    "labels",
    [
        ["Wheel1", "Wheel2"],  # may be two classes
        ["Wheel1", "Wheel2", "Wheel3", "Wheelhouse"],  # which the glob would claim, too
        ["type1", "type2", "type3"],  # of which the palette has no class
        ["class_1", "class_2", "class_3"],  # which are like its glass
        ["wheel[1", "wheel[2", "wheel[3"],
    ],
)
def test_labels_that_may_be_classes_of_their_own_stand_one_by_one(labels: list[str], unclaimed: Unclaimed) -> None:
    error = unclaimed(named(), dict.fromkeys(labels, Use(1, 1)))
    assert all(f"{label} (1 region in 1 picture)" in error.what for label in labels)


def test_the_only_foreign_number_is_most_likely_the_first_class(unclaimed: Unclaimed) -> None:
    numbers = ClassMapping(CARS, {}, numbers=True)
    assert "--map 0=background --map 8=body." in unclaimed(numbers, {"0": Use(9, 1), "8": Use(9, 1)}).to_do
    assert "--map 8=CLASS," in unclaimed(numbers, {"1": Use(9, 1), "8": Use(9, 1)}).to_do
    assert "--map 0=background," in unclaimed(ClassMapping(BARE, {}, numbers=True), {"0": Use(9, 1)}).to_do
    assert "--map 8=CLASS --map 11=CLASS," in unclaimed(numbers, {"11": Use(9, 1), "8": Use(9, 1)}).to_do


def test_the_error_for_a_picture_without_class_numbers_does_not_fill_the_screen(unclaimed: Unclaimed) -> None:
    error = unclaimed(ClassMapping(CARS, {}, numbers=True), {str(number): Use(1, 1) for number in range(5, 1_005)})
    assert error.what.endswith("12 (1 pixel in 1 picture) and 992 more")
    assert "--map 12=CLASS --map '*=background' for 992 more" in error.to_do


def test_nothing_is_refused_when_every_label_has_a_class() -> None:
    refuse_unclaimed(named(dog="unpainted"), {"wheel": Use(1, 1), "dog": Use(1, 1)}, where="labels")


def test_a_mapping_means_a_label_however_its_umlaut_is_spelt() -> None:
    claims = ClassMapping(CARS, {"T\u00fcr": "body"}, numbers=False)
    assert claims.word("Tu\u0308r") == "body"
