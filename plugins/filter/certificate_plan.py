# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.certificate_plan: a certificate's desired state from what the user wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils import certificates
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


def certificate_plan(options: Mapping[str, Any]) -> dict[str, Any]:
    return certificates.certificate_plan(plain(options))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"certificate_plan": certificate_plan}
