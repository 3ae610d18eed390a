"""What a worker keeps and fetches: the worker API's client, caches, local states, and the pseudonyms' secret."""
