"""What a user can correct, as values and exceptions: where it is, what is wrong, what to do, and a stable code.

Nothing here may print or end the process; mistakes that only we can make are assertions, not these.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from p2p_datatools.contract.words import printable

_MOST_SHOWN = 20  # problems that an error lists before it only counts them


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: `where` it is, `what` is wrong, `to_do` about it; `code` names its kind for good."""

    where: str
    what: str
    to_do: str
    code: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        stop = "" if self.what.endswith((".", "?", "!")) else "."
        # Text out of files is in it: it must neither reach the terminal as it is nor begin a line of its own.
        return printable(f"{place}{self.what}{stop} {self.to_do}".rstrip())


@dataclass(frozen=True)
class Skip(Problem):
    """Something that was not done, and why."""


def lines_of(problems: Sequence[Problem]) -> Iterator[str]:
    """A line for each; what is to be done about several in a row is said once, in the last of their lines."""
    for problem, after in zip(problems, (*problems[1:], None), strict=False):
        yield str(replace(problem, to_do="") if after and after.to_do == problem.to_do else problem)


Severity = Literal["error", "warning", "hint"]
CheckedKind = Literal["masks", "pairs", "photos"]


@dataclass(frozen=True)
class Finding(Problem):
    """Something that a check has found: an error, a warning, or a hint, which is right less often than a warning.

    `place` is where in the picture, (x, y) in pixels from the top left; `figure` is what was measured, such as a share.
    """

    severity: Severity
    place: tuple[int, int] | None = None
    figure: float | None = None


@dataclass(frozen=True)
class CheckResult:
    """What was checked, how many pictures of it, and what was found."""

    kind: CheckedKind
    checked: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, but for warnings."""
        return all(finding.severity != "error" for finding in self.findings)


class P2PError(Exception):
    """The data or the run has a problem that its user can correct; the command line ends with exit code 1.

    `where` is the file, folder, option or setting; `what` is wrong with it; `to_do` is the way out, in whole sentences;
    `code` (such as `mask-size`) names the kind and stays the same in all versions. An error that sums up others has
    them as `parts`. Its text is one line: `where: what. to_do`, after a line for each part; what is to be done about
    several parts in a row stands in the last of their lines.
    """

    exit_code = 1
    passing = False  # whether the cause is neither data nor settings, so that the same command may succeed
    said_elsewhere: bool | None = None  # whether another of several processes prints it; None: not decided

    def __init__(self, where: object, what: str, to_do: str, *, code: str, parts: Sequence[Problem] = ()) -> None:
        self.problem = Problem(str(where), what, to_do, code)
        self.parts = tuple(parts)
        super().__init__(*vars(self.problem).values())

    @property
    def where(self) -> str:
        """The file, folder, option or setting at fault."""
        return self.problem.where

    @property
    def what(self) -> str:
        """What is wrong."""
        return self.problem.what

    @property
    def to_do(self) -> str:
        """The way out, in whole sentences."""
        return self.problem.to_do

    @property
    def code(self) -> str:
        """The kind of problem, for programs and tests."""
        return self.problem.code

    def __str__(self) -> str:
        lines = list(lines_of(self.parts[:_MOST_SHOWN]))
        if len(self.parts) > _MOST_SHOWN:
            lines.append(f"... and {len(self.parts) - _MOST_SHOWN} more.")
        return "\n".join([*lines, str(self.problem)])


class UsageError(P2PError):
    """The command or the settings were wrong; the command line ends with exit code 2."""

    exit_code = 2


def what_at(error: P2PError, where: str) -> str:
    """What an error says of `where`: a more exact place within it, or another place, stays in the text."""
    if error.where in ("", where) or where.endswith(f"/{error.where}"):
        return error.what
    return f"{error.where.removeprefix(f'{where}: ')}: {error.what}"


def error_of(problem: Problem) -> P2PError:
    """The error as which a problem that was a value is raised after all."""
    return P2PError(problem.where, problem.what, problem.to_do, code=problem.code)


def skip_of(error: P2PError, where: str) -> Skip:
    """The skip that an error met at `where` becomes."""
    return Skip(where, what_at(error, where), error.to_do, error.code)


def skip_from_json(line: Mapping[str, str]) -> Skip:
    """Read a line of the file of what was skipped."""
    return Skip(line["where"], line["what"], line["to_do"], line["code"])


def finding_of(error: P2PError, where: object) -> Finding:
    """The finding that an error met at `where` becomes."""
    return Finding(str(where), what_at(error, str(where)), error.to_do, error.code, "error")
