"""Applications of both kinds that take their time to be imported."""

import time

from tests.runtime.apps.reports import report

report("importing")
time.sleep(1)

from tests.runtime.apps.asgi_site import app  # noqa: E402
from tests.runtime.apps.wsgi_site import app as wsgi  # noqa: E402

__all__ = ["app", "wsgi"]
