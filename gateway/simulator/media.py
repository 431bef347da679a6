"""The example files a person can send: a voice note, a photo, a document, a contact."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["voice", "photo", "document", "contact"]

FOLDER = Path(__file__).parent / "media"


@dataclass(frozen=True, slots=True)
class Example:
    """A file with its media type, and WhatsApp's word for the type of message it makes."""

    file: str
    content_type: str
    message_type: str

    def read(self) -> bytes:
        return (FOLDER / self.file).read_bytes()


EXAMPLES: dict[Kind, Example] = {
    "voice": Example("voice.ogg", "audio/ogg", "audio"),
    "photo": Example("photo.jpg", "image/jpeg", "image"),
    "document": Example("document.pdf", "application/pdf", "document"),
    "contact": Example("contact.vcf", "text/vcard", "contacts"),
}
