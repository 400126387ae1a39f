"""The one way to declare a setting: default, meaning, choices or range, unit and group, all on the field itself.

Nothing here may know what a setting does; a frozen dataclass declares its fields with `setting`, and its reading,
checking and describing follow from that.
"""

import dataclasses
import difflib
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeVar, cast

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.foreign import show_value
from p2p_datatools.contract.pictures.sizes import Size, parse_size

_T = TypeVar("_T")

# Whether a setting may differ when a run is resumed: no; no, and `auto` is what was chosen then; or yes.
OnResume = Literal["same", "auto", "free"]


class OpenBound(float):
    """An end of a range that may not be reached: `low=OpenBound(0)` takes what is above 0."""


def setting(
    default: _T,
    doc: str,
    *,
    choices: Sequence[str] = (),
    low: float | None = None,
    high: float | None = None,
    words: Mapping[str, Any] | None = None,
    unit: str = "",
    group: str = "",
    on_resume: OnResume = "same",
) -> _T:
    """A field of a frozen dataclass, declared as a setting; `doc` is one sentence, with the unit in it.

    `low` and `high` may be reached, unless they are an `OpenBound`. `words` stand for values, which are allowed beside
    the range: {"auto": 0}.
    """
    declared = {
        **{"doc": doc, "choices": tuple(choices), "unit": unit, "group": group, "on_resume": on_resume},
        **{"low": low, "high": high, "words": words or {}},
    }
    return dataclasses.field(default=default, metadata=declared)


@dataclass(frozen=True)
class Setting:
    """What is declared of one setting; `kind` is the type of its value: bool, int, float, str or Size."""

    name: str
    kind: type
    default: Any
    doc: str
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    words: Mapping[str, Any]
    unit: str
    group: str
    on_resume: OnResume

    @property
    def automatic(self) -> Any:
        """The value that leaves the choice to the program."""
        return self.words.get("auto", "auto")

    def may_resume_with(self, value: Any) -> bool:
        """Whether a run that began with another value may be resumed with this one; `auto` is what was chosen then."""
        return self.on_resume == "free" or (self.on_resume == "auto" and value == self.automatic)

    @property
    def allowed_text(self) -> str:
        """The allowed values, in words: `a whole number from 1 to 8, or auto`."""
        others = "".join(f", or {word}" for word in self.words if word)
        if self.choices:
            return ", ".join(self.choices) + others
        kinds = {bool: "on or off", int: "a whole number", float: "a number", str: "text", Size: "N or WIDTHxHEIGHT"}
        return f"{kinds[self.kind]}{self._range()}{others}"

    def _range(self) -> str:
        below = "below " if isinstance(self.high, OpenBound) else ""
        upper = "" if self.high is None else f" to {below}{_number_text(self.high)}"
        if self.low is None:
            return upper
        low = _number_text(self.low)
        if isinstance(self.low, OpenBound):
            return f" above {low}{upper}"
        return f" from {low}{upper}" if upper else f" of {low} or more"

    @property
    def summary(self) -> str:
        """Its meaning and the allowed values, in a line without its period."""
        told = self.doc.removesuffix(".")
        return told if self.kind is str and not self.choices else f"{told} ({self.allowed_text})"

    def text(self, value: Any) -> str:
        """A value as a user would type it."""
        for word, meant in self.words.items():
            if value == meant and type(value) is type(meant):
                return word
        if isinstance(value, bool):
            return "on" if value else "off"
        return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)

    def read(self, value: Any) -> Any:
        """The value that a word means, or a value of a TOML or JSON file; raises UsageError for one of another type."""
        if isinstance(value, str) and value in self.words:
            return self.words[value]
        if value is None and None in self.words.values():
            return None
        try:
            known = _READERS[self.kind](value)
        except (ValueError, TypeError, OverflowError, UsageError) as error:
            kinds = {bool: "on or off", int: "a whole number", float: "a number", str: "text", Size: "a size"}
            what, to_do = f"is not {kinds[self.kind]}", f"Give {self.allowed_text}."
            raise UsageError(f"{self.name}={_cut_value(value)}", what, to_do, code="setting-type") from error
        if isinstance(value, str) and self.kind in (int, float) and known < 0 and not self._within(known):
            # Where a file stores -1 for a word, a person who types it means a number.
            self._refuse_range(value)
        return known

    def check(self, value: Any) -> None:
        """Raise UsageError for a value that is not one of the choices, or out of range."""
        if value in self.words.values():
            return
        if self.choices and value not in self.choices:
            place, to_do = f"{self.name}={_cut_value(self.text(value))}", f"Choose from {self.allowed_text}."
            raise UsageError(place, "is not one of the choices", to_do, code="setting-choice")
        if self.kind in (int, float) and not self._within(value):
            self._refuse_range(self.text(value))

    def _refuse_range(self, text: str) -> NoReturn:
        place = f"{self.name}={_cut_value(text)}"
        raise UsageError(place, "is out of range", f"Give {self.allowed_text}.", code="setting-range")

    def _within(self, value: float) -> bool:
        """Whether it lies in the range; NaN and infinity lie in no range."""
        reached = (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
        at_open_end = any(isinstance(end, OpenBound) and value == end for end in (self.low, self.high))
        return reached and not at_open_end and abs(value) < float("inf")

    def to_json(self) -> dict[str, Any]:
        """The declaration as JSON values; default and range in words."""
        said = {"default": self.text(self.default), "allowed": self.allowed_text, "unit": self.unit, "doc": self.doc}
        more = {"choices": list(self.choices), "on_resume": self.on_resume}
        return {"name": self.name, "group": self.group, **said, **more}


_DECLARED: dict[type, Mapping[str, Setting]] = {}  # what `settings_of` has read already


def settings_of(kind: type) -> Mapping[str, Setting]:
    """The settings that a dataclass declares, by name, in their order."""
    if kind not in _DECLARED:
        hints = typing.get_type_hints(kind)
        _DECLARED[kind] = {
            field.name: Setting(field.name, _value_type(hints[field.name]), field.default, **field.metadata)
            for field in dataclasses.fields(kind)
        }
    return _DECLARED[kind]


def _value_type(hint: Any) -> type:
    """The type of a setting's values: Size for `Size | None`, str for a literal."""
    if isinstance(hint, types.UnionType):
        (hint,) = (each for each in typing.get_args(hint) if each is not type(None))
    if typing.get_origin(hint) is Literal:
        return str
    assert hint in _READERS, f"no word becomes a {hint}"
    return cast(type, hint)


def read_settings(kind: type, table: Mapping[str, Any], *, of: str, listed: str = "") -> dict[str, Any]:
    """The values of settings of `kind` that are given by words or values.

    Raises UsageError for an unknown name, with the nearest known ones; `of` is the name of what has the settings, and
    `listed` says where all of them are listed.
    """
    known = settings_of(kind)
    for name in table:
        if name not in known:
            raise UsageError(name, f"is not a setting of {of}", nearest(name, known, listed), code="unknown-setting")
    return {name: known[name].read(value) for name, value in table.items()}


def check_settings(value: Any) -> None:
    """Raise UsageError for the first setting of a dataclass whose value is not one of its choices, or out of range."""
    for name, declared in settings_of(type(value)).items():
        declared.check(getattr(value, name))


def refuse_setting(value: Any, name: str, what: str, to_do: str, *, code: str = "settings-conflict") -> NoReturn:
    """Raise UsageError for a setting of a dataclass that its other settings, or the data, exclude."""
    text = settings_of(type(value))[name].text(getattr(value, name))
    raise UsageError(f"{name}={text}", what, to_do, code=code)


def nearest(name: str, known: Iterable[str], listed: str = "") -> str:
    """The sentence that offers what was probably meant by an unknown name."""
    known = list(known)
    near = [each for each in known if name in each] or difflib.get_close_matches(name, known, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near[:3])}?"
    return listed or (f"Choose from {', '.join(known)}." if known else "Leave it out: there are none.")


def describe_settings(kind: type) -> list[tuple[str, str]]:
    """For each setting its name with its default, and its meaning with the allowed values."""
    return [(f"{name}={each.text(each.default)}", each.summary) for name, each in settings_of(kind).items()]


def _cut_value(value: Any) -> str:
    """A value in an error; numbers of 5,000 digits and deep lists cannot be written out."""
    try:
        text = str(value)
    except (ValueError, RecursionError):
        return show_value(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _number_text(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _read_switch(value: Any) -> bool:
    words = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
    text = str(value).lower()
    if text not in words:
        raise ValueError(text)
    return words[text]


def _read_whole(value: Any) -> int:
    text = str(value).replace("_", "")
    if text.lstrip("+-").isdecimal():
        return int(text)  # exactly, which a large number is not as a float
    number = float(text)
    if number != int(number):
        raise ValueError(value)
    return int(number)


def _read_number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(value)
    return float(value)


def _read_size(value: Any) -> Size:
    return value if isinstance(value, Size) else parse_size(str(value))


_READERS: dict[Any, Callable[[Any], Any]] = {
    **{bool: _read_switch, int: _read_whole, float: _read_number, str: str, Size: _read_size}
}
