#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action asgi.deploy.survey, which asks the host."""

from __future__ import annotations

DOCUMENTATION = """
module: survey
short_description: Finds out which roles and applications have something to do on a host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Asks the host for the facts that decisions need, decides on the controller what shall be, makes all files and
    units, and has one call on the host compare them with what is there, so that a run that changes nothing costs two
    round trips however many roles and applications there are. Where the connection has no pipelining these are the
    module M(asgi.deploy.look).
  - What was decided is returned, and P(asgi.deploy.wanted#lookup) makes of it what a role's tasks take.
  - The result is not shown, whatever the verbosity, as decisions may hold secrets.
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
  diff_mode:
    support: full
    description: Finds the differences of files as well; the filter P(asgi.deploy.changes#filter) shows them.
options:
  roles:
    description: Roles of the host, by their names in this collection.
    type: list
    elements: str
    default: []
  needed_roles:
    description: Whether the roles that the host needs for its applications are inspected, too.
    type: bool
    default: false
  apps:
    description: Applications, as in entries of C(asgi_apps), each with its certificate.
    type: list
    elements: dict
    default: []
  installs:
    description:
      - Whether RV(missing_packages), RV(later_packages) and RV(missing_venvs) are installed before roles and
        applications act, so that these need not be told of them. In check mode, in which nothing is installed, they are
        told.
    type: bool
    default: false
  refuse_stopped:
    description:
      - Whether an application that is stopped is a reason to do nothing, as RV(refusals) tell. Otherwise all of it but
        its release is brought up to date, and the run says that it is stopped.
    type: bool
    default: false
"""

EXAMPLES = """
- name: Inspect the host
  asgi.deploy.survey:
    needed_roles: true
    apps: "{{ asgi_apps }}"
  register: survey
"""

RETURN = """
check_mode:
  description: Whether nothing is to be changed.
  type: bool
  returned: success
roles:
  description:
    - For each role what differs, and with it C(decided), all that its own variables are made of, C(due), whether it has
      something to do, and C(check_mode).
  type: dict
  returned: success
apps:
  description:
    - The same for each application's C(host), C(certificate) and C(release). C(packed) in C(decided) is what comes from
      the controller.
  type: dict
  returned: success
due:
  description: The roles and applications that have something to do, and in check mode all.
  type: list
  elements: str
  returned: success
  sample: [role nginx, shop]
roles_before:
  description: The roles that have something to do before the applications, in the order of a run.
  type: list
  elements: str
  returned: success
  sample: [nginx]
roles_after:
  description: The roles that have something to do after the applications, in the order of a run.
  type: list
  elements: str
  returned: success
  sample: [hardening]
order:
  description:
    - The names of the applications as they are put right one after the other, so that nobody's server is missing
      meanwhile. As they were given, but who owns the server of a domain comes before those below it, and who goes from
      a domain that another one has now goes last.
  type: list
  elements: str
  returned: success
refusals:
  description: Why no role begins, as the hardening or an application that is stopped allows nothing; each with which.
  type: list
  elements: str
  returned: success
problems:
  description: Why nothing can be done about what differs, or why it cannot be told, each with its role or application.
  type: list
  elements: str
  returned: success
missing_packages:
  description:
    - Debian packages that these miss to begin with; none when one of them will refuse to go on.
  type: list
  elements: str
  returned: success
later_packages:
  description:
    - Other packages that are missing, in groups as they are needed; O(asgi.deploy.install#module:later) takes them.
  type: list
  elements: list
  returned: success
missing_venvs:
  description:
    - Virtual environments that are to be built and need nothing that is shipped to the host, as M(asgi.deploy.install)
      takes them; none when one of them will refuse to go on.
  type: list
  elements: dict
  returned: success
ansible_facts:
  description: What decisions need to know of the host, as M(asgi.deploy.look) finds it.
  type: dict
  returned: success
"""
