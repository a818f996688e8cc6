"""What a run would change, in a few lines."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.changes import data, lines

PLAN = {
    "name": "shop",
    "state": "present",
    "version": "v2",
    "remove_data": False,
    "workers": 5,
    "workers_reason": "io_bound: 2 x 2 CPUs + 1",
    "memory_per_worker": 256,
    "host_memory": 3900,
    "requirements": None,
    "packed": None,
    "notices": [],
    "plain_transports": [],
    "exclusive": False,
}
MEMORY = "5 x 256 MiB, 1.2 GiB of 3.8 GiB"
HOST: dict[str, Any] = {"missing_packages": [], "missing_users": [], "present_users": [], "drift": []}
SAME = {
    "changed": False,
    "noted": True,
    "release": "v2-0a1b2c3d",
    "before": "v2-0a1b2c3d",
    "left": [],
    "damage": {},
    "loose": [],
    "unrecorded": [],
}


def text_of(plan: dict[str, Any], host: dict[str, Any], release: dict[str, Any], pending: dict[str, str]) -> list[str]:
    seen = {**HOST, **host, "decided": {**PLAN, **plan}}
    looked = {**SAME, "left": ["drained"] if release.get("changed") else [], "metadata": None, **release}
    parts: Any = {"host": seen, "release": looked, "certificate": {"pending_certificates": pending}}
    survey: Any = {"remarks": [], "roles": {}, "apps": {"shop": parts}}
    return lines("web1", survey)


@pytest.mark.parametrize(
    ("plan", "host", "release", "pending", "says"),
    [
        pytest.param({}, {}, {}, {}, ["web1: shop: nothing would change; v2-0a1b2c3d serves"], id="nothing"),
        pytest.param(
            {"notices": ["the cloud's metadata service is closed to it"]},
            {},
            {},
            {},
            [
                "web1: shop: nothing would change; v2-0a1b2c3d serves",
                "web1: shop: the cloud's metadata service is closed to it",
            ],
            id="a notice",
        ),
        pytest.param(
            {},
            {},
            {"stopped": "stopped since noon by ada", "before": "v1-1a2b3c4d"},
            {},
            [
                "web1: shop: nothing would change",
                "web1: shop: stopped since noon by ada; v2-0a1b2c3d waits: asgi.deploy.start starts v1-1a2b3c4d, and "
                "asgi.deploy.site then releases",
            ],
            id="stopped",
        ),
        pytest.param(
            {},
            {},
            {"stopped": "stopped since noon by ada", "changed": True},
            {},
            [
                "web1: shop would change",
                "  release  stays as it is; the rules for the cloud's metadata service would change",
                "  workers  5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory   {MEMORY}",
                "web1: shop: stopped since noon by ada; asgi.deploy.start starts v2-0a1b2c3d",
            ],
            id="stopped, with other rules",
        ),
        pytest.param(
            {},
            {"altered_users": ["asgi-shop is in other groups: sudo"]},
            {
                "changed": True,
                "release": "v2-0a1b2c3d.2",
                "commit": "9cd10d7d6c93",
                "before_commit": "9cd10d7d6c93",
                "damage": {"v2-0a1b2c3d": ["main.py was changed"], "v1-1a2b3c4d": ["it is missing"]},
                "loose": ["/srv/asgi/shop has mode 0777 instead of 0755"],
            },
            {},
            [
                "web1: shop would change",
                "  release   v2-0a1b2c3d -> v2-0a1b2c3d.2, commit 9cd10d7d6c",
                "  modes     /srv/asgi/shop has mode 0777 instead of 0755",
                "  accounts  asgi-shop is in other groups: sudo",
                "  workers   5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory    {MEMORY}",
                "web1: shop: release v2-0a1b2c3d is damaged (main.py was changed); it is built again, as v2-0a1b2c3d.2",
                "web1: shop: release v1-1a2b3c4d is damaged (it is missing); a rollback passes over it",
            ],
            id="a damaged release",
        ),
        pytest.param(
            {},
            {},
            {"noted": False, "unrecorded": ["v2-0a1b2c3d"]},
            {},
            [
                "web1: shop would change",
                "  release  v2-0a1b2c3d, which serves and was made by a former version, would be taken as it is",
                "  workers  5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory   {MEMORY}",
            ],
            id="a release without a manifest",
        ),
        pytest.param(
            {},
            {"drift": ["/etc/nginx/asgi/sites/shop.conf"]},
            {
                "changed": True,
                "before": "v1-1a2b3c4d",
                "before_commit": "1f2e3d4c5b6a",
                "commit": "9cd10d7d6c93",
                "dependencies": "uv.lock",
            },
            {},
            [
                "web1: shop would change",
                "  release       v1-1a2b3c4d -> v2-0a1b2c3d, commit 1f2e3d4c5b -> 9cd10d7d6c",
                "  files         /etc/nginx/asgi/sites/shop.conf",
                "  workers       5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory        {MEMORY}",
                "  dependencies  uv.lock",
            ],
            id="a release",
        ),
        pytest.param(
            {"packed": {"included": {"frontend/dist": 12, "VERSION": 1}}},
            {},
            {"changed": True, "before": "v1-1a2b3c4d"},
            {},
            [
                "web1: shop would change",
                "  release   v1-1a2b3c4d -> v2-0a1b2c3d",
                "  workers   5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory    {MEMORY}",
                "  included  frontend/dist (12 files), VERSION (1 file)",
            ],
            id="files that git ignores",
        ),
        pytest.param(
            {},
            {},
            {
                "changed": True,
                "before": None,
                "left": ["prepared"],
                "python": "3.14.10, fetched from https://m.example.com/x",
            },
            {},
            [
                "web1: shop would change",
                "  release  none -> v2-0a1b2c3d",
                "  python   3.14.10, fetched from https://m.example.com/x",
                "  workers  5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory   {MEMORY}",
            ],
            id="a Python that is fetched",
        ),
        pytest.param(
            {"requirements": "requirements/prod.txt"},
            {},
            {"changed": True, "before": "v1-1a2b3c4d", "dependencies": "requirements.txt"},
            {},
            [
                "web1: shop would change",
                "  release       v1-1a2b3c4d -> v2-0a1b2c3d",
                "  workers       5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory        {MEMORY}",
                "  dependencies  requirements.txt -> requirements/prod.txt",
            ],
            id="another file of dependencies",
        ),
        pytest.param(
            {},
            {"missing_packages": ["git", "python3-venv"], "missing_users": ["asgi-shop"]},
            {"changed": True, "release": None, "before": None},
            {"shop": "there is none"},
            [
                "web1: shop would change",
                "  release      none -> v2, whose name is known once the host can read its source",
                "  certificate  there is none",
                "  packages     git, python3-venv",
                "  users        asgi-shop",
                "  workers      5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory       {MEMORY}",
            ],
            id="an empty host",
        ),
        pytest.param(
            {},
            {},
            {"changed": True},
            {},
            [
                "web1: shop would change",
                "  release  v2-0a1b2c3d, which serves, would be finished",
                "  workers  5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory   {MEMORY}",
            ],
            id="what was begun",
        ),
        pytest.param(
            {},
            {},
            {"noted": False},
            {},
            [
                "web1: shop would change",
                "  release  v2-0a1b2c3d, which serves, would go by other settings of gate, watch or trust from now on",
                "  workers  5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory   {MEMORY}",
            ],
            id="another gate",
        ),
        pytest.param(
            {},
            {},
            {"changed": True, "left": [], "metadata": "open"},
            {},
            [
                "web1: shop would change",
                "  metadata  the cloud's metadata service would be opened to it, and stay closed to its builds",
                "  workers   5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory    {MEMORY}",
            ],
            id="only the metadata service",
        ),
        pytest.param(
            {},
            {},
            {"health": "v2-0a1b2c3d is live, but not well: the service is down: it took too long"},
            {},
            [
                "web1: shop: nothing would change; v2-0a1b2c3d is live, but not well: the service is down: it took too "
                "long"
            ],
            id="a release that is not well",
        ),
        pytest.param(
            {},
            {},
            {"changed": True, "before": "v1-1a2b3c4d", "metadata": "close"},
            {},
            [
                "web1: shop would change",
                "  release   v1-1a2b3c4d -> v2-0a1b2c3d",
                "  metadata  the cloud's metadata service would be closed to it and its builds",
                "  workers   5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory    {MEMORY}",
            ],
            id="the metadata service and a release",
        ),
        pytest.param(
            {},
            {},
            {"changed": True, "before": "v1-1a2b3c4d", "health": "v1-1a2b3c4d is live, but not well: no"},
            {},
            [
                "web1: shop would change",
                "  release  v1-1a2b3c4d -> v2-0a1b2c3d",
                "  workers  5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory   {MEMORY}",
                "  health   v1-1a2b3c4d is live, but not well: no",
            ],
            id="another for one that is not well",
        ),
        pytest.param(
            {"exclusive": True},
            {},
            {"changed": True, "before": "v1-1a2b3c4d", "left": ["started", "gated", "live", "drained"]},
            {},
            [
                "web1: shop would change",
                "  release  v1-1a2b3c4d -> v2-0a1b2c3d",
                "  workers  5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory   {MEMORY}",
                "web1: shop: exclusive: release v1-1a2b3c4d is stopped before the next one starts; requests wait until "
                "that one has passed its gate",
            ],
            id="an exclusive server",
        ),
        pytest.param(
            {"exclusive": True},
            {},
            {},
            {},
            ["web1: shop: nothing would change; v2-0a1b2c3d serves"],
            id="an exclusive server that stays",
        ),
        pytest.param(
            {},
            {},
            {"state_in_memory": ["python-socketio"]},
            {},
            [
                "web1: shop: nothing would change; v2-0a1b2c3d serves",
                "web1: shop: python-socketio keeps state of visitors in the memory of a worker, and there are 5: "
                "requests of one visitor reach different ones; write workers: 1, or share the state by a service, such "
                "as Redis",
            ],
            id="state in memory",
        ),
        pytest.param(
            {"workers": 1},
            {},
            {"state_in_memory": ["python-socketio"]},
            {},
            ["web1: shop: nothing would change; v2-0a1b2c3d serves"],
            id="state in the memory of the only worker",
        ),
        pytest.param(
            {"plain_transports": ["git http://git.example.com/shop.git"]},
            {},
            {
                "trusted_at_first_use": [
                    {"host": "a.example", "fingerprint": "SHA256:x", "line": "a.example ssh-rsa AAAA"}
                ]
            },
            {},
            [
                "web1: shop: nothing would change; v2-0a1b2c3d serves",
                "web1: shop: git http://git.example.com/shop.git is not protected on its way, as insecure_transport: "
                "true allows",
                "web1: shop: trusts a.example by the key that this host saw first, SHA256:x; compare it with what its "
                "operator publishes, and write it for all hosts: known_hosts: ['a.example ssh-rsa AAAA']",
            ],
            id="trust",
        ),
        pytest.param(
            {},
            {"unmet_needs": ["postgresql.service is not there"]},
            {"failed": "the repository does not answer"},
            {},
            [
                "web1: shop would change",
                "  problem  postgresql.service is not there",
                "           the repository does not answer",
                "  workers  5 (io_bound: 2 x 2 CPUs + 1)",
                f"  memory   {MEMORY}",
            ],
            id="problems",
        ),
        pytest.param(
            {"state": "absent"}, {}, {}, {}, ["web1: shop: nothing would change; it is not there"], id="removed already"
        ),
        pytest.param(
            {"state": "absent"},
            {"present_users": ["asgi-shop"]},
            {},
            {},
            ["web1: shop would be removed", "  data  kept"],
            id="removal",
        ),
        pytest.param(
            {"state": "absent", "remove_data": True},
            {},
            {"changed": True},
            {},
            ["web1: shop would be removed", "  data  removed"],
            id="removal of all",
        ),
    ],
)
def test_changes(
    plan: dict[str, Any],
    host: dict[str, Any],
    release: dict[str, Any],
    pending: dict[str, str],
    says: list[str],
) -> None:
    assert text_of(plan, host, release, pending) == says


def test_changes_of_the_host() -> None:
    """The web server comes first, and the hardening last, in the order of a run."""
    nginx = {"missing_packages": ["nginx"], "drift": ["/etc/nginx/nginx.conf"], "inactive_units": ["nginx.service"]}
    survey: Any = {"remarks": [], "roles": {"hardening": {"parts": []}, "nginx": nginx}, "apps": {}}
    assert lines("web1", survey) == [
        "web1: nginx would change",
        "  packages  nginx",
        "  files     /etc/nginx/nginx.conf",
        "  units     nginx.service",
        "web1: hardening: nothing would change",
    ]


@pytest.mark.parametrize(
    ("decided", "says"),
    [
        ({"restarts": True, "restart": "window", "restart_at": "05:30"}, "restart at 05:30"),
        ({"restarts": True, "restart": "now", "restart_at": "04:00"}, "restart at 04:00"),
        (
            {"restarts": False, "restart": "never", "restart_at": "04:00"},
            "and nothing restarts it by itself; the playbook asgi.deploy.restart does",
        ),
    ],
)
def test_replaced_libraries_are_a_note_and_no_change(decided: dict[str, Any], says: str) -> None:
    replaced = {"shop": {"files": ["/usr/bin/python3.11"], "since": 0}}
    hardening = {"parts": [], "replaced": replaced, "decided": decided}
    survey: Any = {"remarks": [], "roles": {"hardening": hardening}, "apps": {}}
    assert lines("web1", survey) == [
        "web1: hardening: nothing would change",
        f"web1: hardening: shop: libraries replaced since 1970-01-01 00:00 UTC (python3.11), {says}",
    ]


def test_many_files_are_summarized_by_their_folders() -> None:
    files = [*(f"/etc/nginx/asgi/{name}.conf" for name in "abcd"), "/etc/nginx/nginx.conf", "/var/log/nginx/asgi"]
    survey: Any = {"remarks": [], "roles": {"nginx": {"drift": files, "missing_packages": list("abcdef")}}, "apps": {}}
    assert lines("web1", survey)[1:] == [
        "  packages  a, b, c, d, e, f",
        "  files     6: 5 in /etc/nginx, 1 in /var/log",
    ]
    assert data(survey) == {"nginx": {"packages": list("abcdef"), "files": files}}


def test_as_data_nothing_is_nothing() -> None:
    plan = {**PLAN, "plain_transports": ["git http://git.example.com/shop.git"]}
    parts: Any = {"host": {**HOST, "decided": plan}, "release": SAME}
    survey: Any = {"remarks": [], "roles": {"nginx": {"drift": []}}, "apps": {"shop": parts}}
    assert data(survey) == {"nginx": {}, "shop": {}}
    parts["release"] = {**SAME, "changed": True, "left": ["live"]}
    [note] = list(data(survey)["shop"]["notes"])
    assert note.startswith("git http://git.example.com/shop.git is not protected")


def test_differences_are_shown_where_they_are_known() -> None:
    diff = {"before_header": "/etc/x", "after_header": "/etc/x", "before": "a\nb\n", "after": "a\nc\n"}
    survey: Any = {"remarks": [], "roles": {"nginx": {"drift": ["/etc/x"], "diff": [diff]}}, "apps": {}}
    assert lines("web1", survey)[2:] == [
        "--- before: /etc/x",
        "+++ after: /etc/x",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]
