"""The program of a host's Python: it takes code and a call from its input, and answers with a line of JSON.

The controller sends this file before all others, so it is run as text and imports nothing of the collection at its
top. What it prints has no secrets, as Ansible shows all that a host prints with -vvv.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import sys
import zlib
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO, TypedDict

if TYPE_CHECKING:  # not there yet where it runs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json


class Call(TypedDict):
    """A call of a function, as the controller sends it.

    Attributes:
        module: the function's, as it is imported.
        function: its name.
        arguments: the values it takes.
        secrets: texts that nothing that is printed may have.
        mark: the beginning of the line that has the answer; a login prints lines, too.
        environment: variables for this process and the programs that it starts, such as the URL of a proxy.
    """

    module: str
    function: str
    arguments: list[Json]
    secrets: list[str]
    mark: str
    environment: dict[str, str]


class SentCode:
    """Importer of modules that were sent as text."""

    def __init__(self, files: dict[str, bytes]) -> None:
        """Take the text of each module, by its dotted name."""
        self._files = files
        self._folders = {name[:end] for name in files for end, letter in enumerate(name) if letter == "."}

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Return how a module is loaded, and nothing for one that was not sent."""
        if name in self._files or name in self._folders:
            return ModuleSpec(name, self, is_package=name in self._folders)  # type: ignore[arg-type]
        return None

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leave it to Python to make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the text of a module."""
        name = module.__name__
        exec(compile(self._files.get(name, b""), name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102

    def get_source(self, name: str) -> str:
        """Return the text of a module, of which a traceback shows lines."""
        return self._files.get(name, b"").decode()


def read_files(source: BinaryIO) -> dict[str, bytes]:
    """Return the text of each module, by its dotted name: from a line with a length, and as much of packed data."""
    sizes, _newline, texts = zlib.decompress(source.read(int(source.readline()))).partition(b"\n")
    files, start = {}, 0
    for name, size in json.loads(sizes).items():
        files[name] = texts[start : start + size]
        start += size
    return files


def main() -> int:
    """Answer the call that comes after the files, and return the status to end with."""
    gc.disable()  # what is imported stays to the end
    sys.meta_path.insert(0, SentCode(read_files(sys.stdin.buffer)))
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.masking import mask_values, masked

    call: Call = json.loads(zlib.decompress(sys.stdin.buffer.read()))
    secrets = call["secrets"]
    os.environ.update(call["environment"])
    stdout, stderr = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = printed = io.StringIO()
    answer = None
    try:
        module = importlib.import_module(call["module"])
        gc.enable()
        result = getattr(module, call["function"])(*call["arguments"])
        answer = json.dumps(mask_values(result, secrets))
    except BaseException:  # whatever it is: its text may hold a secret
        import traceback

        traceback.print_exc(file=printed)
    if text := printed.getvalue():
        stderr.write(masked(text, secrets))
    if answer is not None:
        stdout.write(f"{call['mark']}{answer}\n")
    stdout.flush()
    stderr.flush()
    return 0 if answer is not None else 1


if __name__ == "__main__":
    os._exit(main())  # at once: to take all that was imported down takes as long as to inspect a file a hundred times
