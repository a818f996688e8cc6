"""The filters as playbooks use them: by name, through Ansible's own templating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleError
from ansible.release import __version__
from ansible_collections.asgi.deploy.plugins.filter import inventory_errors as filter_itself

Facts = Callable[[str], dict[str, Any]]
Template = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        pytest.param("", 5, id="defaults"),
        pytest.param("('cpu_bound')", 2, id="workload"),
        pytest.param("(memory_per_worker=1024)", 2, id="memory"),
        pytest.param("('cpu_bound', minimum=3, maximum=8)", 3, id="bounds"),
        pytest.param("('mixed', explain=true)", {"count": 3, "reason": "mixed: 1.5 x 2 CPUs"}, id="with the reason"),
    ],
)
def test_worker_count(template: Template, facts: Facts, arguments: str, result: Any) -> None:
    expression = f"{{{{ ansible_facts | asgi.deploy.worker_count{arguments} }}}}"
    assert template(expression, ansible_facts=facts("13")) == result


def test_worker_count_of_nonsense(template: Template, facts: Facts) -> None:
    text = "asgi.deploy.worker_count: workload: found 'web', expected one of io_bound, cpu_bound, mixed"
    with pytest.raises(AnsibleError) as error:
        template("{{ ansible_facts | asgi.deploy.worker_count('web') }}", ansible_facts=facts("13"))
    assert text in str(error.value)


def test_plan(template: Template, spec: dict[str, Any], facts: Facts) -> None:
    """Values of the application may themselves be templates."""
    app = {**spec, "env": {"PORT": "{{ port }}"}}
    plan = template("{{ app | asgi.deploy.plan(ansible_facts) }}", app=app, ansible_facts=facts("12"), port=8080)
    assert plan["workers"] == 5
    assert plan["upstream"] == "/srv/asgi/shop/current/app.sock"
    assert not any(plan["platform"].values())


def test_plan_tells_every_mistake(template: Template, spec: dict[str, Any], facts: Facts) -> None:
    app = {**spec, "module": "shop.main", "verison": "v1"}
    with pytest.raises(AnsibleError) as error:
        template("{{ app | asgi.deploy.plan(ansible_facts) }}", app=app, ansible_facts=facts("12"))
    assert "app shop: verison: is not an option; did you mean version?" in str(error.value)
    assert "app shop: module: found 'shop.main', expected package.module:attribute" in str(error.value)


def test_plan_of_an_unsupported_host(template: Template, spec: dict[str, Any], facts: Facts) -> None:
    with pytest.raises(AnsibleError) as error:
        template("{{ app | asgi.deploy.plan(ansible_facts) }}", app=spec, ansible_facts=facts("11"))
    assert "this host runs Debian 11; supported are Debian 12, Debian 13" in str(error.value)


@pytest.mark.parametrize(
    ("version", "native", "right"), [("2.18.19", False, False), ("2.18.19", True, True), ("2.19.0", False, True)]
)
def test_values_stay_what_they_are(
    monkeypatch: pytest.MonkeyPatch, inventory: dict[str, Any], version: str, native: bool, right: bool
) -> None:
    monkeypatch.setattr(filter_itself, "__version__", version)
    monkeypatch.setattr(constants, "DEFAULT_JINJA2_NATIVE", native)
    assert filter_itself.inventory_errors(inventory) == ([] if right else [filter_itself.TEXT_ONLY])


def errors_of(template: Template, variables: dict[str, Any]) -> Any:
    return template("{{ all | asgi.deploy.inventory_errors }}", all=variables)


def test_inventory_errors(template: Template, inventory: dict[str, Any]) -> None:
    assert errors_of(template, inventory) == []
    inventory["certificate_emial"] = inventory.pop("certificate_email")
    inventory["asgi_apps"][0]["domian"] = "x"
    assert errors_of(template, inventory) == [
        "certificate_emial: is not a variable of asgi.deploy; did you mean certificate_email?",
        "asgi_apps[0] (shop).domian: is not an option; did you mean domains?",
        "certificate_email: is missing; expected the address the CA writes to, "
        "as in certificate_email: ops@example.com",
    ]


@pytest.mark.skipif(
    __version__.startswith("2.18."), reason="2.18 reads all of a dictionary, but not of hostvars, which playbooks use"
)
def test_inventory_errors_read_no_other_variable(template: Template, inventory: dict[str, Any]) -> None:
    """A variable of somebody else's may be undefined at this point."""
    expression = "{{ all | asgi.deploy.inventory_errors }}"
    everything = {**inventory, "other": "{{ not_defined_anywhere }}"}
    assert template(expression, all=everything) == []
