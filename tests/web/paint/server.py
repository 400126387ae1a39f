"""A server of `p2p paint` in a process of its own, as a person starts it; it can be slow, killed and started again.

Nothing here may know the page.
"""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

# Each picture takes DELAY seconds more, one of a size that was asked for a quarter of that.
SLOW = """
import sys, time
import p2p_cli.app, p2p_gan.paint.painters as painters
quick, delay = painters.Painter.paint, float(sys.argv.pop(1))
def paint(self, data, stroke):
    time.sleep(delay if stroke.size is None else delay / 4)
    return quick(self, data, stroke)
painters.Painter.paint = paint
sys.exit(p2p_cli.app.main(sys.argv[1:]))
"""


@dataclass
class PaintServer:
    """A process that serves models at a port, which stays the same when it is started again."""

    models: list[Path]
    delay: float = 0.0
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        words = ["paint", *map(str, self.models), "--port", str(self.port), "--no-browser"]
        command = [sys.executable, "-c", SLOW, str(self.delay), *words]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ)
        self.wait()

    def wait(self) -> None:
        assert self.process is not None
        end = monotonic() + 60
        while monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(self.address, timeout=5).close()
            except OSError:
                sleep(0.1)
            else:
                return
        raise AssertionError("the server did not start")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(20)
            self.process = None
