#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.certificate: obtains a certificate, or makes a stand-in."""

from __future__ import annotations

DOCUMENTATION = """
module: certificate
short_description: Obtains a certificate, or makes a stand-in
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Obtains the certificate that the role P(asgi.deploy.certificate#role) has recorded on the host, and installs it
    where the server reads it.
  - If the CA issues none, warns with its message and the likely reason. Then the former certificate is served, or a
    self-signed stand-in if there is no valid one.
attributes:
  check_mode:
    support: full
    description: Reports whether there would be a change.
  diff_mode:
    support: none
    description: Reports only whether there would be a change.
options:
  name:
    description: The certificate's name.
    type: str
    required: true
"""

EXAMPLES = """
- name: Obtain the certificate
  asgi.deploy.certificate:
    name: shop
"""

RETURN = """
problem:
  description: Why the CA issued no certificate, and what is served now.
  type: str
  returned: if the CA issued none
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import certificate as act_certificate
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    """Run the module."""
    run_act(act_certificate)


if __name__ == "__main__":
    main()
