"""``python -m agents.cli``: the command line without its script."""

from agents.cli.main import main

main()
