"""Options that several commands share, each with one meaning everywhere.

Nothing here may do work; an option becomes a value or a usage error.
"""

import errno
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from p2p_cli.text.terminal import Loudness, echo
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.files.missing import advise_missing
from p2p_datatools.contract.files.unread_kinds import advise_file
from p2p_datatools.contract.pictures.sizes import Size, is_count, parse_size
from p2p_datatools.contract.words import path_word

if TYPE_CHECKING:
    from p2p_datatools.contract.palette import Palette
    from p2p_datatools.contract.pictures.pages import Exif
    from p2p_gan.config.config import Config
    from p2p_gan.config.parse import SettingRequest

Command = TypeVar("Command", bound=Callable[..., Any])


class PathType(click.Path):
    """A path that the system can look up, whether something is there or not."""

    def convert(
        self, value: "str | os.PathLike[str]", param: click.Parameter | None, ctx: click.Context | None
    ) -> "str | bytes | os.PathLike[str]":
        """Raise UsageError for a name that is empty or too long, for links in a circle, or a closed folder above it."""
        if not os.fspath(value):  # the current folder to pathlib, which nobody means by it
            what, to_do = "is empty, so it names no file or folder", "Is a variable of the shell not set?"
            where = f"the argument {param.name.upper()}" if param and param.name else "a path"
            raise UsageError(where, what, to_do, code="empty-path")
        place = Path(os.fsdecode(value))
        try:
            place.stat()
        except (FileNotFoundError, NotADirectoryError):
            _refuse_quoted_home(place)
        except OSError as error:
            shown = os.fspath(value)
            shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
            to_do = _TO_DO.get(error.errno or 0, "Check the folders above it.")
            what = f"cannot be looked up: {error.strerror}"
            raise UsageError(shown, what, to_do, code="unreachable-path") from error
        if not self.file_okay and place.is_file():
            raise UsageError(place, "is a file, and a folder is needed", advise_file(place), code="file-for-folder")
        return super().convert(value, param, ctx)


def _refuse_quoted_home(place: Path) -> None:
    """Raise UsageError for `~/run` in quotes, as a folder called ~ would be made, whose name means another to `rm`."""
    if place.parts[:1] == ("~",) and not os.path.lexists("~"):
        what = "begins with ~, which the shell has not replaced by the home folder"
        raise UsageError(place, what, advise_missing(place), code="quoted-home")


_TO_DO = {
    errno.ENAMETOOLONG: "Shorten its name.",
    errno.ELOOP: "It is a link that leads back to itself, or lies behind one: delete it, or name what it stands for.",
}
_LONGEST_SHOWN = 200  # letters of a path that cannot be
_SETTINGS_SUFFIX = ".toml"  # of a file of settings
FOLDER = PathType(path_type=Path, file_okay=False)
PLACE = PathType(path_type=Path)


if TYPE_CHECKING:
    _ParamType = click.ParamType[Size | str]  # generic for the type checker since click 8.4 only
    _CountType = click.ParamType[int | str]
    _Choice = click.Choice[str]
else:
    _ParamType = _CountType = click.ParamType
    _Choice = click.Choice


class WholeNumber(click.IntRange):
    """A whole number in a range, with an error that says so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; 10k, 10,000, 1e4 and 50% are none."""
        try:
            int(value)
        except (TypeError, ValueError):
            self.fail(f"'{value}' is not a whole number. Write digits alone, such as 10000.", param, ctx)
        return super().convert(value, param, ctx)


class ShareType(click.FloatRange):
    """A number that is a share of a whole; which shares are possible the command says."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; 10% and 0,1 are answered with how they are written."""
        try:
            return float(value)
        except (TypeError, ValueError):
            self.fail(f"'{value}' is not a share. Give a number from 0 to below 1, such as 0.1 for 10%.", param, ctx)


class SizeType(_ParamType):
    """N or WIDTHxHEIGHT in pixels; `native` where a command knows it."""

    name = "size"

    def __init__(self, *, native: bool = False) -> None:
        self.native = native

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Size | str:
        """The size, or the word native."""
        if isinstance(value, Size):
            return value
        if self.native and value == "native":
            return "native"
        try:
            return parse_size(str(value))
        except UsageError as error:
            self.fail(str(error), param, context)


class CountType(_CountType):
    """A whole number from 1, or the word auto."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> int | str:
        """The number, or the word."""
        if value == "auto":
            return "auto"
        return int(WholeNumber(1).convert(value, param, context))


class WordChoice(_Choice):
    """A choice of words, in capital letters or not, and in British spelling too; a wrong one is told the nearest."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(tuple(words), case_sensitive=False)

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """The words, in the line of the error."""
        return f"Choose from {', '.join(self.choices)}."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word of the list; click's error for another, with what is likely meant."""
        from difflib import get_close_matches

        american = str(value).lower().replace("grey", "gray").replace("colour", "color")
        try:
            return str(super().convert(american if american in self.choices else value, param, ctx))
        except click.BadParameter as error:
            close = get_close_matches(american, self.choices, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise click.BadParameter(f"{error.message}{hint}", ctx=ctx, param=param) from error


class PresetChoice(WordChoice):
    """The name of a preset; a file of settings is told the option that takes it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name; click's error for another."""
        if str(value).lower().endswith(_SETTINGS_SUFFIX):
            what = f"'{value}' is a file of settings and no preset. Give it with --config {path_word(Path(value))}."
            raise click.BadParameter(what, ctx=ctx, param=param)
        return super().convert(value, param, ctx)


class SettingsFile(click.Path):
    """A file of settings that exists; the name of a preset is told the option that takes it."""

    def convert(
        self, value: "str | os.PathLike[str]", param: click.Parameter | None, ctx: click.Context | None
    ) -> "str | bytes | os.PathLike[str]":
        """The path; click's error for one that is not a file."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            from p2p_gan.config.presets import PRESETS

            hint = f" {value} is a preset: --preset {value}." if value in PRESETS else ""
            if not hint and not os.path.lexists(value):
                hint = f" {advise_missing(Path(os.fsdecode(value)), otherwise='')}".rstrip()
            raise click.BadParameter(f"{error.message}{hint}", ctx=ctx, param=param) from error


class LateChoice(WordChoice):
    """A choice of words that the library lists; `words` is called, and may import, only when they are needed."""

    def __init__(self, words: Callable[[], Sequence[str]]) -> None:
        self.case_sensitive = False
        self._words = words

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """The words."""
        return tuple(self._words())


json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
catalog_option = click.option(
    "--catalog",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="P2P_CATALOG",
    metavar="FILE",
    help="A TOML file of data sets of your own, in addition to those built in (or P2P_CATALOG).",
)
match_option = click.option(
    "--match",
    default="stem",
    show_default=True,
    metavar="stem|REGEX|FILE.csv",
    help="How to match: by path without suffix, by the first group of REGEX in it, or by lines 'a,b' of a file.",
)
# Of masks which lie without a palette; `read_palette` reads it.
palette_option = click.option(
    "--palette", "palette_name", metavar="NAME|FILE", help="For masks without a palette.toml: their palette."
)
page_option = click.option(
    "--page",
    type=WholeNumber(1),
    metavar="K",
    help="The page (of a TIFF) or frame (of an animation) that is read of files with several; the first is 1.",
)
exif_option = click.option(
    "--exif",
    type=click.Choice(("apply", "raw")),
    default="apply",
    show_default=True,
    help="raw: do not turn photos by their EXIF, because the labels were drawn on them as they lie in the file.",
)
keep_going_option = click.option(
    "--keep-going",
    is_flag=True,
    help="Leave out pictures that fail and list them in skipped.jsonl; the exit code is then 1.",
)
# For commands that apply a model; `how` reads it.
how_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="dropout=off|tile=N",
    help="dropout=off switches dropout and noise off; tile=N computes pictures in strips of N rows; may be repeated.",
)


def label_format_option(text: str) -> Callable[[Command], Command]:
    """--format: that of labels, of those that the library reads."""
    formats = LateChoice(_label_formats)
    word = "auto|NAME"
    return click.option(
        "--format", "label_format", type=formats, default="auto", show_default=True, metavar=word, help=text
    )


def _label_formats() -> tuple[str, ...]:
    from p2p_datatools.labels.read import format_names

    return format_names()


def read_palette(name: str | None) -> "Palette | None":
    """The palette that --palette names, if it is given; raises P2PError for one that cannot be read."""
    from p2p_datatools.contract.palette import load_palette

    return load_palette(name) if name else None


def preset_option(command: Command) -> Command:
    """--preset: the settings that --config, --set and the options change."""
    from p2p_gan.config.presets import PAPER, PRESETS

    kind, text = PresetChoice(tuple(PRESETS)), "The settings to start from; see below."
    return click.option("--preset", type=kind, default=PAPER, show_default=True, metavar="NAME", help=text)(command)


def photos_option(text: str) -> Callable[[Command], Command]:
    """--photos: the photos that belong to masks or labels; `text` says for what the command needs them."""
    return click.option("--photos", type=FOLDER, metavar="DIR", help=text)


def seed_option(text: str) -> Callable[[Command], Command]:
    """--seed: of all that a command draws at random; `text` says what that is."""
    return click.option("--seed", type=WholeNumber(0), metavar="N", default=0, show_default=True, help=text)


def read_options(command: Command) -> Command:
    """--page and --exif, which the command takes as one value: `read`, the `ReadOptions` of its picture files."""

    @functools.wraps(command)
    def with_read(*, page: int | None, exif: "Exif", **others: Any) -> Any:
        from p2p_datatools.contract.pictures.pages import ReadOptions

        return command(read=ReadOptions(page, exif), **others)

    return page_option(exif_option(cast("Command", with_read)))


def server_options(command: Command) -> Command:
    """--port and --host, on which a server listens, and --name, what it is called by others."""
    text = "A name that a proxy before this server is asked for, as in p2p.example.org; may be repeated."
    command = click.option("--name", "names", multiple=True, metavar="HOST", help=text)(command)
    text = "The address to listen on; 0.0.0.0 lets all machines of the network in."
    command = click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help=text)(command)
    text = "The port; 0 is any that is free, as is the next choice where it is taken."
    kind = WholeNumber(0, 65535)
    return click.option("--port", type=kind, default=8750, show_default=True, metavar="N", help=text)(command)


def settings_options(command: Command) -> Command:
    """--config and --set: every field of the config."""
    command = click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="FIELD=VALUE",
        help="Set any field of the config ('p2p config' lists them); may be repeated.",
    )(command)
    return click.option(
        "--config",
        "config_file",
        type=SettingsFile(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="Fields of the config in a TOML file.",
    )(command)


def setting_option(
    name: str, *, kind: "click.ParamType[Any] | None" = None, metavar: str | None = None
) -> Callable[[Command], Command]:
    """--NAME: a field of the config that has an option of its own; the field says what it means and may be."""
    from p2p_datatools.contract.settings import settings_of
    from p2p_gan.config.config import Config

    declared = settings_of(Config)[name]
    if kind is None and declared.choices:
        kind = WordChoice(declared.choices)
    elif kind is None and declared.kind is int:
        kind = CountType() if "auto" in declared.words else WholeNumber(int(declared.low or 0))
    if declared.kind is int and metavar is None:
        metavar = "N|auto" if isinstance(kind, CountType) else "N"
    return click.option(f"--{name}", type=kind, metavar=metavar, help=declared.doc)


def how(settings: tuple[str, ...]) -> dict[str, Any]:
    """The fields of `ApplyOptions` that --set names; raises UsageError for others."""
    table = parse_settings(settings, example="dropout=off")
    dropout, tile = table.pop("dropout", "on"), table.pop("tile", "auto")
    if table or dropout not in ("on", "off") or not (tile == "auto" or is_count(tile)):
        what, to_do = "is not a setting of how a model is applied", "Set dropout=on, dropout=off, tile=N or tile=auto."
        raise UsageError(f"--set {' '.join(settings)}", what, to_do, code="impossible-setting")
    return {"dropout": dropout == "on", "tile": None if tile == "auto" else int(tile)}


def parse_halves(text: str) -> tuple[str, str]:
    """`mask,photo` as two words; raises UsageError for anything else."""
    one, other = parse_words(text, 2)
    return one, other


def parse_words(text: str, *counts: int) -> tuple[str, ...]:
    """`mask,photo` as words, as many as one of `counts`; raises UsageError for anything else."""
    words = tuple(word.strip() for word in text.split(","))
    if len(words) not in counts or not all(words):
        number = " or ".join({2: "two", 3: "three", 4: "four"}[count] for count in counts)
        what = f"is not {number} words with a comma between them"
        raise UsageError(f"--halves {text}", what, "Write them as in --halves mask,photo.", code="impossible-setting")
    return words


def parse_settings(settings: tuple[str, ...], *, example: str = "checkpoint_every=1000") -> dict[str, str]:
    """FIELD=VALUE words as a table.

    Raises UsageError with an `example` for one without an equals sign, and where two give a field different values.
    """
    table = dict[str, str]()
    for word in settings:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--set {word}", "is not FIELD=VALUE", f"Write it as in --set {example}.", code="not-a-setting"
            )
        field, text = name.strip(), value.strip()
        if table.setdefault(field, text) != text:  # the last would win in silence
            where = f"--set {field}={table[field]} and --set {field}={text}"
            raise UsageError(where, "differ", "Give one of them.", code="options-conflict")
    return table


def configure(
    preset: "Config", config_file: Path | None, settings: tuple[str, ...], options: dict[str, Any]
) -> "Config":
    """The preset, then the file, then --set and the command's own options: the later wins."""
    from p2p_gan.config.parse import apply_requests

    return apply_requests(preset, asked_settings(config_file, settings, options))


def asked_settings(
    config_file: Path | None, settings: tuple[str, ...], options: dict[str, Any]
) -> "list[SettingRequest]":
    """What the file, then --set and the command's own options ask for, each with the words that say so.

    Raises UsageError where --set and an option ask for different values, or where two of one place set the length of
    training.
    """
    from p2p_gan.config.parse import SettingRequest

    words = _by_new_names(parse_settings(settings))
    typed = [SettingRequest(name, value, f"--set {name}={value}") for name, value in words.items()]
    typed += [SettingRequest(name, value, f"--{name} {value}") for name, value in options.items() if value is not None]
    _refuse_contradictions(typed)
    in_file = _in_file(config_file) if config_file else []
    if any(each.name in _LENGTHS for each in typed):
        in_file = [each for each in in_file if each.name not in _LENGTHS]
    _refuse_contradictions(in_file)
    return in_file + typed


_LENGTHS = ("images", "epochs")  # of training, of which the command line names one


def _in_file(config_file: Path) -> "list[SettingRequest]":
    """What a file asks for; raises UsageError, with the file, for what is not a setting, or not a value of one."""
    from p2p_gan.config.parse import SettingRequest, read_asked, settings_from_toml

    table = _by_new_names(settings_from_toml(config_file))
    asked = [SettingRequest(name, value, f"{name} in {config_file}") for name, value in table.items()]
    try:
        read_asked(asked)
    except UsageError as error:
        raise UsageError(f"{config_file}: {error.where}", error.what, error.to_do, code=error.code) from error
    return asked


def _refuse_contradictions(asked: "Sequence[SettingRequest]") -> None:
    """Raise UsageError where words of one place set the same to different values: one of them would be lost."""
    from p2p_gan.config.parse import read_asked

    by_name: dict[str, SettingRequest] = {}
    for each in asked:
        other = by_name.setdefault(each.name, each)
        if other is not each and read_asked([other]) != read_asked([each]):
            raise UsageError(f"{other.words} and {each.words}", "differ", "Give one of them.", code="options-conflict")
    lengths = [by_name[name] for name in _LENGTHS if name in by_name]
    if len(lengths) > 1 and read_asked(lengths)["images"] is not None:
        where = " and ".join(each.words for each in lengths)
        raise UsageError(where, "both set the length of training", "Give one of them.", code="options-conflict")


def _by_new_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings under the names of today, each change said: scripts and notes of an earlier version go on working.

    Raises UsageError where one is given under its old and its new name.
    """
    from p2p_gan.config.old_names import by_new_name

    table: dict[str, Any] = {}
    for name, value in settings.items():
        new, new_value = by_new_name(name, value)
        if new in table or (new != name and new in settings):
            what = f"sets the same as {new}, its name of today"
            raise UsageError(f"{name}={value}", what, "Give one of them.", code="options-conflict")
        if (new, new_value) != (name, value) and not Loudness.quiet:
            echo(f"{name}={value} is called {new}={new_value} now, and taken as that.", err=True)
        table[new] = new_value
    return table
