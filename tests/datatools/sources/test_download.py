"""Files come whole over a bad line, from a real server on this machine, or not at all."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.progress import Reporter
from p2p_datatools.sources.catalog import ArchivePlace
from p2p_datatools.sources.download import TRIES, _in_ascii, download_file, whole_number
from p2p_datatools.sources.secrets import show_address

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.sources.conftest import Mirror

DATA = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def mirror(mirror: "Mirror") -> "Mirror":
    mirror.data = DATA
    return mirror


class Pauses(list[float]):
    """Notes how long would have been slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def test_a_file_comes_whole_with_its_hash_and_version(mirror: "Mirror", tmp_path: Path) -> None:
    got = download_file(ArchivePlace(mirror.url, len(DATA), DIGEST), tmp_path / "x")
    assert got.path.read_bytes() == DATA
    assert (got.bytes, got.sha256, got.version) == (len(DATA), DIGEST, '"one"')


def test_a_cut_connection_is_continued_where_it_was_cut(mirror: "Mirror", tmp_path: Path) -> None:
    mirror.troubles = ["cut", "503", "cut"]
    pauses = Pauses()
    assert download_file(ArchivePlace(mirror.url), tmp_path / "x", sleep=pauses).sha256 == DIGEST
    half, third = len(DATA) // 2, len(DATA) * 3 // 4
    assert mirror.asked == [None, f"bytes={half}-", f"bytes={half}-", f"bytes={third}-"]
    assert pauses == [1.0, 7.0, 1.0]


def test_a_later_call_goes_on_with_what_an_earlier_one_brought(
    mirror: "Mirror", tmp_path: Path, refused: "Refused"
) -> None:
    mirror.troubles = ["cut"] + ["500"] * (TRIES - 1)
    with refused("download-failed", mirror.url) as error:
        download_file(ArchivePlace(mirror.url), tmp_path / "x", sleep=Pauses())
    assert "500, 6 times" in error.value.what
    assert "--from FILE" in error.value.to_do
    mirror.asked.clear()
    assert download_file(ArchivePlace(mirror.url), tmp_path / "x").sha256 == DIGEST
    assert mirror.asked == [f"bytes={len(DATA) // 2}-"]


def test_a_whole_file_from_another_address_is_not_taken_for_this_one(mirror: "Mirror", tmp_path: Path) -> None:
    download_file(ArchivePlace(mirror.url), tmp_path / "x")
    mirror.data = DATA[:1000]
    assert download_file(ArchivePlace(mirror.url), tmp_path / "x").bytes == len(DATA)
    assert len(mirror.asked) == 1
    assert download_file(ArchivePlace(mirror.url + "?other"), tmp_path / "x").bytes == 1000


@pytest.mark.parametrize("change", ["tag", "ranges", "no tag"])
def test_a_part_of_another_version_or_of_a_server_without_ranges_is_not_built_upon(
    mirror: "Mirror", tmp_path: Path, change: str
) -> None:
    mirror.tag = "" if change == "no tag" else mirror.tag
    mirror.troubles = ["cut"]
    new = bytes(reversed(DATA))

    def meanwhile(_: float) -> None:
        mirror.data = new
        mirror.tag = '"two"' if change == "tag" else mirror.tag
        mirror.ranges = change != "ranges"

    download_file(ArchivePlace(mirror.url), tmp_path / "x", sleep=meanwhile)
    assert (tmp_path / "x").read_bytes() == new


def test_a_part_longer_than_the_file_is_thrown_away(mirror: "Mirror", tmp_path: Path) -> None:
    mirror.troubles = ["cut"]
    half = len(DATA) // 2

    def meanwhile(_: float) -> None:
        mirror.data = DATA[:half]

    assert download_file(ArchivePlace(mirror.url), tmp_path / "x", sleep=meanwhile).bytes == half


def test_a_server_that_does_not_say_how_much_comes_is_measured_by_what_is_known(
    mirror: "Mirror", tmp_path: Path
) -> None:
    mirror.troubles = ["silent"]
    assert download_file(ArchivePlace(mirror.url, len(DATA)), tmp_path / "x").bytes == len(DATA)


@pytest.mark.parametrize(
    ("code", "words"), [("401", "--from PATH"), ("403", "--from PATH"), ("404", "--from PATH"), ("418", "in a browser")]
)
def test_a_refusal_is_final_and_says_what_to_do(
    mirror: "Mirror", tmp_path: Path, code: str, words: str, refused: "Refused"
) -> None:
    mirror.troubles = [code]
    with refused("http-error", mirror.url) as error:
        download_file(ArchivePlace(mirror.url), tmp_path / "x")
    assert f"HTTP {code}" in error.value.what
    assert words in error.value.to_do
    assert len(mirror.asked) == 1


def test_a_web_page_is_not_taken_for_an_archive(mirror: "Mirror", tmp_path: Path, refused: "Refused") -> None:
    mirror.kind = "text/html; charset=utf-8"
    with refused("web-page", mirror.url):
        download_file(ArchivePlace(mirror.url), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_another_size_than_the_known_one_is_refused_before_anything_is_brought(
    mirror: "Mirror", tmp_path: Path, refused: "Refused"
) -> None:
    with refused("other-version", mirror.url) as error:
        download_file(ArchivePlace(mirror.url, 5), tmp_path / "x")
    assert f"{len(DATA)} bytes now, but 5 were expected" in error.value.what
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_the_right_size_and_the_wrong_hash_is_deleted(
    mirror: "Mirror", tmp_path: Path, refused: "Refused"
) -> None:
    with refused("hash-differs", mirror.url) as error:
        download_file(ArchivePlace(mirror.url, len(DATA), "0" * 64), tmp_path / "x")
    assert DIGEST in error.value.what
    assert "0" * 64 in error.value.what
    assert not (tmp_path / "x").exists()


def test_a_redirect_is_followed_on_the_same_machine_only(mirror: "Mirror", tmp_path: Path, refused: "Refused") -> None:
    mirror.troubles = [mirror.url + "?again"]
    assert download_file(ArchivePlace(mirror.url), tmp_path / "x").sha256 == DIGEST
    mirror.troubles = ["file:///etc/passwd"]
    with refused("http-error", mirror.url) as error:
        download_file(ArchivePlace(mirror.url), tmp_path / "y")
    assert "HTTP 302" in error.value.what
    for elsewhere in ("ftp://127.0.0.1/x", "http://example.org/x", "https://10.0.0.1/x"):
        mirror.troubles = [elsewhere]
        with refused("not-https", usage=True) as error:
            download_file(ArchivePlace(mirror.url), tmp_path / "y")
        assert error.value.where.endswith(f"redirects to {elsewhere}")


@pytest.mark.parametrize(
    "address",
    [
        *("http://example.org/x", "file:///x", "https://10.0.0.1/x", "https://a:b@example.org/x", "https://@e.org/x"),
        # Hosts that are numbers, however they are written.
        *("https://2130706433/x", "https://0x7f000001/x", "https://127.1/x", "https://0177.0.0.1/x", "https://10.1./x"),
        *("https://[fe80::1]/x", "https://[::ffff:10.0.0.1]/x"),
        # What is no address.
        *("", "x", "https:///x", "https://[::1/x", "https://e.org:port/x", "https://e.org:99999/x", "https://e .org/x"),
        *("https://e.org/x y", "https://e.org/x\n", "https://e.org\u2215@e.net/x", f"https://{'ü' * 70}.org/x"),
    ],
)
def test_an_address_that_is_not_https_is_refused_without_a_connection(
    tmp_path: Path, address: str, refused: "Refused"
) -> None:
    with refused("not-https", show_address(address), usage=True):
        download_file(ArchivePlace(address), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("promise", [1000, None])
def test_a_download_ends_at_the_promised_size_and_is_not_tried_again(
    mirror: "Mirror", tmp_path: Path, promise: int | None, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2p_datatools.sources.download._MOST", 500_000)  # where nobody says how much comes
    mirror.troubles = ["silent"]
    with refused("other-version", mirror.url):
        download_file(ArchivePlace(mirror.url, promise), tmp_path / "x")
    assert len(mirror.asked) == 1
    assert not list(tmp_path.glob("x*part"))


@pytest.mark.parametrize("text", ["9" * 5000, "-5", "1e3", "²", "", "five", "1.5"])
def test_a_length_that_is_no_number_of_bytes_counts_as_not_said(text: str) -> None:
    assert whole_number(text) is None
    assert whole_number(" 1050000 ") == 1_050_000


def test_letters_that_are_not_ascii_are_sent_as_addresses_have_them(mirror: "Mirror", tmp_path: Path) -> None:
    mirror.troubles = [mirror.url.replace("maps", "größe%20(1)")]
    assert download_file(ArchivePlace(mirror.url.replace("maps", "Straße")), tmp_path / "x").sha256 == DIGEST
    assert _in_ascii("https://bücher.example/größe?q=ü") == "https://xn--bcher-kva.example/gr%C3%B6%C3%9Fe?q=%C3%BC"


def test_a_public_address_may_not_lead_to_this_machine(refused: "Refused") -> None:
    from p2p_datatools.sources.download import _check

    with refused("not-https", "https://example.org/x redirects to http://127.0.0.1/x", usage=True):
        _check("http://127.0.0.1/x", "https://example.org/x")
    _check("https://codeload.example.org/x", "https://example.org/x")


def test_a_server_that_does_not_answer_is_reported_after_some_tries(tmp_path: Path, refused: "Refused") -> None:
    pauses = Pauses()
    with refused("download-failed", "http://127.0.0.1:9/x"):
        download_file(ArchivePlace("http://127.0.0.1:9/x"), tmp_path / "x", sleep=pauses)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_progress_counts_bytes_and_begins_where_the_download_does(mirror: "Mirror", tmp_path: Path) -> None:
    class Counting(Reporter):
        def __init__(self) -> None:
            self.starts: list[tuple[int, int, str]] = []
            self.bytes = 0

        def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
            self.starts.append((total, done, unit))

        def advance(self, units: int = 1, **figures: float) -> None:
            self.bytes += units

    mirror.troubles = ["cut"]
    report = Counting()
    download_file(ArchivePlace(mirror.url), tmp_path / "x", report=report, sleep=Pauses())
    assert report.starts == [(len(DATA), 0, "bytes"), (len(DATA), len(DATA) // 2, "bytes")]
    assert report.bytes == len(DATA)
