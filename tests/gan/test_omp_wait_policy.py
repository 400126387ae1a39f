"""Threads wait without using the processor, so that training is not stopped by other work on the machine."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("chosen", "waiting"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
@pytest.mark.parametrize("module", ["p2p_gan", "p2p_gan.updates.step", "p2p_cli.train"])
def test_threads_wait_passively_unless_the_user_chose_otherwise(module: str, chosen: str | None, waiting: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if chosen:
        environment["OMP_WAIT_POLICY"] = chosen
    program = f"""
import os, sys, importlib.abc

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "torch":
            assert os.environ.get("OMP_WAIT_POLICY") == {waiting!r}, "torch is loaded before"
        return None

sys.meta_path.insert(0, Watch())
import {module}
import p2p_gan
print(os.environ["OMP_WAIT_POLICY"])
"""
    command = [sys.executable, "-c", program]
    output = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert output.stdout.strip() == waiting, output.stderr
