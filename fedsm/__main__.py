"""`python -m fedsm`: the same as the `fedsm` command."""

from fedsm.cli.app import app

app()
