"""What checks find: a finding says how bad it is, of which kind, where, what, and what to do.

Nothing here may look for anything.
"""

from dataclasses import dataclass
from typing import Literal

from p2p_datatools.contract.destination import skip_of
from p2p_datatools.contract.errors import P2PError

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
