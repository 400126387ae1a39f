"""What a user can mend, as exceptions: every message says where, what, and what to do, in one line.

Nothing here may print or end the process; mistakes that only we can make are assertions, not these.
"""


class P2PError(Exception):
    """The data or the run has a problem that its user can mend; the command line ends with exit code 1."""

    exit_code = 1
    passing = False  # whether it lies in no data and no setting, so that the same again may go well
    said_elsewhere = False  # whether another of several processes tells it


class UsageError(P2PError):
    """The command or the settings were wrong; the command line ends with exit code 2."""

    exit_code = 2
