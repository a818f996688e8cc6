"""The desired state of the role certificate on a host: certbot, its files and timer, from the plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import (
    FileEntry,
    PartsOptions,
    ToolEntry,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import (
    ACME_CA,
    ACME_ENVIRONMENT,
    CERTBOT,
    CERTBOT_PROGRAM,
    CERTBOT_STATE,
    CONFIGURATION,
    LETSENCRYPT,
    NGINX,
    UNITS,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_code import PACKAGE, needed, source
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan import RENEWAL
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.plan_types import (
    CertificatePlan,
    CertificateState,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.inspections import InspectionEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.managed_files import (
    absent,
    directory,
    file,
    secret,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.templates import rendered

TIMER = "asgi-certificates.timer"
_CERTBOT, _CA_FILE = str(CERTBOT), str(ACME_CA)
_HOOK = f"{CERTBOT_STATE}/renewal-hooks/deploy/asgi-deploy"
_FORMER_HOOK = f"{LETSENCRYPT}/renewal-hooks/deploy/asgi-deploy"  # of former versions

Text = Callable[[str], str]


def desired_state(plan: CertificatePlan, here: HostContext) -> CertificateState:
    """Return what the tasks of the role take.

    Args:
        plan: the certificate's.
        here: reads files on the controller.
    """
    text, pair_of_user = here.text, plan["given"]
    chain, key = (text(pair_of_user["certificate"]), text(pair_of_user["key"])) if pair_of_user else ("", "")
    by_ca = [*_acme(plan, text), *_hooks(plan, text)] if plan["by_ca"] else []
    pair = _own_pair(plan, chain, key) if pair_of_user and not plan["by_nginx"] else []
    return {
        "served": [*_challenge(plan), *_combined(plan, f"{chain}\n{key}")],
        "renewal": [*_units(plan), *_modules(plan), *by_ca, *pair],
        "units": [TIMER],
        "venvs": [_certbot(plan)] if plan["by_ca"] else [],
    }


def inspections(plan: CertificatePlan, state: CertificateState) -> dict[str, InspectionEntry]:
    """Return what to inspect for a desired state."""
    options: PartsOptions = {
        "packages": plan["packages"],
        "venvs": state["venvs"],
        "files": state["served"] + state["renewal"],
        "reload": "nginx.service",
        "units": state["units"],
        "certificates": [plan["requested"]],
    }
    return {"certificate": {"kind": "parts", "options": options}}


def _certbot(plan: CertificatePlan) -> ToolEntry:
    """Return certbot, with its plugin for a DNS provider."""
    locks = [Path(lock).read_text(encoding="utf-8").rstrip() for lock in plan["locks"]]
    return {"path": _CERTBOT, "requirements": "\n".join(locks), "wheelhouse": plan["wheelhouse"]}


def _challenge(plan: CertificatePlan) -> list[FileEntry]:
    """Return the files with which nginx answers a CA."""
    if not plan["by_ca"] or plan["authenticator"] != "webroot":
        return []
    answer = file(f"{NGINX}/http.d/acme.conf", rendered("certificate", "acme.conf.j2", plan))
    return [directory(plan["webroot"]), answer]


def _combined(plan: CertificatePlan, text: str) -> list[FileEntry]:
    """Return the certificate and key of the user's for nginx, in one file."""
    return [secret(f"{plan['placed']}/combined.pem", text)] if plan["given"] and plan["by_nginx"] else []


def _own_pair(plan: CertificatePlan, chain: str, key: str) -> list[FileEntry]:
    """Return the certificate and key of an application that ends TLS itself."""
    group = plan["served"]["group"] or "root"
    return [
        secret(f"{plan['placed']}/privkey.pem", key, mode="0640", group=group),
        file(f"{plan['placed']}/fullchain.pem", chain, mode="0640", group=group),
    ]


def _units(plan: CertificatePlan) -> list[FileEntry]:
    """Return the record of the requested certificate, and the renewal service with its timer."""
    folder = plan["folder"]
    return [
        directory(str(CONFIGURATION)),
        directory(folder, mode="0700"),
        file(f"{folder}/wanted.json", json.dumps(plan["requested"], indent=4, sort_keys=True) + "\n"),
        secret(str(ACME_ENVIRONMENT), plan["environment"], present=bool(plan["environment"])),
        secret(f"{folder}/dns.ini", plan["credentials"], present=bool(plan["credentials"])),
        file(f"{UNITS}/asgi-certificates.service", rendered("certificate", "renew.service.j2", plan)),
        file(f"{UNITS}/{TIMER}", rendered("certificate", "renew.timer.j2", plan)),
    ]


def _modules(plan: CertificatePlan) -> list[FileEntry]:
    """Return what renews certificates on the host without Ansible: the same code that a run sends there, and no other.

    A certificate of a CA also removes files of other versions: it writes certbot's hook, which starts one of the files.
    """
    place = f"{plan['library']}/{PACKAGE.replace('.', '/')}"
    collection = "/".join([plan["library"], *PACKAGE.split(".")[:3]])
    modules = [file(f"{place}/{name.replace('.', '/')}.py", source(name)) for name in needed(RENEWAL)]
    return [directory(collection, exclusive=plan["by_ca"]), *modules]


def _acme(plan: CertificatePlan, text: Text) -> list[FileEntry]:
    """Return the files of certbot."""
    return [
        file(_CA_FILE, text(plan["ca_file"])) if plan["ca_file"] else absent(_CA_FILE),
        file(str(CERTBOT_PROGRAM), rendered("certificate", "certbot.sh.j2", plan), mode="0755"),
        directory(str(CERTBOT_STATE), mode="0700"),
        file(_HOOK, rendered("certificate", "deployed.sh.j2", plan), mode="0755"),
        absent(_FORMER_HOOK),
        secret(f"{plan['folder']}/certbot.ini", rendered("certificate", "certbot.ini.j2", plan)),
    ]


def _hooks(plan: CertificatePlan, text: Text) -> list[FileEntry]:
    """Return the programs that write into the DNS."""
    programs = {"auth": plan["hooks"]["auth"], "cleanup": plan["hooks"]["cleanup"]}
    return [
        secret(f"{plan['folder']}/{name}", text(program) if program else "", present=bool(program), mode="0700")
        for name, program in programs.items()
    ]
