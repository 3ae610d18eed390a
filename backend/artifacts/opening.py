"""Which artifact store the settings name."""

from backend.artifacts.store import ArtifactStore, FolderStore
from backend.settings import Settings


def open_store(settings: Settings, owner: str | None = None) -> ArtifactStore:
    """owner: the fingerprint of the server key of a hub that runs on it, and that alone removes what lies there; None
    for who only reads, or fills an empty one.

    Raises ArtifactStoreAway where it is a bucket that cannot be used, or another hub's place in one."""
    if not settings.s3_bucket:
        return FolderStore(settings.artifacts_folder)
    # Their libraries take a second, which others need not wait.
    from backend.artifacts.bucket import Bucket, s3_client
    from backend.artifacts.s3_store import S3Store

    access_key, secret_key = (key.get_secret_value() for key in (settings.s3_access_key, settings.s3_secret_key))
    client = s3_client(settings.s3_url, settings.s3_region, access_key, secret_key)
    bucket = Bucket(client, settings.s3_bucket, settings.s3_prefix)
    if owner is not None:
        bucket.claim(owner)
    return S3Store(settings.artifacts_folder, bucket, settings.s3_cache_mib)
