"""Fills a line's database with conversations that were held before: copies of one that was really held, so that a turn meets them.

What is encrypted is copied as it is: it is as long as a real one, and nobody reads it.
"""

from psycopg import sql

from app.embedded import ENGINE
from benchmarks.line.lines import Line

PIECE = 100_000
_MESSAGES = 2
"""Kept of each conversation: what they wrote, and an answer."""


def store(line: Line, wanted: int) -> int:
    """Fill up to so many conversations; how many there are now."""
    there = stored(line)
    while there < wanted:
        count = min(PIECE, wanted - there)
        if line.name == "waymark":
            _waymark(line, count)
        else:
            _stock(line, count)
        there += count
    with line.connect() as connection:
        connection.execute("ANALYZE")
    if line.name == "waymark":
        with line.connect(ENGINE) as connection:
            connection.execute("ANALYZE")
    return there


def stored(line: Line) -> int:
    """Conversations in the database."""
    query = (
        b"SELECT count(*) FROM conversation"
        if line.name == "waymark"
        else b"SELECT count(DISTINCT sender_id) FROM events"
    )
    with line.connect() as connection:
        row = connection.execute(query).fetchone()
    return int(str(row[0])) if row else 0


def _waymark(line: Line, count: int) -> None:
    with line.connect() as connection, connection.transaction():
        connection.execute(
            b"CREATE TEMP TABLE made ON COMMIT DROP AS SELECT gen_random_uuid() AS person_id, gen_random_uuid() AS id,"
            b" gen_random_uuid() AS key_id, generate_series(1, %s) AS number",
            (count,),
        )
        for table, changed, pattern, times in (
            (
                "person",
                {"id": "made.person_id", "phone_hash": "sha256(made.id::text::bytea)"},
                "TRUE",
                1,
            ),
            ("person_key", {"id": "made.key_id", "person_id": "made.person_id"}, "TRUE", 1),
            ("conversation", {"id": "made.id", "person_id": "made.person_id"}, "TRUE", 1),
            ("message", {**_message, "direction": "'inbound'"}, "direction = 'inbound'", 1),
            ("message", _message, "direction = 'outbound' AND state = 'sent'", _MESSAGES - 1),
        ):
            columns = [
                str(row[0])
                for row in connection.execute(
                    b"SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
                    b" AND is_identity = 'NO' AND is_generated = 'NEVER' AND coalesce(column_default, '') NOT LIKE 'nextval%%'",
                    (table,),
                )
            ]
            statement = sql.SQL(
                "INSERT INTO {table} ({columns}) SELECT {values} FROM made CROSS JOIN"
                " (SELECT * FROM {table} WHERE {pattern} ORDER BY created_at DESC LIMIT {times}) AS pattern"
            ).format(
                table=sql.Identifier(table),
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                values=sql.SQL(", ").join(
                    sql.SQL(changed[name]) if name in changed else sql.SQL("pattern.") + sql.Identifier(name)
                    for name in columns
                ),
                pattern=sql.SQL(pattern),
                times=sql.Literal(times),
            )
            connection.execute(statement)
    with line.connect(ENGINE) as connection:
        connection.execute(
            b"INSERT INTO engine.tracker (conversation_id, sealed) SELECT gen_random_uuid()::text, sealed FROM generate_series(1, %s),"
            b" (SELECT sealed FROM engine.tracker ORDER BY updated_at DESC LIMIT 1) AS pattern",
            (count,),
        )


_message = {
    "id": "gen_random_uuid()",
    "conversation_id": "made.id",
    "provider_sid": "CASE WHEN pattern.provider_sid IS NOT NULL THEN 'SM' || md5(made.id::text || pattern.id::text) END",
    "turn_id": "NULL",
}


def _stock(line: Line, count: int) -> None:
    with line.connect() as connection:
        connection.execute(
            b"INSERT INTO events (sender_id, type_name, timestamp, intent_name, action_name, data)"
            b" SELECT 'copy-' || gen.id, type_name, timestamp, intent_name, action_name, data FROM"
            b" (SELECT gen_random_uuid()::text AS id FROM generate_series(1, %s)) AS gen CROSS JOIN"
            b" (SELECT * FROM events WHERE sender_id = (SELECT sender_id FROM events ORDER BY id DESC LIMIT 1)"
            b" ORDER BY id LIMIT 8) AS pattern",
            (count,),
        )
