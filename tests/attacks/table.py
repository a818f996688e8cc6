"""The attacks that are tried, by who tries them: docs/security.md and docs/sandbox.md are made from this table.

A row says in plain words what is tried and what holds it, and names its proofs: a test in which the attack fails, and a
control, which is the same attack where nothing protects, and succeeds there. A test is named as pytest does, or as
`file::function` of `make test-vm`; a test of this table sees to it that each is there. To add a row:

1. write the test, and a control: as root outside of a sandbox, against a server that is not ours, by a plain
   program in the place of our code;
2. add a Row to the file of who attacks, with a name of its own; rows.py has what makes proofs of many attacks at once;
3. `make docs`. What docs/security.md promises in words is in promises.py, which names the rows that hold it.
"""

from __future__ import annotations

from tests.attacks import application, build, host, network, repository, visitor

TABLE = (*host.ROWS, *repository.ROWS, *build.ROWS, *application.ROWS, *visitor.ROWS, *network.ROWS)
