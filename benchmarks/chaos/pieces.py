"""A storm in pieces: one that takes longer than there is time is gone on with later (`--add`), on a fresh line, with a seed of its own."""

from typing import Any

SUMS = (
    "messages_written", "conversations", "kills", "parked", "cases", "given_back", "turns", "found_by_reconciliation",
    "storm_seconds", "all_seconds",
)  # fmt: skip
TABLES = ("killed", "faults_planned", "replies")


def together(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both pieces as one result: what was done and looked at is added up, and what was broken in either is broken. Raises ValueError."""
    if [one["promise"] for one in first["promises"]] != [one["promise"] for one in second["promises"]]:
        raise ValueError("the pieces look at other promises: begin anew, without --add")
    whole = {**second, "messages_wanted": first["messages_wanted"], "seeds": [*seeds(first), *seeds(second)]}
    whole |= {name: first.get(name, 0) + second.get(name, 0) for name in SUMS}
    for name in TABLES:
        kinds = sorted({*first[name], *second[name]})
        whole[name] = {kind: first[name].get(kind, 0) + second[name].get(kind, 0) for kind in kinds}
    whole["promises"] = [
        {
            "promise": one["promise"],
            "looked_at": one["looked_at"] + other["looked_at"],
            "broken": [*one["broken"], *other["broken"]],
        }
        for one, other in zip(first["promises"], second["promises"], strict=True)
    ]
    for name in ("ready_again", "calm"):
        whole[name] = first[name] and second[name]
    return whole


def seeds(result: dict[str, Any]) -> list[int]:
    """The seed of each piece."""
    return list(result.get("seeds", [result["seed"]]))
