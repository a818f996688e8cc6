"""gunicorn's configuration. The listener comes from systemd, so nothing is bound here."""

from __future__ import annotations

import logging.config
from typing import Any

from gunicorn import glogging
from gunicorn.app import base

from .logs import configuration
from .replacement import WSGI, Arbiter
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

worker_class: type[Any]
if SETTINGS["server"] == "gunicorn":
    from .workers import Worker

    worker_class = Worker
elif SETTINGS["server"] == "gunicorn-asgi":
    from .asgi_worker import Worker as AsgiWorker

    worker_class = AsgiWorker
else:
    worker_class = WSGI[SETTINGS["gunicorn"]["worker_class"]]

if SETTINGS["health"]["metrics"]:

    def child_exit(server: Any, worker: Any) -> None:
        from .metrics import forget

        forget(worker.pid)
        if "child_exit" in _hooks:
            _hooks["child_exit"](server, worker)
