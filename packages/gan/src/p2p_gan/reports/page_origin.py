"""The parts of a report that say where the results are from: data, settings, machine, commands, whom to cite.

Nothing here may look anything up: what the run did not record is not said.
"""

from collections.abc import Mapping

from p2p_datatools.contract.pages.elements import (
    Cell,
    Markup,
    make_commands,
    make_details,
    make_element,
    make_facts,
    make_paragraph,
    make_table,
)
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.words import duration_text, path_word, plural
from p2p_gan.reports.data import DataFacts
from p2p_gan.reports.gather import SCORES, RunReport
from p2p_gan.reports.settings import SettingChange, train_command

_MOST_LEAKS = 10  # that are listed
_HASH = 16  # letters of a hash that are shown
_PAPER = (
    "P. Isola, J.-Y. Zhu, T. Zhou, A. A. Efros: Image-to-Image Translation with Conditional Adversarial Networks. "
    "CVPR 2017, arXiv:1611.07004."
)


def data_part(report: RunReport) -> list[Markup]:
    """The pairs, their splits, where they are from, and leaks between the splits."""
    data = report.data
    total = sum(data.splits.values())
    facts: list[tuple[str, object]] = [
        ("Pairs", data.recorded),
        ("Direction", data.direction),
        ("Splits", ", ".join(f"{name} {count:,}" for name, count in data.splits.items()) + f" ({total:,} in all)"),
        ("Hash of all pairs", make_element("code", data.digest[:_HASH]) if data.digest else ""),
        *_halves(data),
        ("Made by", _describe_maker(data)),
        ("Assumed", "; ".join(data.assumed)),
    ]
    parts = [make_facts(facts)]
    parts += [make_facts((name.capitalize(), value) for name, value in source.items()) for source in data.sources]
    if data.folder is not None and not data.sources:
        parts.append(make_paragraph("Where the pictures are from is not recorded in the pairs.", "note"))
    return [*parts, make_element("h3", "The same picture in two splits"), *_leaks(data)]


def _halves(data: DataFacts) -> list[tuple[str, object]]:
    if data.folder is None:
        return []
    halves = [
        (f"Half {side}", f"{half.name}: {half.kind}, {plural(half.channels, 'channel')} of {half.dtype}")
        for side, half in (("A", data.folder.a), ("B", data.folder.b))
    ]
    palette = data.folder.palette
    return [*halves, *([("Classes", _palette_chips(palette))] if palette else [])]


def _palette_chips(palette: Palette) -> Markup:
    chips = [
        make_element(
            "li", make_element("span", class_="color", style=f"background:rgb{tuple(map(int, each.color))}"), each.name
        )
        for each in palette.classes
    ]
    return make_element("ul", *chips, class_="chips")


def _describe_maker(data: DataFacts) -> str:
    if data.folder is None or not data.folder.provenance.get("by"):
        return ""
    said = {name: value for name, value in data.folder.provenance.items() if name in ("size", "fit", "page", "exif")}
    told = ", ".join(f"{name} {value}" for name, value in said.items() if value is not None)
    return f"{data.folder.provenance['by']}{f' ({told})' if told else ''}"


def _leaks(data: DataFacts) -> list[Markup]:
    if data.leaks is None:
        return [make_paragraph(f"Not compared: {data.why}.", "note")]
    about = "Compared: equal pixels, and the same source file. Pictures that are merely similar are not looked for."
    if not data.leaks:
        return [make_paragraph("None."), make_paragraph(about, "note")]
    count = plural(len(data.leaks), "picture is", "pictures are")
    told = make_paragraph(f"{count} in two splits, so the scores are too good.", "trouble")
    rows = [(each.first, each.second, each.what) for each in data.leaks[:_MOST_LEAKS]]
    more = len(data.leaks) - len(rows)
    rest = [make_paragraph(f"And {more} more: 'p2p data check' lists all.", "note")] if more else []
    return [told, make_table(("picture", "also", "has"), rows), *rest, make_paragraph(about, "note")]


def settings_part(report: RunReport) -> list[Markup]:
    """The settings that differ from the nearest preset, what auto became, and all of them."""
    facts, origin = report.settings, report.record.get("from")
    if facts.changed:
        text = f"As the preset {facts.preset}, which is the nearest, but for {plural(len(facts.changed), 'setting')}:"
        parts = [make_paragraph(text), _changes(facts.changed, facts.preset)]
    else:
        parts = [make_paragraph(f"Exactly those of the preset {facts.preset}.")]
    if origin:
        began = f"Began with the model {origin['path']}, SHA-256 {origin['sha256'][:_HASH]}."
        parts.insert(0, make_paragraph(began))
    if facts.settled:
        lines = [(each.name, each.run, each.doc) for each in facts.settled]
        table = make_element("div", make_table(("setting", "became", "meaning"), lines), class_="words")
        parts.append(make_details("What the preset leaves open, and what it became", table))
    every = make_table(("setting", "value"), list(facts.every.items()))
    return [*parts, make_details(f"All {len(facts.every)} settings", make_element("div", every, class_="words"))]


def _changes(changes: tuple[SettingChange, ...], preset: str) -> Markup:
    lines: list[tuple[Cell, ...]] = [
        (each.name, make_element("strong", each.run), each.preset, each.doc) for each in changes
    ]
    return make_element("div", make_table(("setting", "this run", preset, "meaning"), lines), class_="words")


def machine_part(report: RunReport) -> list[Markup]:
    """The machine, the versions and the time."""
    machine: Mapping[str, object] = report.record.get("machine") or {}
    run, processes = report.run, int(report.record.get("processes", 1) or 1)
    speed = f"{run.images / run.seconds:.3g} images per second on average" if run.seconds else ""
    parts = [
        make_facts(
            (
                ("Device", machine.get("device", "")),
                ("Processes", processes if processes > 1 else ""),
                ("Processor cores", machine.get("cores", "")),
                ("System", machine.get("system", "")),
                ("Versions", _versions(machine)),
                ("Precision", report.settings.every["precision"]),
                ("Time of training", f"{duration_text(run.seconds)}, {speed}" if speed else ""),
                ("Last line of the record", f"{report.written:%Y-%m-%d %H:%M} UTC" if report.written else ""),
            )
        )
    ]
    if report.warnings:
        words = ", ".join(f"{word} at {images:,}" for images, word in report.warnings[:_MOST_LEAKS])
        more = len(report.warnings) - _MOST_LEAKS
        told = f"Warnings while it trained: {words}{f' and {more} more' if more > 0 else ''} images."
        parts.append(make_paragraph(told, "note"))
    return parts


def _versions(machine: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {machine[name]}" for name in ("p2p", "torch", "python") if machine.get(name))


def commands_part(report: RunReport) -> list[Markup]:
    """The commands that train such a run, repeat it exactly, apply it and score it."""
    run, pairs = str(report.run.path), report.data.recorded or "PAIRS"
    commands = [
        (
            "Continue it" if report.run.state == "unfinished" else "Train such a run",
            train_command(report.settings, pairs, run, origin=report.record.get("from")),
        ),
        ("Repeat it from its record, and compare", _command("reproduce", run, "REPEATED")),
        ("Apply it", _command("sample", run, "INPUTS") + " --out PICTURES"),
    ]
    if report.data.scored:
        split = "" if report.data.scored == "test" else " --split val"
        scoring = f"{_command('evaluate', run, pairs)}{split} --out {path_word(f'{run}/{SCORES}')}"
        commands.append(("Score it", scoring))
    commands.append(("This page", _command("report", run)))
    return [make_commands(commands)]


def _command(name: str, *places: str) -> str:
    return " ".join(("p2p", name, *map(path_word, places)))


def cite_part(report: RunReport) -> list[Markup]:
    """What a text that uses this run should name."""
    machine = report.record.get("machine") or {}
    version = machine.get("p2p") or report.record.get("p2p") or "of unknown version"
    own = f"Trained with p2p {version}, preset {report.settings.preset}"
    own += f" with {plural(len(report.settings.changed), 'change')}" if report.settings.changed else ""
    if origin := report.record.get("from"):
        own += f", begun with a model of SHA-256 {origin['sha256'][:_HASH]}"
    own += f", seed {report.config.seed}, {report.run.images:,} images; pairs {report.data.digest[:_HASH]}."
    parts = [make_paragraph(f"The method: {_PAPER}"), make_paragraph(f"This run: {own}")]
    told = [
        (each.get("title") or each.get("name", ""), each.get("citation", ""), each.get("licence", ""))
        for each in report.data.sources
    ]
    for title, citation, licence in told:
        terms = f" Licence: {licence}." if licence else ""
        parts.append(make_paragraph(f"The data: {title}. {citation}{terms}".strip()))
    if not told:
        parts.append(make_paragraph("The data: their source is not recorded; name it here by hand.", "note"))
    return parts
