"""What happened to each message, in that order: a trigger of the test's own writes down every step that was committed."""

from benchmarks.chaos.line import Line

_BEGIN = """
    CREATE TABLE IF NOT EXISTS chaos_history (
        id bigint GENERATED ALWAYS AS IDENTITY, message uuid NOT NULL, state_before text, state_after text,
        status_before text, status_after text);
    CREATE OR REPLACE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO chaos_history (message, state_before, state_after, status_before, status_after)
        VALUES (NEW.id, OLD.state, NEW.state, OLD.status, NEW.status);
        RETURN NULL; END $$;
    DROP TRIGGER IF EXISTS chaos_note ON message;
    CREATE TRIGGER chaos_note AFTER UPDATE ON message FOR EACH ROW
        WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION chaos_note();
"""
_END = "DROP TRIGGER IF EXISTS chaos_note ON message; DROP FUNCTION IF EXISTS chaos_note(); DROP TABLE IF EXISTS chaos_history"


def begin(line: Line) -> None:
    """Write down every step from now on."""
    line.run(_BEGIN)


def end(line: Line) -> None:
    """Forget the steps."""
    line.run(_END)
