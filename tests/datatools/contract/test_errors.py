"""Findings are values."""

from p2p_datatools.contract.errors import CheckResult, Finding, P2PError, finding_of


def test_an_error_becomes_what_and_what_to_do() -> None:
    finding = finding_of(
        P2PError("a.png", "is empty (0 bytes)", "Fetch it again. Or remove it.", code="empty-file"), "a.png"
    )
    assert finding == Finding("a.png", "is empty (0 bytes)", "Fetch it again. Or remove it.", "empty-file", "error")
    assert str(finding) == "a.png: is empty (0 bytes). Fetch it again. Or remove it."


def test_an_error_of_another_place_than_its_finding_keeps_that_place_in_its_words() -> None:
    error = P2PError("b.png", "is empty", "Fetch it again.", code="empty-file")
    assert finding_of(error, "a.png").what == "b.png: is empty"


def test_only_errors_make_a_result_bad() -> None:
    warning = Finding("a", "b", "c", "empty", "warning")
    assert CheckResult("masks", 1, (warning,)).ok
    assert not CheckResult("masks", 1, (warning, Finding("a", "b", "c", "x", "error"))).ok
