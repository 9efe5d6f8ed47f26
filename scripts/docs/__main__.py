"""Entry point: python3 -m docs (PYTHONPATH=scripts). Called by scripts/docs-check.sh."""

import sys

from docs.cli import main

sys.exit(main(sys.argv[1:]))
