"""The `fedsm` command: app.py puts the commands together, and each other file holds the commands of one subject."""
