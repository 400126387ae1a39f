"""Many trainings are told as one."""

from pathlib import Path

from p2p_datatools.contract.progress import Reporter
from p2p_gan.experiments.progress import Whole


class Heard(Reporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        self.lines.append(f"{what} {done}/{total}")

    def advance(self, units: int = 1, **figures: float) -> None:
        self.lines.append(f"+{units}")

    def finish(self) -> None:
        self.lines.append("end")

    def note(self, line: str) -> None:
        self.lines.append(line)

    def show(self, value: object) -> None:
        self.lines.append(f"shown: {value}")


def trained(whole: Whole, title: str, images: int, left: int) -> None:
    with whole.arm(title, left):
        whole.note("Continued elsewhere")
        whole.start("reading pairs", 3)
        whole.advance()
        whole.finish()
        whole.note("timing ten updates ...")
        whole.show("the plan")
        whole.note("study/runs/l1-0: a checkpoint is damaged")
        if images:
            whole.start("training", 10, 0)
            whole.advance(images)
            whole.finish()


def test_an_arm_is_a_bar_in_the_images_of_the_study_and_notes_come_once() -> None:
    heard = Heard()
    whole = Whole(heard, 30, 10, Path("study"))
    trained(whole, "1/2 L1", 10, 10)
    trained(whole, "2/2 GAN", 10, 10)
    notes = ["Continued elsewhere", "study/runs/l1-0: a checkpoint is damaged"]
    assert heard.lines == [*notes, "1/2 L1 10/30", "+10", "end", "2/2 GAN 20/30", "+10", "end"]


def test_an_arm_that_is_finished_has_no_bar_and_one_that_fails_counts_as_done() -> None:
    heard = Heard()
    whole = Whole(heard, 30, 0, Path("study"))
    trained(whole, "finished", 0, 0)
    trained(whole, "broken off", 4, 10)
    trained(whole, "next", 10, 10)
    assert [line for line in heard.lines if line.endswith("/30")] == ["broken off 0/30", "next 10/30"]
