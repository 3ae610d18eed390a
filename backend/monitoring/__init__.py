"""What Prometheus reads: requests, queues, rounds, sites and workers."""
