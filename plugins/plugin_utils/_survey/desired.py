"""What shall be on a host: decided for each role and application, and what of it is looked at."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ansible.plugins.loader import lookup_loader
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import files as files_app
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.packing import packed
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate import files as files_certificate
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan import certificate_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import local_files as controller
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain, resolve, role_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening import files as files_hardening
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening import plan as hardening
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.rules import rule_errors
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx import files as files_nginx
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx import plan as webserver

Plan = dict[str, Any]


class Look(NamedTuple):
    """One of the things to look at."""

    of: str  # the name of what has something to do when this differs
    role: str
    part: str
    kind: str
    options: Mapping[str, Any]
    made: Mapping[str, Any]  # what the controller decided and packed for it


class Here:
    """One host's variables, and the files on the controller that they name."""

    def __init__(self, loader: Any, templar: Any, variables: Mapping[str, Any]) -> None:
        """
        Args:
            loader: Ansible's, which reads and decrypts.
            templar: Ansible's, with the variables.
            variables: the host's; values may be templates.
        """
        self._loader, self._templar, self._variables = loader, templar, variables
        self.base = variables.get("inventory_dir")
        self.by = os.environ.get("USER") or os.environ.get("LOGNAME") or "unknown"

    def names(self, prefixes: tuple[str, ...]) -> list[str]:
        """Which of the variables begin with one of these."""
        return [str(name) for name in self._variables if str(name).startswith(prefixes)]

    def value(self, name: str) -> Any:
        """A variable, with all that it mentions."""
        return plain(self._templar.template(self._variables[name]))

    @functools.cached_property
    def facts(self) -> dict[str, Any]:
        return plain(self._variables["ansible_facts"])  # type: ignore[no-any-return]

    @functools.cached_property
    def apps(self) -> list[dict[str, Any]]:
        """What the user wrote of all applications of the host."""
        return self.value("asgi_apps") if "asgi_apps" in self._variables else []

    def options(self, role: str, arguments: Mapping[str, Any]) -> Plan:
        """A role's options, named without its prefix, with the defaults of its argument spec, which are nowhere else.

        Args:
            role: its name in this collection.
            arguments: options that are not what the host's variables say.

        Raises:
            ValueError: some of them are wrong; says what.
        """
        known = role_options(role)
        given = {name: self.value(name) for name in known if name in self._variables and name not in arguments}
        resolved, errors = resolve(known, {**given, **arguments})
        if errors := errors + rule_errors(role, resolved):
            raise ValueError("\n".join(errors))
        return {name.removeprefix(f"{role}_"): value for name, value in resolved.items()}

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


def _nginx(here: Here, arguments: Mapping[str, Any]) -> Plan:
    return webserver.nginx_plan(here.options("nginx", arguments), here.facts, here.apps)


def _certificate(here: Here, arguments: Mapping[str, Any]) -> Plan:
    return certificate_plan(here.options("certificate", arguments))


def _hardening(here: Here, arguments: Mapping[str, Any]) -> Plan:
    apps = here.apps
    ports, behind = plan.public_ports(apps), plan.behind_nginx(apps)
    return hardening.hardening_plan(here.options("hardening", arguments), here.facts, ports, behind)


_DECIDE: dict[str, Callable[[Here, Mapping[str, Any]], Plan]] = {
    "nginx": _nginx,
    "certificate": _certificate,
    "hardening": _hardening,
}
_LOOKS = {"nginx": files_nginx.looks, "certificate": files_certificate.looks, "hardening": files_hardening.looks}


def decided(role: str, here: Here, arguments: Mapping[str, Any]) -> Plan:
    """All that is decided about a role.

    Raises:
        ValueError: its options are wrong, or the host cannot do what they ask for; says what and why.
    """
    return _DECIDE[role](here, arguments)


def wanted(role: str, own: Plan, here: Here, shipped: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a role's tasks take, made from what was decided of it; `shipped` is what was packed for an application."""
    if role == "app":
        return files_app.wanted(own, shipped, here)
    if role == "certificate":
        return files_certificate.wanted(own, here.text)
    return {"nginx": files_nginx.wanted, "hardening": files_hardening.wanted}[role](own)


def looks_of_role(role: str, here: Here, of: str, arguments: Mapping[str, Any]) -> list[Look]:
    """What to look at for a role; it is `of` which it is a part."""
    own = decided(role, here, arguments)
    found = _LOOKS[role](own, wanted(role, own, here))
    return [Look(of, role, part, look["kind"], look["options"], {"decided": own}) for part, look in found.items()]


def looks_of_app(app: Mapping[str, Any], here: Here) -> list[Look]:
    """What to look at for an application, and for the certificate that it has.

    Raises:
        PackingError, ValueError: something of it is wrong; says what.
    """
    own = plan.app_plan(app, here.facts, here.contents(app), here.apps)
    shipped = packed(own, here.base) if own["state"] == "present" else None
    made = {"decided": own, "packed": shipped}
    found = files_app.looks(own, wanted("app", own, here, shipped), shipped)
    looks = [Look(own["name"], "app", part, look["kind"], look["options"], made) for part, look in found.items()]
    if shipped and own["site"]["owns"]:
        looks += looks_of_role("certificate", here, own["name"], files_app.certificate_options(own, shipped))
    return looks
