"""The guide's access log in JSON: a formatter for all loggers, and a middleware that logs each request."""

import json
import logging
import sys
import time
import uuid
from datetime import datetime, timezone

from serving import bare
from starlette.middleware.base import BaseHTTPMiddleware

STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime"}
access = logging.getLogger("access")


class Lines(logging.Formatter):
    def format(self, record):
        line = {
            "timestamp": datetime.now(timezone.utc).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "service": "guide",
        }
        return json.dumps(line | {name: value for name, value in vars(record).items() if name not in STANDARD})


class AccessLog(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        request_id = request.headers.get("X-Request-ID", str(uuid.uuid4()))
        began = time.time()
        response = await call_next(request)
        access.info(
            "Request completed",
            extra={
                "request_id": request_id,
                "method": request.method,
                "path": request.url.path,
                "query": str(request.query_params),
                "status_code": response.status_code,
                "duration_ms": round((time.time() - began) * 1000, 2),
                "client_ip": request.client.host if request.client else "unknown",
                "user_agent": request.headers.get("user-agent", "unknown"),
            },
        )
        response.headers["X-Request-ID"] = request_id
        return response


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(Lines())
logging.basicConfig(level=logging.INFO, handlers=[handler])
bare = AccessLog(bare)
