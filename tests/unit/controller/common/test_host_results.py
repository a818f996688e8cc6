"""A host answers what a module returns, and nothing that would reach further than that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.release import merge_results
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import ReleaseTaskResult
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import host_results
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import (
    ASYNC_KEYS,
    HostResultError,
    checked_observations,
    checked_result,
    parse_answer,
    returned,
)

from tests import ROOT

FILES: dict[str, Any] = {"changed": True, "paths": ["/etc/motd"], "units": [], "users": []}
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


def checked(module: str, answer: Any, further: Any = None) -> Any:
    """Return what is left of an answer."""
    return checked_result(module, answer, further)


def observations(kinds: list[str], answers: Any) -> Any:
    """Return what is left of the answers to inspections."""
    return checked_observations(kinds, answers)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_documents_what_it_returns(module: str) -> None:
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
    assert bool(returned(module)) == ('RETURN = """#"""' not in text)


def test_what_is_documented_passes() -> None:
    assert checked("files", FILES) == FILES
    diff: list[Any] = [{"before": "", "after": "x\n", "before_header": "/etc/motd", "after_header": "/etc/motd"}]
    assert checked("files", {**FILES, "diff": diff})["diff"] == diff
    assert checked("files", {"failed": True, "msg": "no"}) == {"failed": True, "msg": "no"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("add_host", {"host_name": "web2", "host_vars": {"ansible_ssh_common_args": "-oProxyCommand=id"}}),
        ("add_group", "all"),
        ("ansible_facts", {"ansible_connection": "local"}),
        ("_ansible_delegated_vars", {"ansible_host": "192.0.2.1"}),
        ("_ansible_no_log", False),
        ("exception", "Traceback"),
        ("invocation", {"module_args": {}}),
        ("deprecations", [{"msg": "x"}]),
        ("include", "/etc/ansible/evil.yml"),
        ("results", [{"add_host": {}}]),
        ("skipped", True),
        ("unreachable", True),
    ],
)
def test_what_ansible_would_obey_is_dropped(key: str, value: Any) -> None:
    assert checked("files", {**FILES, key: value}) == FILES


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ([], "the answer: found a list of 0, expected dict"),
        ("ok", "the answer: found 'ok', expected dict"),
        ({**FILES, "changed": "yes"}, "changed: found 'yes', expected bool"),
        ({**FILES, "changed": 1}, "changed: found 1, expected bool"),
        ({**FILES, "paths": None}, "paths: found None, expected list"),
        ({**FILES, "paths": ["/etc", {}]}, r"paths\[1\]: found a dictionary of 0, expected str"),
        ({**FILES, "msg": {"a": 1}}, "msg: found a dictionary of 1, expected str"),
        ({**FILES, "diff": {"before": 1, "after": ""}}, r"diff\.before: found 1, expected str"),
        ({**FILES, "diff": [[]]}, "diff: found a list of 0, expected dict"),
        ({**FILES, "warnings": "all of it"}, "warnings: found 'all of it', expected list"),
        ({"changed": True}, "paths: found nothing, expected list"),
        ({"changed": True, "failed": "yes"}, "expected"),
        ({**FILES, "paths": "\x1b[2J" * 90}, r"paths: found '\\x1b"),
    ],
)
def test_what_has_another_type_is_refused(answer: Any, text: str) -> None:
    with pytest.raises(HostResultError, match=text) as error:
        checked("files", answer)
    assert "\x1b" not in str(error.value) and len(str(error.value)) < 200


def test_numbers_have_bounds() -> None:
    for seconds in (2**64, -(2**63), 1e300):
        with pytest.raises(HostResultError, match=r"seconds: found .*, expected a number below 2\^63"):
            checked("restart", {"release": "v1", "seconds": seconds})
    with pytest.raises(HostResultError, match="seconds: found True, expected float"):
        checked("restart", {"release": "v1", "seconds": True})


def test_sizes_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_results, "MAX_TEXT", 10)
    monkeypatch.setattr(host_results, "MAX_ENTRIES", 5)
    monkeypatch.setattr(host_results, "MAX_KEY", 8)
    for changes, text in (
        ({"paths": ["/" * 11]}, r"paths\[0\]: found a length of 11, expected at most 10"),
        ({"paths": ["/"] * 6}, "paths: found a length of 6, expected at most 5"),
    ):
        with pytest.raises(HostResultError, match=text):
            checked("files", {**FILES, **changes})
    with pytest.raises(HostResultError, match="found a key of 9 characters"):
        checked("release_info", {"failed": True, "sandbox": {"x" * 9: 1}})


def test_depth_has_bounds() -> None:
    deep: Any = "x"
    for _ in range(40):
        deep = {"a": deep}
    with pytest.raises(HostResultError, match="found more than 16 levels"):
        checked("release_info", {"failed": True, "sandbox": deep})


def test_text_is_harmless_wherever_it_is() -> None:
    answer: dict[str, Any] = {**FILES, "paths": ["/tmp/\x1b[2J"], "msg": "\x9b", "warnings": ["\x07"]}
    actual = checked("files", answer)
    assert (actual["paths"], actual["msg"], actual["warnings"]) == ([r"/tmp/\x1b[2J"], r"\x9b", [r"\x07"])
    packages = {"failed": True, "packages": {"\x1b[1m": "\x1b"}}
    assert checked("release_info", packages)["packages"] == {r"\x1b[1m": r"\x1b"}


def test_null_is_only_where_it_is_documented() -> None:
    actual = {"changed": True, "release": "v1", "before": None, "steps": {}}
    assert checked("rollback", actual)["before"] is None
    with pytest.raises(HostResultError, match="release: found None, expected str"):
        checked("rollback", {**actual, "release": None})


def test_names_of_any_kind_lead_to_what_is_documented() -> None:
    host: dict[str, Any] = {
        "now": 1,
        "memory_available": 1,
        "memory_total": 1,
        "disk_free": 1,
        "disk_total": 1,
        "firewall": None,
    }
    host |= {"replaced": {}, "restart": {"mode": "never", "at": None}}
    host["system"] = {"distribution": "Debian", "distribution_version": "13", "distribution_major_version": "13"}
    host["system"] |= {"distribution_release": "trixie", "versions": {"nginx": "1.26.3"}}
    with pytest.raises(HostResultError, match=r"applications\.shop\.health: found nothing, expected str"):
        checked("status", {"applications": {"shop": {"live": None}}, "certificates": {}, "host": host})
    with pytest.raises(HostResultError, match=r"host\.disk_free: found None, expected int"):
        checked("status", {"applications": {}, "certificates": {}, "host": {**host, "disk_free": None}})


def test_a_task_that_goes_on_says_by_what_it_is_found_again() -> None:
    answer = {"ansible_job_id": "j1.2", "results_file": "/root/x", "started": 1, "finished": 0, "changed": True}
    assert checked("files", {**answer, "add_host": {}}, ASYNC_KEYS) == answer


def test_a_look_has_as_many_answers_and_what_its_kind_has() -> None:
    removal = {"changed": False}
    assert observations(["removal"], [removal]) == [removal]
    assert observations(["removal"], [{"failed": "no\x1b"}]) == [{"failed": r"no\x1b"}]
    with pytest.raises(HostResultError, match="found 0 answers, expected 1"):
        observations(["removal"], [])
    with pytest.raises(HostResultError, match=r"found\[0\]\.parts: found nothing, expected list"):
        observations(["hardening"], [{"refusals": [], "reboot_required": False, "missing_packages": []}])
    # What others go by is the controller's to say.
    assert observations(["removal"], [{**removal, "decided": {"state": "x"}, "pending": True}]) == [removal]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 200_000, "expected JSON"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": ' + "9" * 5000 + "}", "expected JSON"),
        ("\x1b[2J", r"found '\\x1b\[2J', expected JSON"),
        ("", "expected JSON"),
    ],
)
def test_what_is_no_json_is_refused(text: str, says: str) -> None:
    with pytest.raises(HostResultError, match=says):
        parse_answer(text)


def test_an_answer_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_results, "MAX_ANSWER", 10)
    assert parse_answer(json.dumps([1, 2, 3])) == [1, 2, 3]
    with pytest.raises(HostResultError, match="found 13 characters, expected at most 10"):
        parse_answer(json.dumps(["a", "bcd"]) + " ")


def test_status_documents_a_live_release_as_release_info_does() -> None:
    (application,) = returned("status")["applications"].contains.values()
    live = {**returned("release_info")}
    for name in ("releases", "packages", "tools"):
        del live[name]
    assert {name: application.contains.get(name) for name in live} == live


def test_a_certificate_that_failed_is_reported_with_its_release() -> None:
    released: ReleaseTaskResult = {
        "changed": True,
        "release": "v1-0a1b2c3d",
        "before": None,
        "steps": {},
        "commit": None,
    }
    answer = merge_results(released, {"failed": True, "msg": "nginx refuses its configuration"}, "shop")
    result = checked("release", answer)
    assert result["failed"]
    assert result["msg"].endswith("the certificate shop could not be obtained: nginx refuses its configuration")
