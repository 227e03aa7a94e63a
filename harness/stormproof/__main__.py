"""`python -m stormproof` is the command `stormproof`."""

from stormproof.cli.main import main

main()
