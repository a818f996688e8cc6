#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action asgi.deploy.survey, which asks the host."""

from __future__ import annotations

DOCUMENTATION = """
module: survey
short_description: Determines which roles and applications have something to do on a host
version_added: 0.1.0
author: asgi.deploy contributors (!UNKNOWN)
description:
  - Asks the host for facts, plans the desired state on the controller, renders all files and units, and compares them
    with the host in one call. So a run that changes nothing costs two round trips, for any number of roles and
    applications. Without pipelining both are the module M(asgi.deploy.look).
  - Returns the plans, from which P(asgi.deploy.desired_state#lookup) makes what a role's tasks take.
  - The result is not shown, whatever the verbosity, as plans may hold secrets.
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
  diff_mode:
    support: full
    description: Returns the differences of files as well; the filter P(asgi.deploy.changes#filter) shows them.
options:
  roles:
    description: Roles of the host, by their names in this collection.
    type: list
    elements: str
    default: []
  needed_roles:
    description: Whether to inspect also the roles that the host needs for its applications.
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
        applications act, so that their results leave these out. In check mode, in which nothing is installed, they
        stay.
    type: bool
    default: false
  refuse_stopped:
    description:
      - Whether a stopped application is a reason to do nothing, which RV(refusals) names. Otherwise everything except
        its release is updated, and the run reports that it is stopped.
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
  description: Whether nothing may be changed.
  type: bool
  returned: success
roles:
  description:
    - For each role what differs, with C(decided), its plan, C(pending), whether it has something to do, and
      C(check_mode).
  type: dict
  returned: success
apps:
  description:
    - The same for each application's C(host), C(certificate) and C(release). C(packed) in C(decided) is what is shipped
      from the controller.
  type: dict
  returned: success
pending:
  description: The roles and applications that have something to do; in check mode all.
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
roles_ahead:
  description:
    - Those of RV(roles_after) that run before the applications as well. The firewall lets visitors in on a port that an
      application is about to get, before another one is closed.
  type: list
  elements: str
  returned: success
roles_after:
  description: The roles that have something to do after the applications, in the order of a run.
  type: list
  elements: str
  returned: success
  sample: [hardening]
order:
  description:
    - The names of the applications in the order of the run, in which no server is missing at any time. It is the order
      of C(asgi_apps), except that the owner of a domain's server comes before applications below it, and an application
      that leaves a domain to another one comes last.
  type: list
  elements: str
  returned: success
refusals:
  description: Why no role begins, each with its role or application, such as a hardening that would lock out its user.
  type: list
  elements: str
  returned: success
problems:
  description: Why differences cannot be applied, or an inspection failed, each with its role or application.
  type: list
  elements: str
  returned: success
missing_packages:
  description:
    - Debian packages to install first; none if a role or an application refuses.
  type: list
  elements: str
  returned: success
later_packages:
  description:
    - Other missing packages, in groups in the order of need; O(asgi.deploy.install#module:later) takes them.
  type: list
  elements: list
  returned: success
remarks:
  description: What users must know of the host's system, such as that no one has tried it.
  type: list
  elements: str
  returned: success
missing_venvs:
  description:
    - Virtual environments to build that need no shipped wheels, as M(asgi.deploy.install) takes them; none if a role or
      an application refuses.
  type: list
  elements: dict
  returned: success
ansible_facts:
  description: The facts that decisions depend on, as M(asgi.deploy.look) returns them.
  type: dict
  returned: success
"""
