"""What backend, worker, command line and frontend agree on. Imports pydantic and the standard library only."""
