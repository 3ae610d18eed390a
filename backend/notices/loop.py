"""Sends what is due, in a thread of its own, so that a slow server holds up nothing."""

from typing_extensions import override

from backend.background_loop import BackgroundLoop
from backend.notices.sending import send_due


class NoticeLoop(BackgroundLoop):
    """Of one backend process."""

    name = "notices"

    @override
    def look(self) -> None:
        send_due(self._platform)
