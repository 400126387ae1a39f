"""The door of the data room leads to everything that others use of it."""

from p2p_gan import data, reading, sizing, store, tasks, values


def test_every_name_at_the_door_is_that_of_a_room_behind_it() -> None:
    rooms = (reading, sizing, store, tasks, values)
    assert all(any(getattr(data, name) is getattr(room, name, None) for room in rooms) for name in data.__all__)
