"""What the shop is for: orders in PostgreSQL, and a count of its visits in Redis."""

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from shop.models import NewOrder, Order, Visits
from shop.services import Services

logger = logging.getLogger(__name__)
router = APIRouter(tags=["shop"], responses={status.HTTP_503_SERVICE_UNAVAILABLE: {"description": "Not just now"}})


def services(request: Request) -> Services:
    """Return the clients that the lifespan made."""
    return request.state.services


Backing = Annotated[Services, Depends(services)]


@router.post("/orders", status_code=status.HTTP_201_CREATED)
async def place(order: NewOrder, backing: Backing) -> Order:
    """Take an order."""
    async with backing.database() as database:
        query = "INSERT INTO orders (item, quantity) VALUES ($1, $2) RETURNING *"
        placed = Order.model_validate(dict(await database.fetchrow(query, order.item, order.quantity)))
    logger.info("order placed", extra={"order": placed.id, "item": placed.item, "quantity": placed.quantity})
    return placed


@router.get("/orders")
async def latest(backing: Backing) -> list[Order]:
    """Return the latest orders, newest first."""
    async with backing.database() as database:
        rows = await database.fetch("SELECT * FROM orders ORDER BY id DESC LIMIT 20")
    return [Order.model_validate(dict(row)) for row in rows]


@router.get("/visits")
async def visit(backing: Backing) -> Visits:
    """Count this visit, and return how many there were."""
    with backing.redis() as redis:
        return Visits(visits=await redis.incr("visits"))
