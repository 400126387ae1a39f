"""What is known of a GPU before torch is loaded."""

import pytest

from p2p_gan.machine import driver


@pytest.mark.parametrize(("shown", "found"), [(None, True), ("0", True), ("", False), ("-1", False)])
def test_a_gpu_that_is_hidden_on_purpose_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, shown: str | None, found: bool
) -> None:
    # `sample` would load torch for it, and not the exported model that needs a third of the time.
    monkeypatch.setattr("p2p_gan.machine.driver.sys.platform", "linux")
    monkeypatch.setattr("p2p_gan.machine.driver.ctypes.CDLL", lambda name: None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert driver.may_have_gpu() == found
