"""One job for each kind of task, from payload to result. tasks.py is the Celery task, kinds.py the table of jobs."""
