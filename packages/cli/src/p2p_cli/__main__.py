"""`python -m p2p_cli` is `p2p`; nothing else may stand here."""

import sys

from p2p_cli.app import main

if __name__ == "__main__":
    sys.exit(main())
