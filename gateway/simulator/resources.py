"""Messages and contents as Twilio's API writes them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from gateway.simulator.contents import Content
from gateway.simulator.errors import ERRORS, LATER
from gateway.simulator.state import Message

API_VERSION = "2010-04-01"


def message_json(message: Message, account: str) -> dict[str, Any]:
    """A Message resource."""
    uri = f"/{API_VERSION}/Accounts/{account}/Messages/{message.sid}"
    return {
        "account_sid": account,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": _rfc(message.created),
        "date_sent": _rfc(message.sent),
        "date_updated": _rfc(message.updated),
        "direction": "inbound" if message.inbound else "outbound-api",
        "error_code": message.error,
        "error_message": error_text(message.error),
        "from": str(message.sender),
        "messaging_service_sid": None,
        "num_media": str(len(message.media)),
        "num_segments": str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": "received" if message.inbound else message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": str(message.recipient),
        "uri": f"{uri}.json",
    }


def page_json(
    found: Sequence[Message], account: str, *, page: int, size: int, filters: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """One page of a list of messages, with the addresses of its neighbours."""
    base = f"/{API_VERSION}/Accounts/{account}/Messages.json"

    def address(number: int) -> str:
        return f"{base}?{urlencode([*filters, ('PageSize', str(size)), ('Page', str(number))])}"

    start = page * size
    here = found[start : start + size]
    return {
        "end": start + max(0, len(here) - 1),
        "first_page_uri": address(0),
        "messages": [message_json(message, account) for message in here],
        "next_page_uri": address(page + 1) if start + size < len(found) else None,
        "page": page,
        "page_size": size,
        "previous_page_uri": address(page - 1) if page else None,
        "start": start,
        "uri": address(page),
    }


def content_json(content: Content, account: str) -> dict[str, Any]:
    """A Content resource."""
    url = f"https://content.twilio.com/v1/Content/{content.sid}"
    return {
        "account_sid": account,
        "date_created": content.created,
        "date_updated": content.created,
        "friendly_name": content.friendly_name,
        "language": content.language,
        "links": {
            "approval_create": f"{url}/ApprovalRequests/whatsapp",
            "approval_fetch": f"{url}/ApprovalRequests",
        },
        "sid": content.sid,
        "types": content.types,
        "url": url,
        "variables": content.variables,
    }


def approval_json(content: Content) -> dict[str, Any]:
    """A content's approval request."""
    return content.approval | {"content_type": next(iter(content.types), ""), "allow_category_change": True}


def approvals_json(content: Content, account: str) -> dict[str, Any]:
    """What became of a content's approval request."""
    said = approval_json(content) if content.approval else {"status": "unsubmitted"}
    return {
        "account_sid": account,
        "sid": content.sid,
        "url": f"https://content.twilio.com/v1/Content/{content.sid}/ApprovalRequests",
        "whatsapp": {"type": "whatsapp"} | said,
    }


def error_text(code: int | None) -> str | None:
    """Twilio's words for a code."""
    if code is None:
        return None
    return LATER.get(code) or ERRORS.get(code, (0, "Unknown error"))[1]


def _rfc(moment: datetime | None) -> str | None:
    return format_datetime(moment.astimezone(UTC)) if moment else None
