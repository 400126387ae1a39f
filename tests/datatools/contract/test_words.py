"""Text out of files does nothing to a terminal or in a shell, and names in all languages stay as they are."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from p2p_datatools.contract.errors import P2PError, Problem
from p2p_datatools.contract.words import is_printable, p2p_command, path_word, plural, printable, shell_line, shell_word


def test_a_number_has_its_noun_in_the_right_form() -> None:
    assert [plural(count, "picture") for count in (0, 1, 2)] == ["0 pictures", "1 picture", "2 pictures"]
    assert plural(2_000, "mask has", "masks have") == "2,000 masks have"


@pytest.mark.parametrize(
    "name", ["a b", "Tür", "車", "می\u200cخواهم", "👩\u200d🚒", "shot 1.00.00\u202fPM", "x\u3000y", "ไทย", "été"]
)
def test_names_in_all_languages_are_shown_as_they_are(name: str) -> None:
    assert printable(name) == name
    assert is_printable(name)


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "a\nError: b", "\x07", "\x9b31m", "\u202eexe.gnp", "\udc80", "\u2028", "\x7f"]
)
def test_what_a_terminal_could_obey_is_shown_as_its_number(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert json.loads(f'"{shown}"') == text
    assert not is_printable(text)
    for error in (str(Problem(text, text, text, "x")), str(P2PError(text, text, text, code="x"))):
        assert error.isprintable()


def test_line_ends_may_be_kept() -> None:
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\u001b"


@pytest.mark.parametrize(
    "label",
    [
        "wheel",
        "$(touch x)",
        "`touch x`",
        "a'b",
        'a"b',
        "a;b",
        "a b",
        "-rf",
        "*",
        "#ffffff",
        "a\\b",
        "~",
        "",
        "a=b",
        "!x",
    ],
)
def test_a_word_of_a_command_is_one_word_for_a_shell(label: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"printf '<%s>' {shell_word(label)}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"<{label}>"


def test_what_cannot_be_printed_does_not_reach_the_shell_either() -> None:
    assert shell_word("a\x1bb\n") == "'a?b?'"
    assert shell_word("wheel=tyres") == "wheel=tyres"


def test_bytes_that_are_no_text_here_reach_the_shell_as_they_are() -> None:
    for name in ("b\u00fccher's \\".encode(), b"b\xfccher"):  # in UTF-8, to a process that knows ASCII; in Latin-1
        word = shell_word(name.decode("ascii", "surrogateescape"))
        assert word.isascii()
        done = subprocess.run(["bash", "-c", f"printf '<%s>' {word}"], capture_output=True, check=True)
        assert done.stdout == b"<" + name + b">"


@pytest.mark.parametrize("name", ["a\nb", "a\tb'c", "\x1b[31m", "a\u202eb \\", "\U000e0041", "a\x85b", "b\udcfc\n"])
def test_a_path_with_what_cannot_be_printed_is_that_path_for_a_shell(name: str) -> None:
    for word in (path_word(name), shell_line([name])):
        assert is_printable(word)
        command = ["bash", "-c", f"printf '<%s>' {word}"]
        done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        assert done.stdout == f"<{name}>".encode(errors="surrogateescape")


def test_a_path_that_begins_with_a_dash_is_no_option() -> None:
    assert path_word("-pairs") == "./-pairs"
    assert path_word(Path("a b")) == "'a b'"
    assert p2p_command("data split", "-my pairs") == "p2p data split './-my pairs'"


def test_a_command_in_a_sentence_can_be_typed_as_it_stands() -> None:
    assert p2p_command("data split", "pairs") == "'p2p data split pairs'"
    assert p2p_command("data split", "my pairs; rm -r x") == "p2p data split 'my pairs; rm -r x'"
