"""The command line of the product, started by units."""

from custody.cli import main

main()
