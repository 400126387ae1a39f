"""The plan of a run in words, and that every reporter of the command line prints them."""

from dataclasses import replace

import pytest

from p2p_cli.text import console
from p2p_cli.text.plan import count_text, plan_lines, size_text
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import duration_text
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.machine.load import Load
from p2p_gan.training.planning import Need, Plan
from p2p_gan.training.speed import Speed
from p2p_gan.training.trial import Timing

TINY = with_settings(
    PRESETS["tiny"],
    {"size": Size(32, 32), "images": 16, "batch": 1, "device": "cpu", "threads": 1, "precision": "float32", "seed": 7},
)
PLAN = Plan(
    config=TINY,
    direction="mask-to-photo",
    assumed=("the left half is A",),
    pairs=8,
    held_out="test",
    done=0,
    updates=16,
    generator_parameters=9_876,
    discriminator_parameters=54_321,
    receptive_fields=(34,),
    shapes=((Size(32, 32), 8),),
    seconds_per_image=0.5,
    seconds=8.0,
    memory=Need({"networks": 2_000_000, "batch": 500_000}, 3_000_000_000),
    disk=Need({"checkpoints and models": 4_000_000, "samples": 100_000}, 5_000_000_000),
)
LINES = [
    "mask-to-photo: 8 training pairs at 32x32 (stretch), 16 images in total (2 epochs), batch 1",
    "generator with 9.88 K parameters, discriminator with 54.3 K, patches of 34x34",
    "cpu, float32, 1 thread, seed 7",
    "time   16 updates, about 8 s at 2 images/s",
    "memory about 2.5 MB (networks 2 MB, batch 500 KB); 3 GB free",
    "disk   about 4.1 MB (checkpoints and models 4 MB, samples 100 KB); 5 GB free",
    "assumed: the left half is A",
]


def with_config(**changes: object) -> Plan:
    return replace(PLAN, config=with_settings(TINY, changes))


def test_a_plan_is_these_lines() -> None:
    assert plan_lines(PLAN) == LINES


def test_a_plan_says_where_pictures_are_made_so_small_that_crops_of_them_are_another_way() -> None:
    line = plan_lines(replace(PLAN, shrinks=9.41))[1]
    assert "seen 9.4 times smaller" in line
    assert "--size native --set crop=32x32" in line
    assert plan_lines(replace(PLAN, shrinks=2.3)) == LINES


def test_a_plan_says_that_the_model_cannot_be_exported_for_its_biases() -> None:
    lines = plan_lines(replace(PLAN, unexportable="layers have biases"))
    assert lines == [*LINES[:-1], "export not to the reference implementation: its layers have biases", LINES[-1]]


@pytest.mark.parametrize(
    "reporter", [console.PlainReporter, console.LiveReporter, console.TrainingReporter], ids=lambda kind: kind.__name__
)
def test_every_reporter_prints_a_plan_that_it_is_shown(
    reporter: type[Reporter], capsys: pytest.CaptureFixture[str]
) -> None:
    reporter().show(PLAN)
    assert capsys.readouterr().err == "".join(f"{line}\n" for line in LINES)


def test_images_done_already_and_parts_of_an_epoch_are_shown() -> None:
    first = plan_lines(replace(with_config(images=12_000), done=4_000))[0]
    assert first.endswith("12,000 images in total (1500 epochs), batch 1; 4,000 are done")
    assert "(1.5 epochs)" in plan_lines(with_config(images=12))[0]
    assert "(1 epoch)" in plan_lines(with_config(images=8))[0]


def test_one_update_is_not_called_updates() -> None:
    assert plan_lines(replace(PLAN, updates=1, seconds=0.5))[3].startswith("time   1 update, about")


def test_one_shape_of_all_pictures_is_named_without_a_list() -> None:
    assert "at 32x32 (keep), 16 images" in plan_lines(with_config(fit="keep"))[0]


def test_of_many_shapes_the_most_frequent_are_named() -> None:
    shapes = tuple((Size(32, 32 + 4 * number), 1) for number in range(10))
    line = plan_lines(replace(with_config(fit="keep", batch=2), shapes=shapes, pairs=10))[0]
    assert "in 10 sizes: 32x32 (1), 32x36 (1)" in line
    assert "32x60 (1) and 2 more (1.0 pairs per batch, of one size)" in line


def test_a_run_without_a_discriminator_says_so() -> None:
    lines = plan_lines(with_config(gan_loss="none"))
    assert lines[1] == "generator with 9.88 K parameters, no discriminator"


def test_so_few_updates_that_none_is_timed_have_no_line_of_memory() -> None:
    lines = plan_lines(replace(PLAN, seconds_per_image=None, seconds=None, memory=None))
    assert lines[3:] == ["time   16 updates, too few to be timed beforehand", *LINES[5:]]


def test_a_plan_that_needs_more_memory_than_there_is_says_so() -> None:
    lines = plan_lines(replace(PLAN, memory=Need({"networks": 8, "batch": 8}, 10)))
    assert "memory about 16 bytes (networks 8 bytes, batch 8 bytes); 10 bytes free, which is not enough" in lines


def test_a_plan_for_several_devices_says_what_each_has() -> None:
    lines = plan_lines(replace(with_config(batch=4), processes=2))
    assert "2 cpu devices, 2 pairs of a batch on each, with synchronised batch norm, float32, 1 thread, seed 7" in lines
    assert any("without communication between devices" in line for line in lines)


def with_speed(load: Load, threads: int = 2, by: str = "kept", slower: float | None = None, used: float = 2.0) -> Plan:
    timing = Timing(0.5, 1, 1, threads, used)
    return replace(with_config(threads=threads), speed=Speed(timing, by, load, slower))  # type: ignore[arg-type]


def test_a_plan_says_how_the_number_of_threads_was_chosen() -> None:
    quiet = Load(2, 0.1)
    assert plan_lines(with_speed(quiet))[2] == "cpu, float32, 2 threads (timed before), seed 7"
    assert (
        plan_lines(with_speed(quiet, by="environment"))[2] == "cpu, float32, 2 threads (set by the environment), seed 7"
    )
    assert plan_lines(with_speed(quiet, by="setting"))[2] == "cpu, float32, 2 threads, seed 7"
    assert plan_lines(with_speed(quiet, by="setting"))[3:] == LINES[3:]


def test_a_plan_on_a_busy_machine_says_how_many_cores_are_free_and_how_much_slower_updates_are() -> None:
    other = "       on a quiet one the number of threads may be another, and losses are rounded differently"
    known = "busy   the machine is busy: 0.8 of 2 cores are free; updates take 1.9 times as long as on a quiet one"
    assert plan_lines(with_speed(Load(2, 1.2), slower=1.9))[4:6] == [known, other]
    bound = "busy   the machine is busy: 0 of 2 cores are free; updates take up to 4.0 times as long as on a quiet one"
    assert plan_lines(with_speed(Load(2, 2), used=0.5, by="setting"))[4:] == [bound, *LINES[4:]]
    hardly = "busy   the machine is busy: 1 of 2 cores are free"
    assert plan_lines(with_speed(Load(2, 1), slower=1.02))[4] == hardly


def test_a_plan_says_that_there_are_more_threads_than_cores_and_that_a_container_has_a_part_of_one() -> None:
    many = "cores  64 threads wait for 2 cores; --set threads=2 is faster"
    assert plan_lines(with_speed(Load(2, 0.0), threads=64, by="setting"))[4] == many
    part = "cores  the container allows half a core, so updates take 2.0 times as long as on a whole one"
    assert plan_lines(with_speed(Load(0.5, 0.0), threads=1, by="cores"))[4] == part
    part = "cores  the container allows 0.2 of a core, so updates take 5.0 times as long as on a whole one"
    assert plan_lines(with_speed(Load(0.2, 0.0), threads=1, by="cores"))[4] == part


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.2, "4 s"), (600, "10 min"), (3 * 3600 + 1200, "3 h 20 min"), (3 * 86400, "3.0 days")],
)
def test_durations_are_shown_in_two_units_at_most(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(12, "12 bytes"), (1_234, "1.23 KB"), (999_900_000, "1 GB"), (123_400_000_000, "123 GB")]
)
def test_sizes_are_shown_in_three_digits(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("count", "text"), [(12, "12"), (1_234, "1.23 K"), (176_400, "176 K"), (54_414_000, "54.4 M"), (999_900, "1 M")]
)
def test_parameters_are_shown_in_three_digits(count: int, text: str) -> None:
    assert count_text(count) == text
