"""What a user can mend, as exceptions: every message says where, what, and what to do, in one line.

Nothing here may print or end the process; mistakes that only we can make are assertions, not these.
"""

from dataclasses import dataclass
from typing import Literal


class P2PError(Exception):
    """The data or the run has a problem that its user can mend; the command line ends with exit code 1."""

    exit_code = 1
    passing = False  # whether it lies in no data and no setting, so that the same again may go well
    said_elsewhere = False  # whether another of several processes tells it


class UsageError(P2PError):
    """The command or the settings were wrong; the command line ends with exit code 2."""

    exit_code = 2


@dataclass(frozen=True)
class Skip:
    """Something that was not done: where, and why with what to do, as one line `where: why`."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


def skip_of(error: P2PError, where: str) -> Skip:
    """The skip that an error about `where` becomes; the place is not said twice."""
    text = str(error)
    return Skip(where, text[len(where) + 2 :]) if text.startswith(f"{where}: ") else Skip(where, text)


Severity = Literal["error", "warning"]


Kind = Literal["masks", "pairs", "photos"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `code` names its kind, for counting and sorting."""

    severity: Severity
    code: str
    where: str
    what: str
    to_do: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.to_do}"


@dataclass(frozen=True)
class CheckResult:
    """What was checked, how many pictures of it, and what was found."""

    kind: Kind
    checked: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, but for warnings."""
        return all(finding.severity != "error" for finding in self.findings)


def finding_of(error: P2PError, code: str, where: object) -> Finding:
    """The finding that an error about `where` becomes: its first sentence is what, the rest what to do."""
    what, stop, to_do = skip_of(error, str(where)).why.partition(". ")
    return Finding("error", code, str(where), what + stop.strip(), to_do)
