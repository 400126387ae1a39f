"""Numbers of things in words, each with its singular or plural: 1 picture, 2 pictures.

Nothing here may know what is counted.
"""


def plural(count: int, one: str, several: str = "") -> str:
    """`1 picture` or `2 pictures`; `several` is for words whose plural takes more than an s: `2 masks have`."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"
