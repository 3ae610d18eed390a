"""Data sets at a site: reading folders, the readiness check, and files for the viewer."""
