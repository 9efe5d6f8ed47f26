"""Entry point of `python3 -m report`; report.sh calls it."""
from base.errors import main_of
from report.cli import main

main_of(main)
