"""Findings are values."""

from p2p_datatools.contract.errors import CheckResult, Finding, P2PError, finding_of


def test_an_error_becomes_what_and_what_to_do() -> None:
    finding = finding_of(
        P2PError("a.png", "is empty (0 bytes)", "Fetch it again. Or remove it.", code="test"), "unreadable", "a.png"
    )
    assert finding == Finding("a.png", "is empty (0 bytes)", "Fetch it again. Or remove it.", "unreadable", "error")
    assert str(finding) == "a.png: is empty (0 bytes). Fetch it again. Or remove it."


def test_an_error_without_advice_keeps_its_one_sentence() -> None:
    assert finding_of(P2PError("a.png", "is empty", code="test"), "unreadable", "a.png").what == "is empty"


def test_only_errors_make_a_result_bad() -> None:
    warning = Finding("a", "b", "c", "empty", "warning")
    assert CheckResult("masks", 1, (warning,)).ok
    assert not CheckResult("masks", 1, (warning, Finding("a", "b", "c", "x", "error"))).ok
