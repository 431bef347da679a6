"""The form of a webhook, read without losing a byte: the signature covers exactly what was sent, however broken it is."""

from urllib.parse import parse_qsl

MAX_BYTES = 256 * 1024
"""Longest body that is read: 10,000 characters of four bytes each, percent-encoded, fit twice."""
_MAX_FIELDS = 400


class Form(dict[str, list[str]]):
    """Names to values, in order. Undecodable bytes are kept as surrogates, so that `sign` sees the bytes that came."""

    @classmethod
    def parse(cls, body: bytes) -> "Form":
        """Read `a=1&b=2`. Never raises: what is no form is an empty one."""
        form = cls()
        try:
            pairs = parse_qsl(
                body.decode("latin-1"),
                keep_blank_values=True,
                encoding="utf-8",
                errors="surrogateescape",
                max_num_fields=_MAX_FIELDS,
            )
        except ValueError:
            return form
        for name, value in pairs:
            form.setdefault(name, []).append(value)
        return form

    def getlist(self, name: str) -> list[str]:
        """Every value of a name: what the signature is computed over."""
        return self.get(name, [])

    def text(self, name: str) -> str | None:
        """The first value of a name as text: broken bytes become lone surrogates or replacement characters."""
        values = self.get(name)
        return readable(values[0]) if values else None

    def plain(self) -> dict[str, list[str]]:
        """Everything, as text that JSON can hold."""
        return {readable(name): [readable(value) for value in values] for name, values in self.items()}


def readable(text: str) -> str:
    """Text from bytes that were kept as surrogates."""
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")
