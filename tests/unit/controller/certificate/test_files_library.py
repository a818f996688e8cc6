"""The library from which a host renews its certificates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import FILE_OPTIONS
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import check_options

FOLDER = PurePosixPath("/opt/asgi/lib/ansible_collections/asgi/deploy")


HOOK = "/var/lib/asgi-deploy/certbot/renewal-hooks/deploy/asgi-deploy"  # certbot's, which starts a file of the library


def renewal(desired_state: Callable[..., Any], name: str, **more: Any) -> list[dict[str, Any]]:
    facts = {"distribution": "Debian", "distribution_major_version": "13"}
    options = {"certificate_name": name, "certificate_domains": [f"{name}.example.com"], "ansible_facts": facts}
    files: list[dict[str, Any]] = desired_state("certificate", **options, **more)["renewal"]
    return files


def library(desired_state: Callable[..., Any], name: str, **more: Any) -> list[dict[str, Any]]:
    files = renewal(desired_state, name, certificate_email="ops@example.com", **more)
    return [file for file in files if FOLDER in {path := PurePosixPath(file["path"]), *path.parents}]


def test_files_of_former_versions_are_removed(desired_state: Callable[..., Any]) -> None:
    exclusive = [file for file in library(desired_state, "shop") if check_options(FILE_OPTIONS, file)[0]["exclusive"]]
    assert [file["path"] for file in exclusive] == [str(FOLDER)]


def test_certificates_of_a_host_have_the_same_library(desired_state: Callable[..., Any]) -> None:
    own, others = library(desired_state, "shop"), library(desired_state, "blog")
    assert len(own) > 5
    assert own == others
    signed = library(desired_state, "shop", certificate_source="self-signed")
    assert [file for file in signed if file["state"] == "file"] == [file for file in own if file["state"] == "file"]


@pytest.mark.parametrize("source", ["acme", "self-signed"])
def test_only_a_certificate_that_writes_the_hook_removes_files(desired_state: Callable[..., Any], source: str) -> None:
    """A hook of a former version starts a file that is there until the hook is written again, in the same run."""
    files = renewal(desired_state, "shop", certificate_email="ops@example.com", certificate_source=source)
    removes = any(file.get("exclusive") for file in files)
    assert removes is any(file["path"] == HOOK for file in files)
