"""The variables of one host as Ansible has them, and the files on the controller that they name."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.loader import lookup_loader
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import local_files as controller
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain, resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import AnyRole
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import rule_errors


class AnsibleHostContext:
    """One host's variables, and the files on the controller that they name."""

    def __init__(self, loader: Any, templar: Any, variables: Mapping[str, Any]) -> None:
        """
        Args:
            loader: Ansible's, which reads and decrypts.
            templar: Ansible's, with the variables.
            variables: the host's; values may be templates.
        """
        self._loader, self._templar, self._variables = loader, templar, variables
        self.base: str | None = variables.get("inventory_dir")
        self.by = os.environ.get("USER") or os.environ.get("LOGNAME") or "unknown"

    def names(self, prefixes: tuple[str, ...]) -> list[str]:
        """Which of the variables begin with one of these."""
        return [str(name) for name in self._variables if str(name).startswith(prefixes)]

    def value(self, name: str) -> Any:
        """A variable, with all that it mentions."""
        return plain(self._templar.template(self._variables[name]))

    @functools.cached_property
    def verify(self) -> bool:
        """Whether this run reads all files of releases, instead of what their times tell of them."""
        return bool(boolean(self.value("asgi_verify"))) if "asgi_verify" in self._variables else False

    @functools.cached_property
    def facts(self) -> dict[str, Any]:
        return plain(self._variables["ansible_facts"])  # type: ignore[no-any-return]

    @functools.cached_property
    def apps(self) -> list[dict[str, Any]]:
        """What the user wrote of all applications of the host."""
        return self.value("asgi_apps") if "asgi_apps" in self._variables else []

    def options(self, role: AnyRole, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A role's options, named without its prefix, with the defaults of its argument spec, which are nowhere else.

        Args:
            role: the role.
            arguments: options that are not what the host's variables say.

        Raises:
            ValueError: some of them are wrong; says what.
        """
        known = role_options(role.name)
        given = {name: self.value(name) for name in known if name in self._variables and name not in arguments}
        resolved, errors = resolve(known, {**given, **arguments})
        if errors := errors + rule_errors(role.rules, resolved):
            raise ValueError("\n".join(errors))
        return {name.removeprefix(f"{role.name}_"): value for name, value in resolved.items()}

    def contents(self, app: Mapping[str, Any]) -> controller.Contents:
        """The contents of all files that an application names."""
        return controller.contents(self._loader, app, self.base)

    def text(self, path: str) -> str:
        """The text of a file.

        Raises:
            ValueError: it cannot be had, or is no UTF-8; says why.
        """
        return controller.read(self._loader, path, self.base).decode()

    def content(self, entry: Mapping[str, str], app_plan: Mapping[str, Any]) -> bytes:
        """What is added to a release: as it is written, as a file is, or a template.

        That reads the host's variables, and as `app_plan` what is decided of the application.
        """
        if "content" in entry:
            return entry["content"].encode()
        if "template" in entry:
            render = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
            path = str(controller.on_controller(entry["template"], self.base))
            text: str = render.run([path], {**self._variables, "app_plan": app_plan})[0]
            return text.encode()
        return controller.read(self._loader, entry["src"], self.base)
