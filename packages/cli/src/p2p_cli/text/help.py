"""How help is wrapped: never at a hyphen, so that commands, options and names can be copied from it.

Nothing here may change what help says.
"""

from collections.abc import Iterable

import click

_HYPHEN = "\ue000"  # of the private use area: what wraps text sees a letter in the place of each hyphen


class HelpFormatter(click.HelpFormatter):
    """click's, without its breaks at hyphens."""

    def write(self, string: str) -> None:
        """Write text that is wrapped."""
        super().write(string.replace(_HYPHEN, "-"))

    def write_text(self, text: str) -> None:
        """Wrap and write paragraphs."""
        super().write_text(_hide_hyphens(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms beside their descriptions, which are wrapped, as is a term that is a long list of choices."""
        room = self.width - self.current_indent
        shown = [(_wrap_choices(_hide_hyphens(term), room), _hide_hyphens(text)) for term, text in rows]
        super().write_dl(shown, col_max, col_spacing)


def _wrap_choices(term: str, room: int) -> str:
    return click.wrap_text(term.replace("|", "| "), room, subsequent_indent="    ").replace("| ", "|")


def _hide_hyphens(text: str) -> str:
    return text.replace("-", _HYPHEN)
