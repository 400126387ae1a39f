"""Findings are values."""

from p2p_datatools.contract.errors import CheckResult, Finding, P2PError, Skip, finding_of


def test_an_error_becomes_what_and_what_to_do() -> None:
    finding = finding_of(
        P2PError("a.png", "is empty (0 bytes)", "Fetch it again. Or remove it.", code="empty-file"), "a.png"
    )
    assert finding == Finding("a.png", "is empty (0 bytes)", "Fetch it again. Or remove it.", "empty-file", "error")
    assert str(finding) == "a.png: is empty (0 bytes). Fetch it again. Or remove it."


def test_an_error_of_another_place_than_its_finding_keeps_that_place_in_its_words() -> None:
    error = P2PError("b.png", "is empty", "Fetch it again.", code="empty-file")
    assert finding_of(error, "a.png").what == "b.png: is empty"


def test_the_place_of_an_error_is_not_said_twice() -> None:
    error = P2PError("b_mask.png", "there is no such photo", "Add it.", code="no-photo")
    assert finding_of(error, "labels/b_mask.png").what == "there is no such photo"


def test_what_is_to_be_done_about_several_pictures_in_a_row_is_said_once() -> None:
    lost = [Skip(name, "has no photo", "Add --match.", "no-photo") for name in ("a", "b", "c")]
    parts = [*lost, Skip("d", "is empty", "Fetch it again.", "empty-file")]
    lines = str(P2PError("masks", "was not written", "Correct them.", code="skipped", parts=parts)).split("\n")
    assert lines[:3] == ["a: has no photo.", "b: has no photo.", "c: has no photo. Add --match."]
    assert lines[3:] == ["d: is empty. Fetch it again.", "masks: was not written. Correct them."]


def test_only_errors_make_a_result_bad() -> None:
    warning = Finding("a", "b", "c", "empty", "warning")
    assert CheckResult("masks", 1, (warning,)).ok
    assert not CheckResult("masks", 1, (warning, Finding("a", "b", "c", "x", "error"))).ok
