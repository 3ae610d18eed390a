"""What a worker keeps, and where it fetches it: the worker API's client, caches, local states, its secret."""
