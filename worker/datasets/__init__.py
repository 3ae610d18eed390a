"""Data sets at a site: reading folders, the readiness check, files for the viewer, and the synthetic sites."""
