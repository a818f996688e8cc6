"""Templates, and a role's own variables evaluated outside of the role, so that many roles can be looked at together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import template
from ansible.template import Templar
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import ROLES

# What each role decides once, from its variable _ROLE_decided, and by what name its files read it.
DECISIONS = {
    "nginx": "_nginx_plan",
    "app": "app_plan",
    "certificate": "_certificate_plan",
    "hardening": "_hardening_plan",
}


class RoleView:
    """A role as its tasks and templates see it, after it has decided."""

    def __init__(self, loader: Any, role: str, variables: Mapping[str, Any]) -> None:
        """
        Args:
            loader: Ansible's, which reads and decrypts.
            role: its name in this collection.
            variables: the host's, and the role's arguments.
        """
        path = str(ROLES / role)
        own = _trusted(loader, f"{path}/vars/main.yml")
        self._loader = loader
        self._variables = {**variables, **own, "role_path": path, "ansible_search_path": [path]}
        self.role = role
        self.decision = self.value(f"_{role}_decided")
        self.add(DECISIONS[role], self.decision)

    def add(self, name: str, value: Any) -> None:
        """Gives a variable of the role the value that it has after a look."""
        self._variables[name] = value

    def value(self, name: str) -> Any:
        """A variable, with all that it mentions."""
        return Templar(self._loader, variables=self._variables).template(self._variables[name])


def render(loader: Any, path: str, variables: Mapping[str, Any]) -> str:
    """The text of a template, with its trailing newline; what it includes lies beside it."""
    file = Path(path)
    text = file.read_text(encoding="utf-8")
    templar = Templar(loader, variables=variables).copy_with_new_env(searchpath=[str(file.parent)])
    if hasattr(template, "trust_as_template"):
        return str(templar.template(template.trust_as_template(text), escape_backslashes=False))
    # ansible-core 2.18 trusts what it is given, and would make a dictionary of text that looks like one.
    return str(templar.template(text, preserve_trailing_newlines=True, convert_data=False, escape_backslashes=False))


def _trusted(loader: Any, path: str) -> dict[str, Any]:
    """Variables of a file of ours, which are templates."""
    try:
        found: dict[str, Any] = loader.load_from_file(path, trusted_as_template=True)
    except TypeError:  # ansible-core 2.18 takes all that it loads for templates
        found = loader.load_from_file(path)
    return found
