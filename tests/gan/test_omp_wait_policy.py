"""How threads wait is chosen before torch is loaded, and left to the user who has chosen."""

import json
import os
import subprocess
import sys

import pytest

_NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


@pytest.mark.parametrize(
    ("chosen", "waiting"),
    [
        ((None, None), ("PASSIVE", "300000")),  # p2p makes them sleep where the machine is busy
        (("ACTIVE", None), ("ACTIVE", None)),
        ((None, "1000"), (None, "1000")),
    ],
)
@pytest.mark.parametrize(
    "module", ["p2p_gan", pytest.param("p2p_gan.updates.step", marks=pytest.mark.long), "p2p_cli.train"]
)
def test_how_threads_wait_is_chosen_before_torch_is_loaded_unless_the_user_chose(
    module: str, chosen: tuple[str | None, ...], waiting: tuple[str | None, ...]
) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _NAMES}
    environment |= {name: value for name, value in zip(_NAMES, chosen, strict=True) if value}
    program = f"""
import importlib.abc, json, os, sys

def now():
    return tuple(map(os.environ.get, {_NAMES!r}))

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "torch":
            print(json.dumps(now()))
            raise SystemExit  # it is not loaded, which takes seconds
        return None

sys.meta_path.insert(0, Watch())
import {module}
import p2p_gan
print(json.dumps(now()))
"""
    command = [sys.executable, "-c", program]
    output = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert output.stdout.strip() == json.dumps(waiting), output.stderr
