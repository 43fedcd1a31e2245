"""`python -m ntpd112` is the `ntpd112` command."""

from ntpd112.cli import main

main()
