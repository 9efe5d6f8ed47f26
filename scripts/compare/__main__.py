"""Entry point of `python3 -m compare OLD NEW`; compare.sh calls it."""
from compare.cli import main
from base.errors import main_of

main_of(main)
