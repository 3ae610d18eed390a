"""Who may do what: the matrix, the caller, and the federation that a request is about."""
