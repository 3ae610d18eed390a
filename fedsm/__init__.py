"""FedSM Studio's command line: starts the platform on one machine, and talks to a running one over REST."""
