"""Text of other people's files: what a mark tells is read, what nothing tells is named."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.files.atomic import read_text
from p2p_datatools.contract.files.text import decode_text, guess_encodings
from p2p_datatools.contract.folders.split_tables import read_split_table
from p2p_datatools.contract.partners.pair_lists import read_rows
from p2p_datatools.labels.parsing.csv_rows import read_csv

if TYPE_CHECKING:
    from conftest import Refused

FORM = '{"shapes": [{"label": "%s"}]}'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_with_a_mark_is_read(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("räder 车轮".encode(encoding))
    assert read_text(tmp_path / "a.txt") == "räder 车轮"


@pytest.mark.parametrize(
    ("encoding", "name", "words"),
    [
        ("gb18030", "GB18030", ("车轮", "轮胎", "车窗", "前大灯", "背景", "汽车车身")),
        ("shift_jis", "SHIFT_JIS", ("車輪", "タイヤ", "窓", "車体")),
        ("big5", "BIG5", ("車輪", "輪胎", "車窗")),
        ("cp1252", "WINDOWS-1252", ("Tür", "Räder", "fenêtre", "São")),
        ("cp1251", "WINDOWS-1251", ("колесо", "окно", "фара")),
        ("utf-16-le", "UTF-16LE", ("wheel",)),
        ("utf-16-be", "UTF-16BE", ("wheel",)),
    ],
)
def test_another_encoding_is_named_with_the_command_that_converts_it(
    encoding: str, name: str, words: tuple[str, ...], refused: "Refused"
) -> None:
    for word in words:
        data = (FORM % word).encode(encoding)
        assert guess_encodings(data)[0] == name, word
        if name[:3] != "UTF":  # all of its bytes are UTF-8, too
            with refused("not-utf8", "a.json") as error:
                decode_text(data, "a.json")
            assert f"iconv -f {name} -t UTF-8" in error.value.to_do


def test_of_korean_it_is_said_that_it_may_be_chinese_too() -> None:
    assert guess_encodings((FORM % "바퀴").encode("euc-kr")) == ("GB18030", "EUC-KR")


@pytest.mark.parametrize("data", [bytes(range(256)), b"\x89PNG\r\n\x1a\n\x00", b"PK\x03\x04\x9c\x00\x00"])
def test_what_is_no_text_is_not_given_an_encoding(data: bytes, refused: "Refused") -> None:
    with refused("not-text", "a.bin"):
        decode_text(data, "a.bin")


PLAIN = ("image", "a.png", "b.png")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("image,split\na.png,train\nb.png,test\n", PLAIN),
        ("image;split\na.png;train\nb.png;test\n", PLAIN),
        ("image\tsplit\r\na.png\ttrain\r\nb.png\ttest\r\n", PLAIN),
        ('"image","split"\n"a.png","train"\n"b.png","test"\n', PLAIN),
        ("image;split\na,1.png;train\nb,2.png;test\n", ("image", "a,1.png", "b,2.png")),
        ('image,split\n"a;1;2.png",train\n"b;1;2.png",test\n', ("image", "a;1;2.png", "b;1;2.png")),
        ('"image; name; path",split\na.png,train\nb.png,test\n', ("image; name; path", "a.png", "b.png")),
        ('"image, name, path";split\na.png;train\nb.png;test\n', ("image, name, path", "a.png", "b.png")),
        ("image, name\tsplit\na.png\ttrain\nb.png\ttest\n", ("image, name", "a.png", "b.png")),
        ("image;size, mm;split\na.png;1,5;train\nb.png;2,5;test\n", PLAIN),
    ],
)
def test_all_who_read_a_table_find_the_same_cells(
    text: str, column: tuple[str, str, str], encoding: str, tmp_path: Path
) -> None:
    (table := tmp_path / "meta.csv").write_bytes(text.encode(encoding))
    heading, *names = column
    assert [row[0] for _, row in read_rows(table)] == [heading, *names]
    assert [each[:2] for each in read_split_table(table).entries] == list(zip(names, ["train", "test"], strict=True))
    assert [(row[heading], row["split"]) for row in read_csv(table)] == [(names[0], "train"), (names[1], "test")]


@pytest.mark.parametrize(("sign", "other"), [(";", ","), (",", ";")])
def test_a_cell_longer_than_what_is_looked_at_tells_no_delimiter(sign: str, other: str, tmp_path: Path) -> None:
    cell = f"a line{other} and more\n" * 5000
    rows = ["image", "split", "text"], ["a.png", "train", f'"{cell}"'], ["b.png", "test", f'"{cell}"']
    (table := tmp_path / "meta.csv").write_text("\n".join(map(sign.join, rows)))
    assert [each[:2] for each in read_split_table(table).entries] == [("a.png", "train"), ("b.png", "test")]
    assert [(row["image"], row["text"]) for row in read_csv(table)] == [("a.png", cell), ("b.png", cell)]
