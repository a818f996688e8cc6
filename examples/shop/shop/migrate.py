"""Bring the database's schema up to date: `python -m shop.migrate`. Running it again changes nothing."""

import asyncio
import os
import sys

import asyncpg

SCHEMA = """\
CREATE TABLE IF NOT EXISTS orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    placed timestamptz NOT NULL DEFAULT now()
)
"""
LOCK = 5_460_819  # any number, as long as it is ours: two hosts may release at the same time


async def migrate(url: str) -> None:
    """Apply the schema, in one transaction."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            await connection.execute(SCHEMA)
    finally:
        await connection.close(timeout=10)


def main() -> None:
    """Migrate the database that DATABASE_URL names."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("shop.migrate: DATABASE_URL is not set")
    try:
        asyncio.run(migrate(url))
    except (OSError, asyncpg.PostgresError) as error:
        sys.exit(f"shop.migrate: {type(error).__name__}: {error}")
    print("shop.migrate: the schema is up to date")


if __name__ == "__main__":
    main()
