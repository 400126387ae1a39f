"""A package that is missing is one error, with the command that installs those that are missing and no others."""

import importlib.util
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.packages import has_package, require_packages

if TYPE_CHECKING:
    from conftest import Refused


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only there is installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name == "there" else None)


def test_packages_that_are_installed_are_no_error() -> None:
    assert has_package("there")
    assert not has_package("gone")
    require_packages("a", "there>=2.0", "there[more]")


def test_those_that_are_missing_are_named_and_installed_by_one_command(refused: "Refused") -> None:
    with refused("missing-package", "--format x") as caught:
        require_packages("--format x", "gone>=1.2", "there>=2.0", "gone-too==3")
    assert caught.value.what == "needs the packages gone and gone-too, which are not installed"
    assert caught.value.to_do == 'Run \'pip install "gone>=1.2" "gone-too==3"\'.'


def test_a_setting_says_how_to_do_without(refused: "Refused") -> None:
    with refused("missing-package", "gone=on", usage=True) as caught:
        require_packages("gone=on", "gone>=1", instead="set gone=off", error=UsageError)
    assert caught.value.to_do == "Run 'pip install \"gone>=1\"', or set gone=off."
