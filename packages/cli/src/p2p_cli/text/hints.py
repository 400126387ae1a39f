"""What to run next, as whole commands with the user's own paths quoted: the last lines of a command.

Nothing here may load torch: data commands end with these.
"""

from pathlib import Path

from p2p_datatools.contract.words import path_word, shell_word


def next_command(*words: object) -> str:
    """`next  p2p WORDS`, each path in quotes where a shell would read anything else in it."""
    return " ".join(["next  p2p", *(shell_word(each) if isinstance(each, str) else path_word(each) for each in words)])


def train_lines(pairs: Path, train_pairs: int) -> list[str]:
    """How to train on pairs so that it ends today on this machine, and what the default preset would take."""
    from p2p_datatools.contract.words import duration_text
    from p2p_gan.bench.forecast import choose_preset

    best, default = choose_preset(max(1, train_pairs))
    preset = () if default is None else ("--preset", best.preset)
    by = "measured by p2p bench" if best.measured else "a guess; p2p bench measures"
    lines = [f"{next_command('train', pairs, 'RUN', *preset)}   # about {duration_text(best.seconds)} here ({by})"]
    if default is not None:
        lines.append(f"      without --preset: {default.images:,} images, about {duration_text(default.seconds)} here")
    return lines
