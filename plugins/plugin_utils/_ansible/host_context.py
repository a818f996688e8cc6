"""The variables of one host as Ansible has them, and the files on the controller that they name."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any, cast

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import local_files
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain, resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.http_proxy import VARIABLES, HttpProxy, http_proxy
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import AnyRole
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import rule_errors


class AnsibleHostContext:
    """The variables of one host, and the files on the controller that they name."""

    def __init__(self, loader: DataLoader, templar: Templar, variables: Mapping[str, Any]) -> None:
        """Take what Ansible hands an action.

        Args:
            loader: reads files, and decrypts them.
            templar: evaluates templates, with the variables.
            variables: the host's; values may be templates.
        """
        self._loader, self._templar, self._variables = loader, templar, variables
        self.base: str | None = variables.get("inventory_dir")
        self.by = os.environ.get("USER") or os.environ.get("LOGNAME") or "unknown"

    def names(self, prefixes: tuple[str, ...]) -> list[str]:
        """Return the names of variables that begin with one of these prefixes."""
        return [str(name) for name in self._variables if str(name).startswith(prefixes)]

    def value(self, name: str) -> Json:
        """Return the value of a variable, with its templates evaluated."""
        return cast("Json", plain(self._templar.template(self._variables[name])))

    @functools.cached_property
    def verify(self) -> bool:
        """Return whether this run reads all files of releases, instead of comparing only their times."""
        return bool(boolean(self.value("asgi_verify"))) if "asgi_verify" in self._variables else False

    @functools.cached_property
    def behind_balancer(self) -> bool:
        """Return whether nginx of the host trusts what proxies state."""
        return "nginx_trusted_proxies" in self._variables and bool(self.value("nginx_trusted_proxies"))

    @functools.cached_property
    def http_proxy(self) -> HttpProxy:
        """Return the proxy by which the host reaches others.

        Raises:
            ValueError: its variables are wrong.
        """
        return http_proxy({name: self.value(name) for name in VARIABLES if name in self._variables})

    @functools.cached_property
    def facts(self) -> Facts:
        """Return the facts of the host, and which system the inventory says that it is like."""
        facts = cast("Facts", plain(self._variables["ansible_facts"]))
        return {**facts, "like": cast("str", self.value("asgi_like"))} if "asgi_like" in self._variables else facts

    @functools.cached_property
    def apps(self) -> list[dict[str, Json]]:
        """Return the entries of all applications of the host, as the user wrote them."""
        return cast("list[dict[str, Json]]", self.value("asgi_apps")) if "asgi_apps" in self._variables else []

    def options(self, role: AnyRole, arguments: Mapping[str, Json]) -> dict[str, Json]:
        """Return the options of a role, named without its prefix; defaults come from its argument spec.

        Args:
            role: the role.
            arguments: options that replace the host's variables.

        Raises:
            ValueError: some of them are wrong; says which and why.
        """
        known = role_options(role.name)
        values = {name: self.value(name) for name in known if name in self._variables and name not in arguments}
        resolved, errors = resolve(known, {**values, **arguments})
        if errors := errors + rule_errors(role.rules, resolved):
            raise ValueError("\n".join(errors))
        return {name.removeprefix(f"{role.name}_"): value for name, value in resolved.items()}

    def contents(self, app: Mapping[str, Json]) -> local_files.Contents:
        """Return the contents of all files that an entry names."""
        return local_files.read_all(self._loader, app, self.base)

    def text(self, path: str) -> str:
        """Return the text of a file.

        Raises:
            ValueError: it cannot be read, or is not UTF-8; says why.
        """
        return local_files.read(self._loader, path, self.base).decode()

    def content(self, entry: local_files.AddedFile, app_plan: Mapping[str, object]) -> bytes:
        """Return the content of a file that is added to a release: as written, of a file, or of a template.

        A template reads the host's variables, and the plan of the application as `app_plan`.
        """
        if "content" in entry:
            return entry["content"].encode()
        if "template" in entry:
            render = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
            path = str(local_files.resolve_path(entry["template"], self.base))
            text: str = render.run([path], {**self._variables, "app_plan": app_plan})[0]
            return text.encode()
        return local_files.read(self._loader, entry["src"], self.base)
