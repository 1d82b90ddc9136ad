"""`python -m leaklint` is `leaklint`."""

from leaklint.cli import main

main(prog_name="leaklint")
