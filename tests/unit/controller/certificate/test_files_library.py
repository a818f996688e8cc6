"""The library from which a host renews its certificates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import FILE_OPTIONS
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import checked

FOLDER = PurePosixPath("/opt/asgi/lib/ansible_collections/asgi/deploy")


def library(wanted: Callable[..., Any], name: str) -> list[dict[str, Any]]:
    facts = {"distribution": "Debian", "distribution_major_version": "13"}
    options = {"certificate_name": name, "certificate_domains": [f"{name}.example.com"], "ansible_facts": facts}
    files = wanted("certificate", **options, certificate_email="ops@example.com")["renewal"]
    return [file for file in files if FOLDER in {path := PurePosixPath(file["path"]), *path.parents}]


def test_nothing_of_a_former_version_stays_there(wanted: Callable[..., Any]) -> None:
    exclusive = [file for file in library(wanted, "shop") if checked(FILE_OPTIONS, file)[0]["exclusive"]]
    assert [file["path"] for file in exclusive] == [str(FOLDER)]


def test_certificates_of_a_host_want_the_same_library(wanted: Callable[..., Any]) -> None:
    own, others = library(wanted, "shop"), library(wanted, "blog")
    assert len(own) > 5
    assert own == others
