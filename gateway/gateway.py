"""Everything the channels need, in one value that the composition root makes and passes on: nothing here is global."""

from dataclasses import dataclass

from core.database import Sessions
from core.settings import Settings
from gateway.engine_client import DialogueEngine
from gateway.twilio_client import MessageProvider
from gateway.wording import Wording


@dataclass(frozen=True, slots=True)
class Gateway:
    """What webhooks and jobs work with."""

    settings: Settings
    sessions: Sessions
    wording: Wording
    engine: DialogueEngine
    provider: MessageProvider

    def close(self) -> None:
        """Give connections back."""
        self.engine.close()
        self.provider.close()
