# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter asgi.deploy.dns_credentials: the file that certbot's plugin for a DNS provider reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils import certificates
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


def dns_credentials(plugin: Mapping[str, Any] | None) -> str:
    return certificates.dns_credentials(plain(plugin))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"dns_credentials": dns_credentials}
