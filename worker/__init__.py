"""The compute plane: Celery workers that train at the sites and aggregate. Imports neither SQLAlchemy nor FastAPI."""
