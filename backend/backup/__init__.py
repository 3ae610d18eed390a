"""Backups of an installation: database, artifacts and secrets in one verified archive."""
