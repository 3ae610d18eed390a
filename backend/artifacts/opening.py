"""Which artifact store the settings name."""

from backend.artifacts.store import ArtifactStore, FolderStore
from backend.settings import Settings


def open_store(settings: Settings) -> ArtifactStore:
    """Raises ArtifactStoreAway where it is a bucket that cannot be used."""
    if not settings.s3_bucket:
        return FolderStore(settings.artifacts_folder)
    from backend.artifacts.s3_store import S3Store, s3_client  # its libraries take a second, which others need not wait

    access_key, secret_key = (key.get_secret_value() for key in (settings.s3_access_key, settings.s3_secret_key))
    client = s3_client(settings.s3_url, settings.s3_region, access_key, secret_key)
    return S3Store(settings.artifacts_folder, client, settings.s3_bucket, settings.s3_prefix, settings.s3_cache_mib)
