"""The same document in an older version, or as an item of a list: what the schema of that form does not have is left out."""

from typing import Any

from directory.hsds.schemas import Version, compiled


def fitted(document: dict[str, Any], kind: str, version: Version, *, listed: bool = False) -> dict[str, Any]:
    """The document with the properties that this form of this version has, and no others."""
    schema = compiled(kind, version, listed=listed)
    return _fit(document, schema, schema["$defs"])  # type: ignore[no-any-return]


def _fit(value: Any, schema: Any, definitions: dict[str, Any]) -> Any:
    reference = schema.get("$ref")
    if reference:
        schema = definitions[reference.rsplit("/", 1)[-1]]
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {name: _fit(inner, properties[name], definitions) for name, inner in value.items() if name in properties}
    if isinstance(value, list):
        items = schema.get("items", {})
        return [_fit(item, items, definitions) for item in value]
    return value
