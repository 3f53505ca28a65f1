#!/usr/bin/env python3
"""Fills a store with past Processings: `fill.py STATE COUNT`, while no Launcher uses it.

It copies what the Launcher itself wrote: all that the store has of ended Processings, with new numbers, keys and times, in
turns. So it knows of the schema no more than how its tables refer to each other, and what it writes is as the Launcher
would have left it after COUNT Processings, spread over the last 300 days.
"""

import os
import sqlite3
import sys
import time

DAYS, DAY = 300, 86_400_000
TABLES = ["event", "processing", "attempt", "journal"]
TIMES = {"at", "created_at", "started_at", "ended_at", "expires_at", "queued_at"}


class FillError(Exception):
    """Why the store cannot be filled, as a line for people."""


def columns(connection, table):
    found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    if not found:
        raise FillError(f"the store has no table {table}")
    return found


def copies(table, names):
    """The statement that copies a table's rows for the copies 1 to :count."""
    def expression(name):
        if name in TIMES:
            return f"o.{name} - t.created_at + :first + n.i * :step"
        return {
            ("event", "id"): ":event + n.i", ("event", "key"): "o.key || '-past-' || n.i",
            ("processing", "id"): ":processing + n.i", ("processing", "event"): ":event + n.i",
            ("attempt", "processing"): ":processing + n.i", ("journal", "processing"): ":processing + n.i",
            ("journal", "id"): "NULL",
        }.get((table, name), f"o.{name}")

    link = {"event": "o.id = t.event", "processing": "o.id = t.id"}.get(table, "o.processing = t.id")
    return f"""
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
        INSERT INTO {table} ({", ".join(names)})
        SELECT {", ".join(expression(name) for name in names)}
        FROM n CROSS JOIN temp.template t ON t.turn = n.i % :turns CROSS JOIN {table} o ON {link}
        """


def fill(state, count):
    """Adds `count` Processings and what belongs to them."""
    connection = sqlite3.connect(os.path.join(state, "altp.db"), isolation_level=None)
    # Nothing is lost that this could not make again; the Launcher's connection sets its own way.
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;")
    connection.executescript("""
        CREATE TEMP TABLE template AS
        SELECT id, event, task, created_at, row_number() OVER (ORDER BY id) - 1 AS turn FROM processing
        WHERE event IS NOT NULL AND status NOT IN ('waiting', 'running') AND uid_block IS NULL;
        CREATE UNIQUE INDEX temp.template_turn ON template (turn);
        """)
    turns = connection.execute("SELECT count(*) FROM temp.template").fetchone()[0]
    if turns == 0:
        raise FillError("the store has no ended Processing of an Event whose directories are gone: nothing to copy")
    last = {table: connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0] for table in ("event", "processing")}
    values = {"count": count, "turns": turns, "event": last["event"], "processing": last["processing"],
              "step": DAYS * DAY // count, "first": int(time.time() * 1000) - DAYS * DAY}
    connection.execute("BEGIN")
    for table in TABLES:
        connection.execute(copies(table, columns(connection, table)), values)
    # The counts that are kept as it goes, a day at a time.
    today = int(time.time() * 1000) // DAY
    kept = connection.execute("SELECT task, script, outcome, sum(count), sum(milliseconds) FROM statistic GROUP BY 1, 2, 3")
    for task, script, outcome, number, milliseconds in kept.fetchall():
        share = count / turns / DAYS
        connection.executemany(
            "INSERT INTO statistic (task, script, day, outcome, count, milliseconds) VALUES (?, ?, ?, ?, ?, ?)",
            [(task, script, today - day, outcome, round(number * share), round(milliseconds * share))
             for day in range(1, DAYS + 1)])
        connection.execute(
            "UPDATE statistic_total SET count = count + ?, milliseconds = milliseconds + ? "
            "WHERE task = ? AND script = ? AND outcome = ?",
            (round(number * share) * DAYS, round(milliseconds * share) * DAYS, task, script, outcome))
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: fill.py STATE COUNT")
    try:
        fill(sys.argv[1], int(sys.argv[2]))
    except (FillError, sqlite3.Error) as problem:
        sys.exit(f"fill: {problem}")
