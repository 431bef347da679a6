"""`rasa …` with one change: the built-in Twilio channel's client calls the stand-in instead of Twilio. Run by Rasa's interpreter."""

# ruff: noqa: PLC0415 (Rasa is imported late; Python 3.10)

import os
import sys

import twilio.rest


def _stand_in(_client: twilio.rest.Client, uri: str) -> str:
    return uri.replace("https://api.twilio.com", os.environ["STOCK_TWILIO_API"])


def main() -> None:
    twilio.rest.Client.get_hostname = _stand_in
    # `python -m` puts this folder's parent first; Rasa must find its own modules there, and nothing of ours.
    from rasa.__main__ import main as rasa

    rasa()


if __name__ == "__main__":
    sys.exit(main())
