"""One client for what tests ask over HTTP: to make a new one for every request took longer than most requests."""

import httpx

HTTP = httpx.Client(trust_env=False, timeout=10)
