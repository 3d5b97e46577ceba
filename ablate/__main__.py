"""`python -m ablate`, for where the command is not on the path."""

from ablate.cli.main import main

main()
