"""gunicorn's configuration. The listener comes from systemd, so nothing is bound here."""

from __future__ import annotations

import logging.config
from typing import Any

from gunicorn import glogging
from gunicorn.app import base
from setproctitle import getproctitle

from .logs import configuration
from .replacement import KEEPS_CONNECTIONS, Arbiter
from .settings import RELEASE, SETTINGS, attribute

globals().update(SETTINGS["gunicorn"])


class logger_class(glogging.Logger):  # type: ignore[misc]
    """A logger of gunicorn without its access log, which the setting `logconfig_dict` would turn on."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        logging.config.dictConfig(configuration(SETTINGS, RELEASE))


_hooks = {name: attribute(path) for name, path in SETTINGS["hooks"].items()}
globals().update(_hooks)

base.Arbiter = Arbiter  # gunicorn has no setting for it

# By its name: gunicorn before 23 wants a text.
_WORKERS = {
    "gunicorn": "workers.Worker",
    "gunicorn-asgi": "asgi_worker.Worker",
    "sync": "replacement.SyncWorker",
    "gthread": "replacement.ThreadWorker",
}
worker_class = f"{__package__}." + _WORKERS[SETTINGS["gunicorn"].get("worker_class", SETTINGS["server"])]
if not KEEPS_CONNECTIONS and worker_class.endswith("ThreadWorker"):
    keepalive = 0

# gunicorn before 24 changes the environment first, and then the memory of the title is not found.
getproctitle()

if SETTINGS["health"]["metrics"]:

    def child_exit(server: Any, worker: Any) -> None:
        from .metrics import forget

        forget(worker.pid)
        if "child_exit" in _hooks:
            _hooks["child_exit"](server, worker)
