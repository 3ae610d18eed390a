"""`fedsm predict` with a model of a file: no server, no network, none of the platform's packages."""
