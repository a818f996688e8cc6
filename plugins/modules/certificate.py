#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module asgi.deploy.certificate: has a certificate, if only a stand-in."""

from __future__ import annotations

DOCUMENTATION = """
module: certificate
short_description: Has a certificate, if only a stand-in
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Gets the certificate that the role P(asgi.deploy.certificate#role) has written down, and puts it where it is
    served from.
  - When the CA gives none, warns, with its words and the likely reason. What is served then is the certificate from
    before, or a self-signed stand-in where there is none that is still good.
attributes:
  check_mode:
    support: full
    description: Tells that there would be a change.
  diff_mode:
    support: none
    description: Tells only that there would be a change.
options:
  name:
    description: The certificate's name.
    type: str
    required: true
"""

EXAMPLES = """
- name: Have the certificate
  asgi.deploy.certificate:
    name: shop
"""

RETURN = """
problem:
  description: Why the CA issued no certificate, and what is served now.
  type: str
  returned: when it gave none
"""

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import certificate as act_certificate
from ansible_collections.asgi.deploy.plugins.module_utils._module import run_act


def main() -> None:
    run_act(act_certificate)


if __name__ == "__main__":
    main()
