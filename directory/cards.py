"""What is told of the few services that were chosen, in one query: their texts, numbers that may be told, and the door's address."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from directory.candidates import Candidate

_CARDS = """
SELECT s.id, s.name, s.description, s.alert, s.alert_until, s.eligible_sex, s.walk_in, s.referral_needed, s.documents_required,
    s.legal_status, s.is_hotline, s.is_example, o.name AS organization,
    ARRAY(SELECT need FROM service_need AS n WHERE n.service_id = s.id ORDER BY need) AS needs,
    (SELECT json_agg(t) FROM (
        SELECT language, name, description, alert FROM service_text
        WHERE service_id = s.id AND state = 'approved' AND language IN (:language, 'en')) AS t) AS texts,
    ARRAY(SELECT p.number FROM phone AS p
        WHERE (p.service_id = s.id OR p.location_id = asked.location_id)
            AND (:demonstration OR (p.verified_on IS NOT NULL AND NOT p.is_example))
        ORDER BY p.service_id IS NULL, p.position, p.id) AS phones,
    (SELECT concat_ws(', ', nullif(a.address_1, ''), nullif(a.address_2, ''), nullif(a.city, '')) FROM address AS a
        WHERE a.location_id = asked.location_id AND a.address_type = 'physical' ORDER BY a.id LIMIT 1) AS address
FROM (VALUES {asked}) AS asked (service_id, location_id)
JOIN service AS s ON s.id = asked.service_id
JOIN organization AS o ON o.id = s.organization_id
"""


@lru_cache(maxsize=64)
def _statement(count: int) -> TextClause:
    """The statement for so many. Their number is in it, so that the server keeps its plan: a list it would plan at each search."""
    asked = ", ".join(f"(CAST(:service_{one} AS uuid), CAST(:location_{one} AS uuid))" for one in range(count))
    return text(_CARDS.format(asked=asked))


def cards(
    session: Session, chosen: Sequence[Candidate], language: str | None, *, demonstration: bool
) -> dict[UUID, Any]:
    """A row for each service. Of a confidential one neither address nor the location's numbers are even asked for."""
    if not chosen:
        return {}
    values: dict[str, Any] = {"language": language or "en", "demonstration": demonstration}
    for number, one in enumerate(chosen):
        values[f"service_{number}"] = one.service_id
        values[f"location_{number}"] = None if one.is_confidential else one.location_id
    return {row.id: row for row in session.connection().execute(_statement(len(chosen)), values)}
