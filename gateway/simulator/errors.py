"""What Twilio refuses, with its own codes: a sender is only proven against a double that says no as the original does."""

from typing import Any

ERRORS: dict[int, tuple[int, str]] = {
    20001: (400, "Unknown parameters"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20404: (404, "The requested resource was not found"),
    20422: (400, "Invalid parameter"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid From Number (caller ID)"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"),
    21603: (400, "A 'From' or 'MessagingServiceSid' parameter is required to send a message"),
    21604: (400, "The destination 'To' phone number is required to send a message"),
    21606: (400, "The 'From' phone number provided is not a valid message-capable Twilio phone number"),
    21609: (400, "Invalid 'StatusCallback'"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number is not currently reachable via SMS"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body or media urls must be specified"),
    21620: (400, "Invalid media URL(s)"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21654: (400, "ContentSid Required"),
    21655: (400, "The ContentSid is Invalid"),
    21656: (400, "The ContentVariables Parameter is invalid"),
    21658: (400, "Parameter exceeded character limit"),
    21701: (400, "The Messaging Service does not exist"),
    21910: (400, "Invalid From and To pair. From and To should be of the same channel"),
    35127: (400, "Messages' Body and ContentVariables cannot be provided together"),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
    92001: (400, "'Types' Parameter Required"),
    92003: (400, "'language' Parameter Required"),
}
"""Codes that answer a request at once: HTTP status and message."""

LATER: dict[int, str] = {
    30003: "Unreachable destination handset",
    30005: "Unknown destination handset",
    30008: "Unknown error",
    63005: "Channel did not accept given content",
    63013: "Channel policy violation",
    63016: "Failed to send freeform message because you are outside the allowed window",
}
"""Codes a message fails with after it was accepted: they arrive as a status, never as the answer."""


class TwilioError(Exception):
    """A request Twilio refuses. The text never quotes what the request held."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.status, message = ERRORS[code]
        self.message = f"{message}: {detail}" if detail else message
        super().__init__(f"{code} {self.message}")

    def as_json(self) -> dict[str, Any]:
        """The error as Twilio's API shows it."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
