"""The pages that take an application from an empty folder to a login, followed word by word on a host of its own."""

from __future__ import annotations

import os
import re
import shlex
import ssl
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests import ROOT
from tests.integration.hosts import PLAIN
from tests.lab import Host, Lab, LabError
from tests.project import pages
from tests.project.recipes import BLOCK

PRINTED = "printed.txt"  # what commands of a page printed
LIMIT = 1800  # seconds of a command; a first build of many packages takes minutes
AUTHOR = {f"GIT_{kind}_{what}": "reader@example.com" for kind in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
TOKEN = re.compile(r'name="(csrf\w*)" value="([^"]+)"')


@dataclass(frozen=True)
class Recipe:
    """A page with an application.

    Attributes:
        page: its path.
        domain: that it writes for the reader's own.
        repository: that it writes for the reader's own; None if it has none.
        visit: checks what the page promises.
    """

    page: str
    domain: str
    visit: Callable[[Visitor, Path], None]
    repository: str | None = None

    @property
    def name(self) -> str:
        """Return the name of the page."""
        return Path(self.page).stem


class Visitor:
    """A browser: it keeps cookies, and sends forms with their tokens."""

    def __init__(self, domain: str, address: str, ca: Path) -> None:
        context = ssl.create_default_context(cafile=str(ca))
        self._at = f"https://{address}"
        self._headers = {"Host": domain, "Referer": f"https://{domain}/"}
        self._extensions = {"sni_hostname": domain}
        self._client = httpx.Client(verify=context, trust_env=False, timeout=60)
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> httpx.Response:
        """Return the answer to a request."""
        return self._ask("GET", path)

    def submit(self, path: str, fields: Mapping[str, str], file: tuple[str, bytes] | None = None) -> httpx.Response:
        """Return the answer to a form, which is at the same path."""
        hidden = dict(TOKEN.findall(self.get(path).text))
        files = {"file": file} if file else None
        return self._ask("POST", path, data={**hidden, **fields}, files=files)

    def _ask(self, method: str, path: str, **options: object) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {**self._headers, **({"Cookie": cookie} if cookie else {})}
        request = self._client.build_request(
            method,
            f"{self._at}{path}",
            headers=headers,
            extensions=self._extensions,
            **options,  # type: ignore[arg-type]
        )
        answer = self._client.send(request)
        # By hand: the address that is asked is not the name that the cookies are for.
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name.strip()] = value
        return answer


def follow(recipe: Recipe, lab: Lab, host: Host, folder: Path) -> None:
    """Write the files that a page shows and run its commands, block by block.

    Args:
        recipe: the page.
        lab: of the host.
        host: that the page is for; nothing is on it.
        folder: of the reader, empty.

    Raises:
        LabError: a command fails; has its output.
    """
    text = (ROOT / recipe.page).read_text(encoding="utf-8")
    own = {recipe.domain: domain_of(recipe, lab)}
    folder.mkdir(parents=True)
    if recipe.repository:
        repository = lab.repository(recipe.name, folder.parent / f"{recipe.name}.git")
        repository.create(folder)
        # The lab's server only lets fetch.
        own = {f"--tags {recipe.repository}": f"--tags {repository.push_url}", **own}
        own[recipe.repository] = repository.url
    lab.set_dns({domain_of(recipe, lab): host.name})
    (folder / "group_vars").mkdir()
    (folder / "group_vars" / "asgi.yml").write_text(variables(lab, host), encoding="utf-8")
    for block in BLOCK.finditer(text):
        shown = replaced(block["text"], own)
        if path := block["path"]:
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(shown, encoding="utf-8")
        elif block["kind"] == "console":
            for command in pages.of_block(pages.Block(recipe.page, "console", shown)):
                run(command, host, folder, lab)


def domain_of(recipe: Recipe, lab: Lab) -> str:
    return f"{recipe.name}.{lab.name}.test"


def variables(lab: Lab, host: Host) -> str:
    """Return what only a host of the lab needs, as variables of a group."""
    lines = lab.inventory(acme=True).splitlines()
    begin = lines.index(f"    {host.name}:") + 1
    own = [line.strip() for line in lines[begin:] if line.startswith("      ")][:4]
    return "\n".join([*own, *(line.strip() for line in lines[lines.index("  vars:") + 1 :])]) + "\n"


def replaced(text: str, own: Mapping[str, str]) -> str:
    for theirs, ours in own.items():
        text = text.replace(theirs, ours)
    return text


def run(command: pages.Command, host: Host, folder: Path, lab: Lab) -> None:
    """Run a command as the page has it.

    Raises:
        LabError: it fails.
    """
    if command.prompt == pages.HOST:
        done = host.run(f"bash -o pipefail -c {shlex.quote(command.text)}", check=False, timeout=LIMIT)
    else:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command.text],
            cwd=folder,
            env={**os.environ, **PLAIN, **AUTHOR, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    with (folder / PRINTED).open("a", encoding="utf-8") as file:
        file.write(done.stdout)
    if done.returncode:
        raise LabError(f"{command.page}: {command.text}\n{done.stdout[-6000:]}{done.stderr[-2000:]}")


def expect(good: bool, what: str, answer: httpx.Response) -> None:
    """Raise LabError with an answer unless all is well."""
    if not good:
        raise LabError(f"{what}: {answer.request.url.path} answered {answer.status_code}\n{answer.text[:3000]}")


def password(folder: Path, name: str) -> str:
    """Return a password that the first run has made."""
    return (folder / "secrets" / name).read_text(encoding="utf-8").strip()


def datasette(visitor: Visitor, folder: Path) -> None:
    """Read the table, log in, read what needs a login, and see what a plugin does."""
    answer = visitor.get("/plants/plants.json")
    expect("Fern" in answer.text, "the table", answer)
    answer = visitor.get("/plants/prices")
    expect(answer.status_code == 403, "what needs a login", answer)
    answer = visitor.submit("/-/login", {"username": "admin", "password": password(folder, "admin")})
    expect(answer.status_code == 302, "the login", answer)
    answer = visitor.get("/plants/prices.json")
    expect("4.5" in answer.text, "what needs a login, after it", answer)
    answer = visitor.get("/robots.txt")
    expect("Disallow: /" in answer.text, "the plugin", answer)


def picture() -> bytes:
    """Return a PNG of 32 by 32 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return len(data).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")

    header = (32).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    rows = zlib.compress((b"\0" + b"\x20\x80\x40" * 32) * 32)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def wagtail(visitor: Visitor, folder: Path) -> None:
    """Read the first page and a file of its own, log in, upload an image, and read that."""
    answer = visitor.get("/")
    expect(answer.status_code == 200 and "Wagtail" in answer.text, "the first page", answer)
    style = re.search(r'href="(/static/css/mysite\.\w+\.css)"', answer.text)
    expect(bool(style), "the hashed style sheet", answer)
    answer = visitor.get(style[1] if style else "")
    expect("immutable" in answer.headers.get("cache-control", ""), "the style sheet", answer)
    fields = {"username": "admin", "password": password(folder, "admin"), "next": "/admin/"}
    answer = visitor.submit("/admin/login/", fields)
    expect(answer.status_code == 302, "the login", answer)
    answer = visitor.get("/admin/")
    expect(answer.status_code == 200, "the admin", answer)
    answer = visitor.submit("/admin/images/add/", {"title": "Green"}, ("green.png", picture()))
    expect(answer.status_code == 302, "the upload", answer)
    image = visitor.get("/media/original_images/green.png")
    expect(image.content == picture(), "the image", image)
    expect(image.headers.get("content-type") == "image/png", "the type of the image", image)


def weblate(visitor: Visitor, folder: Path) -> None:
    """Read a style sheet, log in by the password that a command printed, and see that a worker of Celery answers."""
    answer = visitor.get("/accounts/login/")
    style = re.search(r'href="(/static/[^"]+\.css[^"]*)"', answer.text)
    expect(bool(style), "the form", answer)
    sheet = visitor.get(style[1] if style else "")
    expect(sheet.status_code == 200, "the style sheet", sheet)
    printed = (folder / PRINTED).read_text(encoding="utf-8")
    secret = re.search(r"Using generated password: (\S+)", printed)
    if not secret:
        raise LabError(f"createadmin printed no password:\n{printed[-3000:]}")
    answer = visitor.submit("/accounts/login/", {"username": "admin", "password": secret[1]})
    expect(answer.status_code == 302, "the login", answer)
    answer = visitor.get("/manage/performance/")
    expect(answer.status_code == 200, "the page of the administrator", answer)


RECIPES = (
    Recipe("docs/datasette.md", "data.example.com", datasette),
    Recipe("docs/wagtail.md", "www.example.com", wagtail, "https://git.example.com/mysite.git"),
    Recipe("docs/weblate.md", "translate.example.com", weblate),
)
