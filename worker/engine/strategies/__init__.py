"""One file for each method: what the site does, what the server does, and the equation it comes from."""
