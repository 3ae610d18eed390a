"""The platform's rules for rounds that run in one process, without a backend: best round, early stopping."""
