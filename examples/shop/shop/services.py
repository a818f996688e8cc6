"""The backing services: PostgreSQL where DATABASE_URL is set, Redis where REDIS_URL is set."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import asyncpg
from fastapi import HTTPException, status
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

CONNECTIONS = 2
"""Connections to PostgreSQL of one worker; while a release replaces another, the workers of both run."""
TIMEOUT = 1
"""Seconds that a service has to take a connection, and again to answer."""

# What asyncpg raises when PostgreSQL refuses or hangs, closes a connection, starts or shuts down.
POSTGRESQL_DOWN = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)


@dataclass(frozen=True)
class Services:
    """Clients that connect when they are used: the application starts without the services, and outlives them."""

    pool: asyncpg.Pool | None
    client: Redis | None

    @classmethod
    @asynccontextmanager
    async def from_environment(cls) -> AsyncIterator[Self]:
        """Prepare a client for each service that has a URL, and close them in the end."""
        pool = client = None
        if url := os.environ.get("DATABASE_URL"):
            # min_size=0: nothing is connected before it is needed, be it at the start or once the database is back.
            sizes = {"min_size": 0, "max_size": CONNECTIONS}
            pool = await asyncpg.create_pool(url, timeout=TIMEOUT, command_timeout=TIMEOUT, **sizes)
        if url := os.environ.get("REDIS_URL"):
            # Once more where Redis has closed a connection; not, as by default, for many seconds while a visitor waits.
            retry = Retry(NoBackoff(), retries=1, supported_errors=(RedisConnectionError,))
            client = Redis.from_url(url, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT, retry=retry)
        try:
            yield cls(pool, client)
        finally:
            if pool:
                pool.terminate()  # its connections are idle: every request was answered
            if client:
                await client.aclose()

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """Yield a connection to PostgreSQL; the visitor gets 503 where there is none."""
        with answering("postgresql", POSTGRESQL_DOWN):
            if not self.pool:
                raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "DATABASE_URL is not set")
            async with self.pool.acquire(timeout=TIMEOUT) as connection:
                yield connection

    @contextmanager
    def redis(self) -> Iterator[Redis]:
        """Yield a connection to Redis; the visitor gets 503 where there is none."""
        with answering("redis", (OSError, RedisError)):
            if not self.client:
                raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "REDIS_URL is not set")
            yield self.client

    async def down(self) -> list[str]:
        """Return the services that were given and do not answer; the log says why."""
        probes: dict[str, Awaitable[Any]] = {}
        if self.pool:
            probes["postgresql"] = self._ask_postgresql(self.pool)
        if self.client:
            probes["redis"] = self.client.ping()
        answers = await asyncio.gather(*probes.values(), return_exceptions=True)
        wrong = {name: answer for name, answer in zip(probes, answers, strict=True) if isinstance(answer, Exception)}
        for name, error in wrong.items():
            warn(name, error)
        return list(wrong)

    async def _ask_postgresql(self, pool: asyncpg.Pool) -> None:
        async with pool.acquire(timeout=TIMEOUT) as connection:
            await connection.execute("SELECT 1")


@contextmanager
def answering(name: str, down: tuple[type[Exception], ...]) -> Iterator[None]:
    """Make 503 of a service that is down, and of nothing else."""
    try:
        yield
    except down as error:
        warn(name, error)
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, f"{name} is down") from error


def warn(name: str, error: Exception) -> None:
    """Log in one line what a client says of its service."""
    logger.warning("%s is down: %s: %s", name, type(error).__name__, error, extra={"backing": name})
