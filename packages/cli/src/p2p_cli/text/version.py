"""`p2p --version`: the version, that of torch without loading it, and the device that torch would use.

Nothing here may load torch where no driver of a GPU is installed.
"""

from importlib import metadata

from p2p_cli import __version__


def version_lines() -> list[str]:
    """The lines that `p2p --version` prints."""
    lines = [f"p2p, version {__version__}"]
    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return [*lines, "torch is not installed: models can be neither trained nor applied"]
    return [*lines, f"torch {torch}, {_device()}"]


def _device() -> str:
    from p2p_datatools.contract.errors import P2PError
    from p2p_datatools.contract.machine import cores
    from p2p_datatools.contract.words import plural
    from p2p_gan.machine.driver import cpu_name, may_have_gpu

    if may_have_gpu():
        import contextlib

        with contextlib.suppress(ImportError, OSError, RuntimeError, P2PError):
            from p2p_gan.machine.device import describe_machine, resolve_device

            device = resolve_device("auto")
            if device.type != "cpu":
                return f"{device.type} ({describe_machine(device)['device']})"
    return f"cpu ({cpu_name()}, {plural(cores(), 'core')})"
