"""Passwords, tokens and signed addresses stay where they are: no message and no file has them."""

import base64
import hashlib
import http.server
import io
import json
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_cli.app import main
from p2p_datatools.sources.catalog import ArchivePlace, find_entry
from p2p_datatools.sources.download import download_file
from p2p_datatools.sources.obtain import FetchOptions
from p2p_datatools.sources.secrets import hide_secrets, show_address

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.sources.conftest import Serve

TOKEN, SIGNATURE, PASSWORD = "t0ken-in-the-query", "s1gnature", "pa55-word"
ENTRY = """
[mine]
title = "Mine"
holds = "photos"
layout = [{{ from = "photos/*", to = "photos" }}]
next = "p2p data check {{dest}}/photos"
mirror = {{ url = "{url}"{more} }}
"""


def archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as target:
        target.writestr("photos/car.png", b"x" * 5000)
    return data.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        word = self.path.strip("/").partition("?")[0].partition(".")[0]
        headers, data = {"Content-Type": "application/zip", "ETag": '"one"'}, archive()
        if word.isdecimal():
            return self.answer(int(word), {}, b"")
        if word == "away":
            return self.answer(302, {"Location": f"http://example.org/x?X-Amz-Signature={SIGNATURE}"}, b"")
        if word == "signed":
            return self.answer(302, {"Location": f"/archive.zip?X-Amz-Signature={SIGNATURE}"}, b"")
        if word == "page":
            headers["Content-Type"] = "text/html"
        if word == "damaged":
            data = data[:-30]
        return self.answer(200, headers, data, cut=word == "cut")

    def answer(self, status: int, headers: dict[str, str], data: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)


@pytest.fixture(scope="module")
def server(serve: "Serve") -> Iterator[str]:
    with serve(Handler) as address:
        yield address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://e.org/a/b.zip", "https://e.org/a/b.zip"),
        ("https://e.org:8443/@someone/b.zip", "https://e.org:8443/@someone/b.zip"),
        ("https://e.org/b.zip?sig=a%2Fb&id=7", "https://e.org/b.zip?sig=***&id=***"),
        ("https://e.org/b.zip?abc#token=abc", "https://e.org/b.zip?***#***"),
        ("https://me:pass@e.org/b.zip", "https://***@e.org/b.zip"),
        ("https://token@e.org", "https://***@e.org"),
        ("https://me:p@ss/wo?rd@e.org/b.zip", "https://***@ss/wo?***"),
        ("https://me:pa/ss#wo?rd@e.org/b.zip", "https://***@e.org/b.zip"),
        ("me:pass@e.org/x", "me:***@e.org/x"),
        ("//me:pass@e.org/x", "//***@e.org/x"),
        ("owner/name", "owner/name"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_user_password_query_and_fragment(address: str, shown: str) -> None:
    assert show_address(address) == shown


def test_a_text_of_a_library_loses_addresses_and_the_credentials_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ".kaggle"
    home.mkdir()
    (home / "access_token").write_text("from-a-file\n")
    (home / "kaggle.json").write_text(json.dumps({"username": "someone", "key": "from-kaggle-json"}))
    (home / "credentials.json").write_text(json.dumps({"refresh_token": "from-oauth"}))
    (tmp_path / "named").write_text("from-a-named-file")
    for name, value in {
        "HOME": str(tmp_path),
        "KAGGLE_API_TOKEN": str(tmp_path / "named"),
        "KAGGLE_USERNAME": "me",
        "KAGGLE_KEY": "k/y",
        "HTTPS_PROXY": "http://user:p%40ss@proxy:3128",
        "all_proxy": "http:other:word@proxy",
    }.items():
        monkeypatch.setenv(name, value)
    basic = base64.b64encode(b"me:k/y").decode()
    words = ["from-a-file", "from-kaggle-json", "from-oauth", "from-a-named-file", "k/y", "k%2Fy", "p%40ss", "p@ss"]
    for word in [*words, "word", basic, "http:other:word@proxy"]:
        assert hide_secrets(f"before '{word}', after") == "before '***', after"
    assert hide_secrets("some keys of mine") == "some keys of mine"
    text = hide_secrets("Max retries exceeded with url: /a.zip?Expires=5&Signature=abc (Caused by http://a:b@e.org/)")
    assert text == "Max retries exceeded with url: /a.zip?Expires=***&Signature=*** (Caused by http://***@e.org/)"


def test_credentials_that_cannot_be_read_hide_nothing_and_break_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "kaggle.json").write_bytes(b"\xff[[")
    (tmp_path / ".kaggle" / "access_token").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_API_TOKEN", "x" * 300)
    assert hide_secrets("a text") == "a text"


@pytest.mark.parametrize(
    ("word", "more", "code"),
    [
        *(("archive", "", 0), ("signed", "", 0)),
        *(("401", "", 1), ("403", "", 1), ("404", "", 1), ("418", "", 1), ("503", "", 1)),
        *(("away", "", 2), ("page", "", 1), ("cut", "", 1), ("damaged", "", 1)),
        *(("archive", ", bytes = 5", 1), ("archive", f', sha256 = "{"0" * 64}"', 1)),
    ],
)
def test_a_signed_address_of_a_mirror_is_neither_printed_nor_written(
    word: str,
    more: str,
    code: int,
    server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    at_once = partial(FetchOptions, sleep=lambda seconds: None)
    monkeypatch.setattr("p2p_datatools.sources.data_set.FetchOptions", at_once)
    catalog = tmp_path / "mine.toml"
    url = f"{server}/{word}.zip?token={TOKEN}#{SIGNATURE}"
    catalog.write_text(ENTRY.format(url=url, more=more))
    work = tmp_path / "work"
    found = main(["data", "fetch", "mine", str(work / "set"), "--catalog", str(catalog)])
    said = capsys.readouterr()
    assert found == code, said.err
    assert main(["data", "catalog", "mine", "--catalog", str(catalog)]) == 0
    assert main(["data", "catalog", "mine", "--catalog", str(catalog), "--json"]) == 0
    printed = capsys.readouterr().out
    texts = [
        said.out,
        said.err,
        printed,
        *(path.read_bytes().decode("latin-1") for path in work.rglob("*") if path.is_file()),
    ]
    assert "token=***" in printed
    assert [secret for text in texts for secret in (TOKEN, SIGNATURE) if secret in text] == []


def test_an_address_given_as_a_path_is_not_repeated_with_its_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"https://me:{PASSWORD}@example.org/x.zip?token={TOKEN}"
    assert main(["data", "fetch", "maps", str(tmp_path / "maps"), "--from", address]) == 2
    said = capsys.readouterr().err
    assert "--from https://***@example.org/x.zip?token=***: there is no such file" in said
    assert [secret for secret in (PASSWORD, TOKEN) if secret in said] == []


def test_a_download_with_another_token_begins_anew_and_says_no_token(server: str, tmp_path: Path) -> None:
    for token in ("first-word", "other-word"):
        got = download_file(ArchivePlace(f"{server}/archive.zip?token={token}"), tmp_path / "x.zip")
        assert got.sha256 == hashlib.sha256(archive()).hexdigest()
        assert token not in (tmp_path / "x.zip.state").read_text()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "example.org"])
def test_an_address_with_a_password_is_refused_and_not_repeated(host: str, tmp_path: Path, refused: "Refused") -> None:
    with refused("not-https", f"https://***@{host}/x", usage=True) as error:
        download_file(ArchivePlace(f"https://me:{PASSWORD}@{host}/x"), tmp_path / "x")
    assert PASSWORD not in str(error.value)


@pytest.mark.parametrize(
    ("proxy", "code"),
    [
        ("http://me:{password}@127.0.0.1:9", "download-failed"),
        ("http://me:{password}@127.0.0.1:port", "bad-proxy"),
        ("http:me:{password}@127.0.0.1:9", "download-failed"),
        ("http:/me:{password}@127.0.0.1:9", "bad-proxy"),
        ("socks5://me:{password}@127.0.0.1:9", "download-failed"),
        ("http://me:{password}@", "download-failed"),
        (f"http://me:{{password}}@{'a' * 70}.org:9", "bad-proxy"),
    ],
)
def test_a_proxy_that_does_not_work_is_said_without_its_password(
    proxy: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", proxy.format(password=PASSWORD))
    with refused(code, "https://example.org/x?token=***") as error:
        download_file(ArchivePlace(f"https://example.org/x?token={TOKEN}"), tmp_path / "x", sleep=lambda _: None)
    chain = [error.value, error.value.__cause__]
    assert [text for text in map(str, chain) if PASSWORD in text or TOKEN in text] == []


def test_a_handle_of_kaggle_that_is_not_owner_and_name_is_refused(tmp_path: Path, refused: "Refused") -> None:
    file = tmp_path / "mine.toml"
    for handle in ("name", "a/b/c", "a/..", "../b", "/a/b", "a/", "a/b c", f"a/{'b' * 300}", "a/.b", "ä/b", "a/b?c=d"):
        file.write_text(ENTRY.format(url="https://e.org/x.zip", more="") + f'kaggle = {{ handle = "{handle}" }}\n')
        with refused("bad-catalogue", f"{file}: [mine]"):
            find_entry("mine", file)
    file.write_text(ENTRY.format(url="https://e.org/x.zip", more="") + 'kaggle = { handle = "some_one/a-set.2" }\n')
    place = find_entry("mine", file).kaggle
    assert place is not None
    assert place.address == "some_one/a-set.2"
