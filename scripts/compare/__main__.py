"""Entry point of `python3 -m compare OLD NEW`; compare.sh calls it."""
from compare.cli import main
from lib.errors import main_of

main_of(main)
