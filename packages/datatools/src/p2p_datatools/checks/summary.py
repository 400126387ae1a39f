"""Groups findings by what they are, the worst first, so that five hundred of one kind are read at a glance.

Nothing here may drop a finding or decide how it is printed.
"""

from collections.abc import Iterable
from typing import NamedTuple, get_args

from p2p_datatools.contract.errors import Finding, Severity

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the worst to the least."""
# What is to be done about them depends on what each file is.
_OF_MANY_KINDS = frozenset({"unread-kind", "not-a-picture"})


class FindingGroup(NamedTuple):
    """All findings of one code and severity, in the order in which they were found; there is one at least.

    Of files of other kinds, such as HEIC and ZIP, they are those about which the same is to be done.
    """

    code: str
    severity: Severity
    findings: list[Finding]


def group_findings(findings: Iterable[Finding]) -> list[FindingGroup]:
    """The findings by severity and code: errors first, and of one severity the kind that is found first."""
    groups: dict[tuple[str, Severity, str], FindingGroup] = {}
    for each in findings:
        way = each.to_do if each.code in _OF_MANY_KINDS else ""
        group = groups.setdefault((each.code, each.severity, way), FindingGroup(each.code, each.severity, []))
        group.findings.append(each)
    return sorted(groups.values(), key=lambda group: SEVERITIES.index(group.severity))


def count_severities(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many findings there are of each severity."""
    counts: dict[Severity, int] = dict.fromkeys(SEVERITIES, 0)
    for each in findings:
        counts[each.severity] += 1
    return counts
