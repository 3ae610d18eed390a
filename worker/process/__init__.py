"""A worker as processes: the Celery app, settings, leases, shutdown, the watchdog and the machine's hardware."""
