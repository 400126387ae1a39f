"""The settings of a call of training: those of the run that exists, of the model to begin with, or of the preset.

Nothing here may write, or let a setting that was asked for give way to another one without a word.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.settings import settings_of
from p2p_datatools.contract.words import plural
from p2p_gan.config.config import Config
from p2p_gan.config.parse import SettingRequest, apply_requests, read_asked, with_settings
from p2p_gan.config.presets import PAPER, PRESETS
from p2p_gan.data.task import open_for_training, task_of
from p2p_gan.machine.distributed import among_others, devices_of
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import RUN, RunFolder
from p2p_gan.training.job import depth_of
from p2p_gan.training.source import config_after, describe_source

_MOST_NAMED = 4  # contradictions in an error
_PRESET = "--preset "
# What to do first where a device cannot do what a run needs, by the code of the error that says so.
_ELSEWHERE = "Continue it on a machine where that works"
_MENDED = "End what else uses the GPU, or install the torch that fits it and its driver (pytorch.org)"
_FIRST = {"unsupported-precision": _ELSEWHERE, "missing-device": _ELSEWHERE, "broken-device": _MENDED}
OF_DEVICE = ("precision", "memory_format", "threads", "cuda_graph")


def config_of_call(
    pairs: Path, run: Path, preset: str | None, asked: Sequence[SettingRequest], source: Path | None = None
) -> Config:
    """The config of a call of `train` that names only a part of it.

    A run that has trained before continues as its run.json says. A new one has the settings of the model `source`, if
    there is one, and else those of the preset of this name; without one, those of a run that ended before its first
    checkpoint, or the paper's. What is `asked` for comes last. Raises UsageError for a setting that the run
    contradicts, P2PError for a run that has lost its checkpoints.
    """
    checkpoint.refuse_lost(run)
    if has_begun(run) or (source is not None and not source.exists() and (run / RUN).is_file()):
        return _continue(pairs, run, preset, asked)
    if source is not None:
        start = None if preset is None else PRESETS[preset]
        after = config_after(describe_source(source), start, open_for_training(pairs), read_asked(asked))
        return with_settings(Config(), after)
    again = preset is None and (run / RUN).is_file()
    return apply_requests(_read_settings(run, asked) if again else PRESETS[preset or PAPER], asked)


def has_begun(run: Path) -> bool:
    """Whether a run folder holds a run that has seen an image; one that failed before may begin again otherwise."""
    return (run / RUN).is_file() and checkpoint.has_trained(run)


@contextmanager
def explain_other_device(run: Path | None) -> Iterator[None]:
    """Say how a run that has trained goes on where its device or precision is not, of which it cannot have another."""
    try:
        yield
    except P2PError as error:
        if error.code not in _FIRST or run is None or not has_begun(run):
            raise
        what = f"was started with {error.where}: {error.what}"
        to_do = f"{_FIRST[error.code]}, or {checkpoint.in_a_new_run(run)}"
        raise type(error)(run, what, to_do, code=error.code) from error


def _continue(pairs: Path, run: Path, preset: str | None, asked: Sequence[SettingRequest]) -> Config:
    record = RunFolder(run)
    before, known = record.config(), settings_of(Config)
    replace(before, **read_asked(asked))  # refuses what no run could have, before what this one has not
    wanted = {} if preset is None else _requests_of(preset)
    wanted |= {each.name: each for each in asked}
    directions = {before.direction, record.read().get("direction")}
    values: dict[str, Any] = {"device": _devices_of(before.device, record.read().get("processes", 1))}
    apart = list[SettingRequest]()
    for name, each in wanted.items():
        value, declared = known[name].read(each.value), known[name]
        if (name == "device" and devices_of(value)[0] == before.device) or declared.on_resume == "free":
            values[name] = value
        elif value == getattr(before, name) or declared.may_resume_with(value):
            continue
        elif name != "direction" or not _is_same_way(pairs, value, directions):
            apart.append(each)
    if apart:
        _refuse(run, before, apart)
    if "epochs" in values and "images" not in values:
        values["images"] = None
    return replace(before, **values)


def _read_settings(run: Path, asked: Sequence[SettingRequest]) -> Config:
    """The settings of a run that begins again: the paper's in their place would be another network without a word.

    What `auto` chose for its size, and for a device that is not `asked` for now, is left to `auto` again.
    """
    record, known = RunFolder(run), settings_of(Config)
    config, device = record.config(), read_asked(asked).get("device")
    values: dict[str, Any] = {"device": _devices_of(config.device, record.read().get("processes", 1))}
    if config.unet_depth == depth_of(config):
        values["unet_depth"] = known["unet_depth"].automatic
    if device is not None and devices_of(device)[0] != config.device:
        values |= {name: known[name].automatic for name in OF_DEVICE}
    return replace(config, **values)


def _requests_of(preset: str) -> dict[str, SettingRequest]:
    """What a preset asks of a run that exists: all but its length, and how often things are written."""
    words, known = f"{_PRESET}{preset}", settings_of(Config)
    values = vars(PRESETS[preset])
    return {
        name: SettingRequest(name, value, words) for name, value in values.items() if known[name].on_resume != "free"
    }


def _is_same_way(pairs: Path, wanted: str, before: set[Any]) -> bool:
    """Whether a direction is that of the run, said in other words."""
    if wanted in before:
        return True
    folder = open_pairs(pairs)
    return any(task_of(folder, wanted).swapped == task_of(folder, str(each)).swapped for each in before if each)


def _devices_of(device: str, processes: int) -> str:
    """The devices on which a run began, as they are asked for, where this machine has them."""
    if processes <= 1 or among_others() or (device == "cuda" and torch.cuda.device_count() < processes):
        return device
    return f"{device}*{processes}" if device in ("cpu", "cuda") else device


def _refuse(run: Path, before: Config, apart: Sequence[SettingRequest]) -> None:
    known = settings_of(Config)
    words = list(dict.fromkeys(each.words for each in apart))
    has = [f"{each.name}={known[each.name].text(getattr(before, each.name))}" for each in apart]
    if len(has) > _MOST_NAMED:
        has = [*has[:_MOST_NAMED], f"{plural(len(has) - _MOST_NAMED, 'other setting')}"]
    verb, it = ("contradicts", "it") if len(words) == 1 else ("contradict", "them")
    preset = [f"{each.name}={known[each.name].text(each.value)}" for each in apart if each.words.startswith(_PRESET)]
    asks = f" (the preset has {', '.join(preset[:_MOST_NAMED])})" if preset else ""
    what = f"{verb} {run}, which was started with {', '.join(has)}{asks}"
    to_do = f"Leave {it} out to continue the run as it is, or choose another run folder."
    raise UsageError(", ".join(words), what, to_do, code="other-settings")
