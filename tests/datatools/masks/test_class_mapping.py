"""Which class claims a label, and what is said when none does."""

import pytest

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.labels.values import Use
from p2p_datatools.masks.class_mapping import Claims, parse_mapping

CARS, FACADES = load_palette("cars"), load_palette("facades")


def named(**mapping: str) -> Claims:
    return Claims(CARS, mapping, numbers=False)


def test_names_go_by_names_and_aliases_and_numbers_by_ids() -> None:
    assert named().word("back_left_light") == "lights"
    assert named().word("3") is None
    assert Claims(CARS, {}, numbers=True).word("3") == "lights"


def test_the_mapping_goes_before_the_palette() -> None:
    assert named(wheel="body").word("wheel") == "body"
    assert Claims(CARS, {"3": "windows"}, numbers=True).index("3") == 4


def test_background_is_the_first_class_whatever_its_name_and_ignore_is_255() -> None:
    claims = Claims(FACADES, {"a": "background", "b": "ignore", "c": "unpainted"}, numbers=False)
    assert [claims.index(label) for label in "abc"] == [0, IGNORE, None]


def test_globs_claim_what_no_exact_word_does() -> None:
    claims = Claims(CARS, {"*_cover": "body", "wheel_cover": "tyres"}, numbers=False)
    assert claims.word("wheel_cover") == "tyres"
    assert claims.word("Engine Cover") == "body"


def test_two_globs_that_disagree_are_a_usage_error_and_two_that_agree_are_not() -> None:
    claims = Claims(CARS, {"a*": "body", "*b": "tyres", "x*": "body", "*y": "body"}, numbers=False)
    assert claims.word("xy") == "body"
    with pytest.raises(UsageError, match=r"--map a\*=body and --map \*b=tyres: both claim 'ab'"):
        claims.word("ab")


def test_what_the_mapping_says_of_labels_that_never_occur_is_told() -> None:
    claims = named(wheel="body", weel="body")
    claims.word("wheel")
    assert claims.unused == ("weel=body",)


def test_words_of_the_command_line_become_a_mapping() -> None:
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
def test_a_word_that_is_not_from_to_is_a_usage_error(word: str) -> None:
    with pytest.raises(UsageError, match="is not FROM=TO"):
        parse_mapping([word], CARS)


def test_an_unknown_class_lists_the_classes_and_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Did you mean tyres\? There are background, body, tyres"):
        parse_mapping(["wheel=tires"], CARS)
    with pytest.raises(UsageError, match="no class 'roof'"):
        Claims(CARS, {"x": "roof"}, numbers=False)


def test_one_label_to_two_classes_is_a_usage_error() -> None:
    assert parse_mapping(["8=body", "8=body"], CARS) == {"8": "body"}
    with pytest.raises(UsageError, match="8 goes to body already"):
        parse_mapping(["8=body", "8=tyres"], CARS)


def refusal(claims: Claims, uses: dict[str, Use]) -> str:
    with pytest.raises(P2PError) as error:
        claims.refuse_unclaimed(uses, where="labels")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_all_unclaimed_labels_are_listed_with_their_use_and_the_option_to_type() -> None:
    uses = {"wheel": Use(5, 2), "wheel cover": Use(4, 2), "dog": Use(1, 1)}
    message = refusal(named(), uses)
    assert "claims dog (1 region in 1 picture), wheel cover (4 regions in 2 pictures)." in message
    assert "--map dog=CLASS --map 'wheel cover'=tyres, where CLASS is one of background, body" in message
    assert message.endswith("windows, unpainted, ignore.")


def test_the_only_foreign_number_is_most_likely_the_first_class() -> None:
    numbers = Claims(CARS, {}, numbers=True)
    assert "--map 8=body," in refusal(numbers, {"0": Use(9, 1), "8": Use(9, 1)})
    assert "--map 8=CLASS," in refusal(numbers, {"1": Use(9, 1), "8": Use(9, 1)})
    assert "--map 8=CLASS --map 11=CLASS," in refusal(numbers, {"11": Use(9, 1), "8": Use(9, 1)})


def test_a_picture_that_is_none_of_class_numbers_does_not_fill_the_screen() -> None:
    message = refusal(Claims(CARS, {}, numbers=True), {str(number): Use(1, 1) for number in range(5, 65_536)})
    assert "204 (1 pixel in 1 picture) and 65331 more." in message


def test_nothing_is_refused_when_every_label_is_claimed() -> None:
    named(dog="unpainted").refuse_unclaimed({"wheel": Use(1, 1), "dog": Use(1, 1)}, where="labels")
