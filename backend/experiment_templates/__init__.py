"""Experiments to start from. They are files of the package, not rows: the same for everybody, and read-only."""
