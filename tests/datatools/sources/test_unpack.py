"""Archives are looked through before anything of them is believed."""

import contextlib
import gzip
import io
import os
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.sources.unpack import Limits, contents_of

USUAL = Limits()
TINY = Limits(files=3, bytes=1000, ratio=10, floor=100)


def packed(path: Path, files: dict[str, bytes]) -> Path:
    """An archive of these files, of the kind that its name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


def read(path: Path, limits: Limits = USUAL) -> dict[str, bytes]:
    with contents_of(path, limits) as contents:
        files = {}
        for member in contents.members:
            with member.open() as file:
                files[member.name] = file.read()
        return files


def code_of(path: Path, limits: Limits = USUAL) -> str:
    """The code of the error that refuses an archive, which names it and says what to do."""
    with pytest.raises(P2PError) as raised:
        read(path, limits)
    assert raised.value.where == str(path)
    assert raised.value.to_do
    return raised.value.code


ALL = ("a.zip", "a.tar", "a.tar.gz")


@pytest.mark.parametrize("name", ALL)
def test_every_kind_gives_the_same_files_whatever_its_name(tmp_path: Path, name: str) -> None:
    files = {"maps/train/1.jpg": b"one", "maps/image%20(10).png": b"two", "maps/größe 2.png": b"x" * 3000, "e": b""}
    path = packed(tmp_path / name, files)
    assert read(path) == files
    assert read(path.rename(tmp_path / "called.otherwise")) == files


def test_a_folder_is_read_like_an_archive_of_it(tmp_path: Path) -> None:
    (tmp_path / "maps" / "train").mkdir(parents=True)
    (tmp_path / "maps" / "train" / "1.jpg").write_bytes(b"one")
    assert read(tmp_path / "maps") == {"maps/train/1.jpg": b"one"}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("hostile", ["../evil", "/evil", "a/../../evil", "C:/evil", "..\\evil", "a/\nb"])
def test_an_archive_with_a_path_out_of_the_folder_is_refused(tmp_path: Path, name: str, hostile: str) -> None:
    path = packed(tmp_path / name, {"good.png": b"x", hostile: b"x"})
    assert code_of(path) == "path-leads-out"


def link(path: Path, name: str, target: str, *, kind: bytes = tarfile.SYMTYPE) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as zipped:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            zipped.writestr(info, target)
    else:
        with tarfile.open(path, "w") as archive:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    return path


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
@pytest.mark.parametrize("target", ["../../etc/passwd", "/etc/passwd"])
def test_an_archive_with_a_link_out_of_the_folder_is_refused(tmp_path: Path, name: str, target: str) -> None:
    assert code_of(link(tmp_path / name, "maps/x", target)) == "link-leads-out"


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_a_link_inside_is_left_out_and_reported(tmp_path: Path, name: str) -> None:
    with contents_of(link(tmp_path / name, "maps/train/x.png", "../y.png")) as contents:
        assert contents.members == ()
        (skip,) = contents.skipped
        assert (skip.code, skip.where.endswith("maps/train/x.png")) == ("link-left-out", True)


def test_an_archive_with_a_hard_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    path = link(tmp_path / "a.tar", "maps/x", "../../etc/passwd", kind=tarfile.LNKTYPE)
    assert code_of(path) == "link-leads-out"


def test_a_link_out_of_a_folder_on_the_disk_is_refused_and_one_inside_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    folder.mkdir()
    (folder / "1.png").write_bytes(b"x")
    (folder / "2.png").symlink_to("1.png")
    with contents_of(folder) as contents:
        assert [member.name for member in contents.members] == ["maps/1.png"]
        assert len(contents.skipped) == 1
    (folder / "all").symlink_to(tmp_path)
    assert code_of(folder) == "link-leads-out"


def test_an_archive_with_a_device_file_is_refused(tmp_path: Path) -> None:
    assert code_of(link(tmp_path / "a.tar", "x", "", kind=tarfile.CHRTYPE)) == "untrusted-archive"


@pytest.mark.parametrize("name", ALL)
def test_more_files_bytes_or_ratio_than_the_limits_are_refused_and_a_factor_lets_them_through(
    tmp_path: Path, name: str
) -> None:
    many = packed(tmp_path / f"many-{name}", {str(number): b"x" for number in range(4)})
    assert code_of(many, TINY) == "archive-bomb"
    assert len(read(many, TINY.times(2))) == 4
    large = packed(tmp_path / f"large-{name}", {"x": os.urandom(1001)})
    assert code_of(large, TINY) == "archive-bomb"
    assert len(read(large, TINY.times(2))) == 1
    if name != "a.tar":
        bomb = packed(tmp_path / f"bomb-{name}", {"x": bytes(1 << 20)})
        assert code_of(bomb, Limits(floor=1000)) == "archive-bomb"


def test_a_tar_gz_that_announces_terabytes_is_refused_without_reading_them(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.size = 1 << 40
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))
    assert code_of(path) == "archive-bomb"


def test_a_header_that_announces_a_name_of_gigabytes_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 32
    path = tmp_path / "a.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    assert code_of(path) == "untrusted-archive"


@pytest.mark.parametrize("name", ALL)
def test_an_archive_that_was_cut_off_anywhere_says_so(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / name, {str(number): os.urandom(700) for number in range(3)})
    whole = path.read_bytes()
    end = len(whole) if name != "a.tar" else 3 * (512 + 1024)  # behind it a tar has only padding
    for length in (600, 1024, end // 2, 512 + 1024, end - 1):
        path.write_bytes(whole[:length])
        assert code_of(path) == "damaged-file", length


def test_a_file_with_flipped_bits_says_so(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"x": os.urandom(2000)})
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(bytes(data))
    assert code_of(path) == "damaged-file"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\n<!DOCTYPE html><html>Please log in</html>", "web-page"),
        (b"", "empty-file"),
        (b"Rar!\x1a\x07\x00", "not-an-archive"),
    ],
)
def test_a_file_that_is_not_an_archive_is_called_what_it_is(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "car-segmentation.zip"
    path.write_bytes(data)
    assert code_of(path) == code


@pytest.mark.parametrize("method", [1, 9, 12, 93, 98, 65535])
def test_a_zip_of_an_unknown_packing_says_so_at_once(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path / "a.zip", {"x": b"x"})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02") + 10
    data[place : place + 2] = method.to_bytes(2, "little")
    path.write_bytes(bytes(data))
    assert code_of(path) == ("damaged-file" if method == 12 else "unknown-packing")  # 12 is bzip2, which this is not


def test_names_longer_than_any_system_takes_are_refused_at_the_first(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz", {f"{number:04}{'a' * 500_000}": b"" for number in range(30)})
    assert code_of(path) == "damaged-file"
    assert code_of(packed(tmp_path / "a.zip", {"a" * 5000: b""})) == "untrusted-archive"


@pytest.mark.parametrize("count", [100, pytest.param(400, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", ALL)
def test_an_archive_with_any_bytes_changed_is_read_or_refused_in_one_line(
    tmp_path: Path, name: str, count: int
) -> None:
    whole = packed(tmp_path / name, {"a/ü.png": b"x" * 300, "d" * 150: b"y" * 20}).read_bytes()
    chance = random.Random(name)
    path = tmp_path / f"changed-{name}"
    for _ in range(count):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 5)):
            place = chance.randrange(len(data))
            data[place : place + chance.randint(0, 9)] = chance.choice([b"", b"\xff" * 8, b"-1", b"9" * 30, b"\0" * 4])
        path.write_bytes(bytes(data))
        with contextlib.suppress(P2PError):
            read(path)


def test_a_locked_zip_says_that_it_is_locked(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"x": b"x"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    assert code_of(path) == "locked-archive"


def latin_tar(path: Path) -> None:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        archive.addfile(tarfile.TarInfo("größe 1.png"))


def latin_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("groesse 1.png", b"")
    path.write_bytes(path.read_bytes().replace(b"groesse", b"gr\x94\xe1e__"))


@pytest.mark.parametrize(("pack", "name"), [(latin_tar, "gr%F6%DFe 1.png"), (latin_zip, "größe__ 1.png")])
def test_a_name_that_is_not_utf_8_is_kept_readable_and_reported(
    tmp_path: Path, pack: Callable[[Path], None], name: str
) -> None:
    pack(tmp_path / "a")
    with contents_of(tmp_path / "a") as contents:
        assert [member.name for member in contents.members] == [name]
        assert [skip.code for skip in contents.skipped] == ["renamed"]


def test_utf_8_names_in_a_zip_that_does_not_say_so_are_read_as_utf_8(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"groesse1.png": b""})
    path.write_bytes(path.read_bytes().replace(b"groesse1", "größe1".encode()))
    assert list(read(path)) == ["größe1.png"]


def test_the_commit_in_an_archive_of_github_is_its_version(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"x": b""})
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"0123456789abcdef" * 2 + b"01234567"
    with contents_of(path) as contents:
        assert contents.version == "0123456789abcdef" * 2 + "01234567"
