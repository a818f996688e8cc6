"""The program that a host's Python runs first, apart from any host."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zlib

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.call import SentCode, read_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_code import PACKAGE, PROGRAM, needed, source
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.transport import PROGRAM as COMMAND

SENT = """
import subprocess, sys, threading

def answer(value):
    return {"answer": value}

def surroundings(name):
    return {"answer": subprocess.check_output(["printenv", name], text=True).strip()}

def chat(value):
    print(value)
    print(value, file=sys.stderr)
    thread = threading.Thread(target=fail, args=[value])
    thread.start()
    thread.join()
    return value

def fail(value):
    raise ValueError(f"it is {value!r}")

def leave(value):
    sys.exit(value)
"""


def packed(files: dict[str, str]) -> bytes:
    sizes = json.dumps({name: len(text.encode()) for name, text in files.items()})
    data = zlib.compress(f"{sizes}\n{''.join(files.values())}".encode())
    return b"%d\n%b" % (len(data), data)


def run(function: str, *arguments: Json, secrets: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Return what a Python does that gets the program, a module `sent`, and a call of a function of it."""
    program = source(PROGRAM).encode()
    call: dict[str, Json] = {
        **{"module": "sent.code", "function": function, "arguments": [*arguments], "mark": "ANSWER "},
        **{"secrets": [*secrets], "environment": {"https_proxy": "http://proxy.example.com:3128"}},
    }
    files = {f"{PACKAGE}.{name}": source(name) for name in needed(PROGRAM)} | {"sent.code": SENT}
    stdin = b"%d\n%b%b%b" % (len(program), program, packed(files), zlib.compress(json.dumps(call).encode()))
    done = subprocess.run([sys.executable, "-I", "-S", "-c", COMMAND], input=stdin, capture_output=True, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_it_answers_with_one_line_that_has_a_mark() -> None:
    done = run("answer", ["é", 1, None])
    assert (done.returncode, done.stderr) == (0, "")
    mark, _, answer = done.stdout.partition(" ")
    assert mark == "ANSWER" and json.loads(answer) == {"answer": ["é", 1, None]}
    assert done.stdout.count("\n") == 1


def test_what_a_function_prints_is_no_answer_and_has_no_secrets() -> None:
    done = run("chat", "hunter2-key", secrets=("hunter2-key",))
    assert done.stdout == 'ANSWER "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"\n'
    assert done.stderr.startswith("********\n********\n")
    assert "ValueError: it is '********'" in done.stderr, "of a thread"
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(("function", "shows"), [("fail", "ValueError: it is '********'"), ("leave", "********")])
def test_an_end_without_an_answer_shows_where_and_no_secret(function: str, shows: str) -> None:
    done = run(function, "a\nhunter2", secrets=("a\nhunter2",))
    assert (done.returncode, done.stdout) == (1, "")
    assert shows in done.stderr and "hunter2" not in done.stderr
    assert f"in {function}" in done.stderr and "Traceback" in done.stderr


def test_it_takes_variables_for_all_that_it_starts() -> None:
    assert '{"answer": "http://proxy.example.com:3128"}' in run("surroundings", "https_proxy").stdout


def test_a_value_that_json_cannot_hold_is_an_end_without_an_answer() -> None:
    done = run("answer.__class__", "")
    assert done.returncode == 1 and "AttributeError" in done.stderr


def test_files_are_read_by_their_lengths_in_bytes() -> None:
    files = {"a.b": "é\n", "a.c": "", "a.d": "x = 1"}
    assert read_files(io.BytesIO(packed(files) + b"the call")) == {name: text.encode() for name, text in files.items()}


def test_modules_and_their_folders_are_found_and_no_others() -> None:
    code = SentCode({"top.folder.module": b"x = 1", "top.other": b""})
    actual = {name: code.find_spec(name) for name in ("top", "top.folder", "top.folder.module", "top.oth", "topper")}
    assert {name: spec and spec.submodule_search_locations is not None for name, spec in actual.items()} == {
        "top": True,
        "top.folder": True,
        "top.folder.module": False,
        "top.oth": None,
        "topper": None,
    }
    assert code.get_source("top.folder.module") == "x = 1"
