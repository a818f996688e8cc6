"""The filters as playbooks use them: by name, through Ansible's own templating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleError

Facts = Callable[[str], Any]
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
