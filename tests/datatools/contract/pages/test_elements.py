"""Pieces of a page: what is text stays text, and the page fetches nothing."""

import base64
import hashlib
import re

import numpy as np

from p2p_datatools.contract.pages.elements import (
    Section,
    assemble_page,
    embed_pixels,
    escape_text,
    make_commands,
    make_element,
    make_facts,
    make_paragraph,
    make_table,
)
from p2p_datatools.contract.pictures.sizes import Size

HOSTILE = "<script>alert('x')</script>\u001b[31m&\""


def test_what_is_not_markup_is_escaped_wherever_it_stands() -> None:
    table = make_table((HOSTILE, "n"), [(HOSTILE, "1")], last=(HOSTILE, "2"), caption=HOSTILE)
    facts, commands = make_facts([(HOSTILE, HOSTILE)]), make_commands([(HOSTILE, HOSTILE)])
    named = make_element("p", HOSTILE, class_=HOSTILE, data_words=HOSTILE)
    page = assemble_page(HOSTILE, [named], [Section("x", HOSTILE, [table, facts, commands, make_paragraph(HOSTILE)])])
    text = page.decode()
    assert text.count("<script") == 1  # its own
    assert "\u001b" not in text
    assert "alert('x')" not in text
    assert text.count("&lt;script&gt;") >= 10


def test_markup_is_not_escaped_twice() -> None:
    once = make_element("strong", "a < b")
    assert make_element("p", once) == "<p><strong>a &lt; b</strong></p>"
    assert escape_text(once) is once


def test_a_page_may_run_its_own_script_and_nothing_else() -> None:
    text = assemble_page("t", [], [Section("x", "X", [make_paragraph("words")])]).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    (script,) = re.findall(r'<script type="module">(.*?)</script>', text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|<link", text)


def test_an_empty_section_is_neither_shown_nor_linked() -> None:
    text = assemble_page(
        "t", [], [Section("full", "Full", [make_paragraph("x")]), Section("empty", "Empty", [])]
    ).decode()
    assert 'href="#full"' in text
    assert "Empty" not in text


def test_small_pictures_are_exact_and_large_ones_are_shrunk_and_compressed() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
    small, large = embed_pixels(noise[:40, :60], "small", Size(256, 256)), embed_pixels(noise, "large", Size(300, 300))
    assert 'width="60" height="40" class="small"' in small
    assert "image/png" in small
    assert 'width="300" height="200"' in large
    assert "image/jpeg" in large
