"""Versions to commits, and a mirror of a real repository."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.git import (
    Mirror,
    choose_commit,
    not_found_message,
    parse_refs,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.git_trees import (
    Submodule,
    parse_submodules,
    parse_tree,
    refuse_unsafe_paths,
    submodule_url,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.servers import Trust
from ansible_collections.asgi.deploy.plugins.module_utils._host.source.sources import Git
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

A, B, C = "a" * 40, "b" * 40, "c" * 40
REFS = {
    "HEAD": A,
    "refs/heads/main": A,
    "refs/heads/feature/cart": B,
    "refs/heads/v1": A,
    "refs/tags/v1": C,
    "refs/tags/v1.4.2": B,
}


def test_parse_refs() -> None:
    text = f"{A}\tHEAD\n{A}\trefs/heads/main\n{B}\trefs/tags/light\n{B}\trefs/tags/object\n{C}\trefs/tags/object^{{}}\n"
    actual = parse_refs(text)
    assert actual == {"HEAD": A, "refs/heads/main": A, "refs/tags/light": B, "refs/tags/object": C}


@pytest.mark.parametrize("text", ["", "\n", "warning: something else\n"])
def test_parse_no_refs(text: str) -> None:
    assert parse_refs(text) == {}


@pytest.mark.parametrize(
    ("version", "commit"),
    [
        pytest.param("v1.4.2", B, id="tag"),
        pytest.param("main", A, id="branch"),
        pytest.param("feature/cart", B, id="branch with a slash"),
        pytest.param("v1", C, id="tag before branch"),
        pytest.param("HEAD", A, id="HEAD"),
        pytest.param("refs/heads/v1", A, id="whole reference"),
        pytest.param(C, C, id="whole commit"),
        pytest.param("d" * 40, "d" * 40, id="whole commit that no reference holds"),
        pytest.param("d" * 64, "d" * 64, id="whole SHA-256"),
        pytest.param("d" * 41, None, id="neither SHA-1 nor SHA-256"),
        pytest.param("aaaaaaa", None, id="abbreviated"),
        pytest.param("cart", None, id="part of a branch"),
        pytest.param("V1", None, id="other case"),
    ],
)
def test_pick(version: str, commit: str | None) -> None:
    assert choose_commit(REFS, version) == commit


@pytest.mark.parametrize(
    ("refs", "version", "has"),
    [
        pytest.param(REFS, "1.4.2", "it has v1.4.2", id="nearest first"),
        pytest.param(REFS, "zzzzzz", "it has main, feature/cart, v1, v1, v1.4.2", id="nothing near"),
        pytest.param({"HEAD": A}, "v1", "it has no tag and no branch", id="nothing at all"),
    ],
)
def test_not_found(refs: dict[str, str], version: str, has: str) -> None:
    text = not_found_message(refs, "https://git.example.com/shop.git", version)
    assert text.startswith(
        f"version: found '{version}', which is no tag, branch or commit of https://git.example.com/shop.git; {has}"
    )


class Repository:
    """A repository of another user, on this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        settings = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
        argv = ["git", "-C", str(self.path), *settings, *arguments]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, text: str) -> str:
        (self.path / "main.py").write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", text)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "origin")


@pytest.fixture
def mirror(tmp_path: Path, repository: Repository) -> Mirror:
    return Mirror(tmp_path / "cache" / "shop.git", str(repository.path))


def released(mirror: Mirror, version: str) -> str:
    """Resolve, then fetch what is missing, as a release does."""
    return mirror.fetch(version, mirror.resolve(version))


def test_versions_of_a_repository(mirror: Mirror, repository: Repository) -> None:
    first = repository.commit("first")
    repository.git("tag", "v1")
    second = repository.commit("second")
    repository.git("tag", "--annotate", "--message=two", "v2")
    repository.git("branch", "feature/cart", first)
    versions = {
        "v1": first,
        "v2": second,
        "main": second,
        "HEAD": second,
        "feature/cart": first,
        first: first,
        first[:7]: first,
        second[:12]: second,
    }
    assert {version: released(mirror, version) for version in versions} == versions


def test_commit_is_described_by_its_nearest_tag_with_a_number(mirror: Mirror, repository: Repository) -> None:
    before = repository.commit("before")
    repository.git("tag", "latest")
    tagged = repository.commit("first")
    repository.git("tag", "v1.4.2")
    after = repository.commit("second")
    released(mirror, "main")
    assert mirror.describe(before) is None
    assert mirror.describe(tagged) == f"v1.4.2-0-g{tagged[:7]}"
    assert mirror.describe(after) == f"v1.4.2-1-g{after[:7]}"


def test_abbreviated_commit_is_known_only_after_a_fetch(mirror: Mirror, repository: Repository) -> None:
    commit = repository.commit("first")
    assert mirror.resolve(commit[:8]) is None
    assert mirror.fetch(commit[:8], None) == commit
    assert mirror.resolve(commit[:8]) == commit


def test_whole_commit_that_is_here_needs_no_network(mirror: Mirror, repository: Repository) -> None:
    commit = repository.commit("first")
    released(mirror, "main")
    repository.path.rename(repository.path.with_name("gone"))
    assert released(mirror, commit) == commit


def test_moved_branch(mirror: Mirror, repository: Repository) -> None:
    repository.commit("first")
    first = released(mirror, "main")
    repository.git("checkout", "--quiet", "--orphan", "other")
    other = repository.commit("history was rewritten")
    repository.git("branch", "--force", "main", other)
    assert released(mirror, "main") == other != first


def test_moved_tag(mirror: Mirror, repository: Repository) -> None:
    repository.commit("first")
    repository.git("tag", "v1")
    released(mirror, "v1")
    second = repository.commit("second")
    repository.git("tag", "--force", "v1")
    assert released(mirror, "v1") == second


def test_branch_in_the_place_of_another(mirror: Mirror, repository: Repository) -> None:
    commit = repository.commit("first")
    repository.git("branch", "feature")
    released(mirror, "feature")
    repository.git("branch", "--delete", "feature")
    repository.git("checkout", "--quiet", "-b", "feature/cart")
    second = repository.commit("second")
    assert released(mirror, "feature/cart") == second != commit


def test_commit_that_no_branch_holds_any_more(mirror: Mirror, repository: Repository) -> None:
    repository.commit("first")
    lost = repository.commit("amended away")
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    assert released(mirror, lost) == lost


def test_unknown_version(mirror: Mirror, repository: Repository) -> None:
    repository.commit("first")
    repository.git("tag", "v1.4.2")
    with pytest.raises(DeployError) as error:
        mirror.resolve("1.4.2")
    expected = f"version: found '1.4.2', which is no tag, branch or commit of {repository.path}; it has v1.4.2"
    assert str(error.value) == expected


@pytest.mark.parametrize("version", ["0123abc", "0" * 40])
def test_unknown_commit(mirror: Mirror, repository: Repository, version: str) -> None:
    repository.commit("first")
    with pytest.raises(DeployError) as error:
        released(mirror, version)
    assert str(error.value) == f"version: found '{version}', which is no commit of {repository.path}"


def test_tree_is_no_commit(mirror: Mirror, repository: Repository) -> None:
    repository.commit("first")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    with pytest.raises(DeployError, match="which is no commit of"):
        released(mirror, tree)


def test_unreachable_repository(tmp_path: Path) -> None:
    url = str(tmp_path / "nowhere.git")
    with pytest.raises(DeployError) as error:
        Mirror(tmp_path / "mirror", url).resolve("main")
    first, *rest = str(error.value).splitlines()
    assert first == f"git: {url} cannot be read from this host:"
    assert f"fatal: '{url}' does not appear to be a git repository" in "\n".join(rest)


def test_checkout(mirror: Mirror, repository: Repository, tmp_path: Path) -> None:
    (repository.path / "package").mkdir()
    (repository.path / "package" / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (repository.path / "package" / "run.sh").chmod(0o755)
    (repository.path / "link").symlink_to("main.py")
    first = repository.commit("first")
    repository.commit("second")
    released(mirror, "main")
    tree = tmp_path / "release" / "src"
    tree.mkdir(parents=True)
    mirror.checkout(first, tree)
    assert sorted(path.name for path in tree.iterdir()) == ["link", "main.py", "package"]
    assert (tree / "main.py").read_text(encoding="utf-8") == "first"
    assert (tree / "link").is_symlink()
    assert (tree / "package" / "run.sh").stat().st_mode & 0o111
    assert [path.name for path in tree.parent.iterdir()] == ["src"]


def test_checkouts_do_not_mix(mirror: Mirror, repository: Repository, tmp_path: Path) -> None:
    (repository.path / "only_in_first.py").touch()
    first = repository.commit("first")
    repository.git("rm", "--quiet", "only_in_first.py")
    second = repository.commit("second")
    released(mirror, "main")
    for commit in (first, second):
        (tmp_path / commit).mkdir()
        mirror.checkout(commit, tmp_path / commit)
    assert [path.name for path in (tmp_path / second).iterdir()] == ["main.py"]


def test_locks_of_a_git_that_was_killed(mirror: Mirror, repository: Repository) -> None:
    repository.commit("first")
    released(mirror, "main")
    stale = [mirror.path / name for name in ("packed-refs.lock", "refs/heads/main.lock", "HEAD.lock")]
    for path in stale:
        path.touch()
    second = repository.commit("second")
    assert released(mirror, "main") == second
    assert not any(path.exists() for path in stale)


@pytest.mark.parametrize(
    ("url", "parent", "whole"),
    [
        ("https://other.example/x.git", "https://git.example.com/team/shop.git", "https://other.example/x.git"),
        ("../lib.git", "https://git.example.com/team/shop.git", "https://git.example.com/team/lib.git"),
        ("../lib.git", "https://git.example.com/team/shop.git/", "https://git.example.com/team/lib.git"),
        ("../../o/lib.git", "https://git.example.com/team/shop.git", "https://git.example.com/o/lib.git"),
        ("./lib", "/srv/git/shop", "/srv/git/shop/lib"),
        ("../lib.git", "git@git.example.com:team/shop.git", "git@git.example.com:team/lib.git"),
        ("../lib.git", "git@git.example.com:shop.git", "git@git.example.com:lib.git"),
    ],
)
def test_related(url: str, parent: str, whole: str) -> None:
    assert submodule_url(url, parent) == whole


def test_parse_submodules() -> None:
    settings = "submodule.a b.path\nlibs/a b\0submodule.a b.url\n../a.git\0submodule.x.y.path\nx\0submodule.x.y.url\nhttps://x\0"
    listing = "\0".join([f"100644 blob {A}\tmain.py", f"160000 commit {B}\tlibs/a b", f"160000 commit {C}\tx", ""])
    assert parse_submodules(settings, parse_tree(listing), "https://git.example.com/shop.git") == [
        Submodule("https://git.example.com/a.git", B, "libs/a b"),
        Submodule("https://x", C, "x"),
    ]


@pytest.mark.parametrize("settings", ["", "submodule.x.path\nlib\0"])
def test_submodule_that_comes_from_nowhere(settings: str) -> None:
    with pytest.raises(DeployError) as error:
        parse_submodules(settings, parse_tree(f"160000 commit {B}\tlib\0"), "https://git.example.com/shop.git")
    text = "submodules: .gitmodules of https://git.example.com/shop.git does not say where 'lib' comes from"
    assert str(error.value) == text


def test_submodules_within_submodules(mirror: Mirror, repository: Repository, tmp_path: Path) -> None:
    """What is recorded, and not what is newest; and without the network once it is here."""
    inner, outer = Repository(tmp_path / "inner"), Repository(tmp_path / "outer")
    allow = ("-c", "protocol.file.allow=always")
    inner.commit("inner first")
    outer.git(*allow, "submodule", "--quiet", "add", "../inner", "deep")
    outer.commit("outer first")
    repository.git(*allow, "submodule", "--quiet", "add", "../outer", "libs/outer")
    commit = repository.commit("first")
    outer.commit("outer second")
    source = Git(mirror, None, submodules=True)
    assert source.fetch("main", source.resolve("main")) == commit
    for item in (repository, outer, inner):
        item.path.rename(item.path.with_name(f"{item.path.name}-gone"))
    assert source.fetch(commit, source.resolve(commit)) == commit
    tree = tmp_path / "tree"
    tree.mkdir()
    source.checkout(commit, tree)
    actual = {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("main.py")}
    assert actual == {
        "main.py": "first",
        "libs/outer/main.py": "outer first",
        "libs/outer/deep/main.py": "inner first",
    }
    assert not list(tree.rglob(".git"))
    # Who builds may read the outer mirror, and with it these.
    modes = {stat.S_IMODE(path.stat().st_mode) for path in mirror.path.rglob("submodules/*.git")}
    assert modes == {0o755} and stat.S_IMODE(mirror.path.stat().st_mode) == 0o700


@pytest.mark.parametrize("url", ["https://elsewhere.example.com/lib.git", "git@elsewhere.example.com:lib.git"])
def test_submodules_come_from_no_host_that_is_not_named(
    mirror: Mirror, repository: Repository, tmp_path: Path, url: str
) -> None:
    """It is not even asked: none of these answers."""
    other = tmp_path / "other"
    Repository(other).commit("v1")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "lib")
    repository.git("config", "--file", ".gitmodules", "submodule.lib.url", url)
    commit = repository.commit("v2")
    with pytest.raises(DeployError) as refused:
        Git(mirror, None, submodules=True, hosts=["git.example.com"]).fetch("main", commit)
    assert str(refused.value) == (
        f"submodules: 'lib' of {mirror.url} comes from elsewhere.example.com, and sandbox.outgoing limits what "
        "releases are made from; write index: {hosts: [elsewhere.example.com]} if it may"
    )


@pytest.mark.parametrize(
    "url", ["ssh://git.example.com#@elsewhere.example.com/lib.git", "https::https://elsewhere.example.com/lib.git"]
)
def test_a_submodule_of_an_odd_url_is_refused(url: str) -> None:
    entries = parse_tree(f"160000 commit {B}\tlib\0")
    settings = f"submodule.lib.path\nlib\0submodule.lib.url\n{url}\0"
    with pytest.raises(DeployError, match=r"'lib' of .* comes from .*, which names no host"):
        parse_submodules(settings, entries, "https://git.example.com/shop.git")


def test_submodules_stay_out_unless_asked_for(mirror: Mirror, repository: Repository, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    other.commit("other")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../other", "lib")
    commit = repository.commit("first")
    source, tree = Git(mirror, None, submodules=False), tmp_path / "tree"
    tree.mkdir()
    source.checkout(source.fetch("main", commit), tree)
    assert list((tree / "lib").iterdir()) == []
    assert source.content(commit) != Git(mirror, None, submodules=True).content(commit)


def test_a_submodule_from_the_network_reads_no_file_of_the_host(tmp_path: Path) -> None:
    here = Repository(tmp_path / "private")
    commit = here.commit("secret")
    inner = Mirror(tmp_path / "m", "https://git.example.com/shop.git").of_submodule(
        Submodule(str(here.path), commit, "x")
    )
    with pytest.raises(DeployError, match="transport 'file' not allowed"):
        inner.fetch(commit, commit)


@pytest.mark.parametrize("url", ["http://git.example.com/lib.git", "git://git.example.com/lib.git"])
def test_a_submodule_over_a_plain_transport(tmp_path: Path, url: str) -> None:
    submodule = Submodule(url, A, "lib")
    with pytest.raises(
        DeployError, match=r"submodules: 'lib' of https://git\.example\.com/shop\.git comes from .+, which"
    ):
        Mirror(tmp_path / "m", "https://git.example.com/shop.git").of_submodule(submodule)
    allowed = Mirror(tmp_path / "m", "https://git.example.com/shop.git", Trust(plain=True)).of_submodule(submodule)
    assert allowed.env["GIT_ALLOW_PROTOCOL"] == "ftp:git:http:https:ssh"


def test_git_follows_to_no_plain_transport(tmp_path: Path, mirror: Mirror) -> None:
    """Whatever the host's own settings make of the URL."""
    settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "url.git://localhost/.insteadOf"}
    env = {**settings, "GIT_CONFIG_VALUE_0": "https://localhost/"}
    with pytest.raises(DeployError, match=r"git: https://localhost/x\.git leads to git://, which is not protected"):
        Mirror(tmp_path / "m", "https://localhost/x.git", env=env).resolve("main")


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(["160000 commit {}\t../../etc/systemd/system"], id="up"),
        pytest.param(["100644 blob {}\ta/../../b"], id="up from a folder"),
        pytest.param(["160000 commit {}\t/etc/systemd/system"], id="from the top"),
        pytest.param(["100644 blob {}\t.git/config"], id="git's own"),
        pytest.param(["100644 blob {}\tlib/.GIT/config"], id="git's own in other letters"),
        pytest.param(["120000 blob {}\tlib", "160000 commit {}\tlib/x"], id="through a link"),
        pytest.param(["160000 commit {}\tlib/x", "120000 blob {}\tlib"], id="through a link that comes later"),
        pytest.param(["160000 commit {}\tlib", "100644 blob {}\tlib/x"], id="through a submodule"),
        pytest.param(["100644 blob {}\ta//b"], id="without a name"),
    ],
)
def test_a_tree_that_no_git_makes_is_refused(entries: list[str]) -> None:
    listing = "\0".join(entry.format(A) for entry in entries)
    with pytest.raises(DeployError, match="nothing of it was written"):
        refuse_unsafe_paths(parse_tree(listing), "https://git.example.com/shop.git")


def test_other_trees_are_not_refused() -> None:
    names = ["..a", "a..", ".gitignore", ".github/x", "a/b", "a/c", "ab", "a b/ç\n", "lib/.gitmodules"]
    refuse_unsafe_paths(
        parse_tree("\0".join(f"100644 blob {A}\t{name}" for name in names)), "https://git.example.com/x"
    )


def stored(repository: Repository, content: bytes, kind: str = "blob") -> str:
    """Return the name of an object that is put into a repository as it is."""
    argv = ["git", "hash-object", "-t", kind, "--literally", "-w", "--stdin"]
    done = subprocess.run(argv, input=content, cwd=repository.path, check=True, capture_output=True)
    return done.stdout.decode().strip()


def tree_of(repository: Repository, *entries: tuple[str, str, str]) -> str:
    """Return a tree that git's own commands would not make, from modes, names and what they stand for."""
    content = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(target) for mode, name, target in entries)
    return stored(repository, content, "tree")


@pytest.mark.parametrize("submodules", [False, True])
@pytest.mark.parametrize("way", ["..", "link"])
def test_a_crafted_tree_writes_nothing_elsewhere(
    mirror: Mirror, repository: Repository, tmp_path: Path, way: str, submodules: bool
) -> None:
    """Neither when it is fetched, nor where a mirror of a former version has it already."""
    victim = tmp_path / "victim"
    victim.mkdir()
    evil = Repository(tmp_path / "evil")
    inner = evil.commit("[Service]\nExecStart=/bin/evil\n")
    repository.commit("first")
    path = "../victim" if way == ".." else "lib/x"
    settings = stored(repository, f'[submodule "x"]\n\tpath = {path}\n\turl = {evil.path}\n'.encode())
    odd = (
        [("40000", "..", tree_of(repository, ("160000", "victim", inner)))]
        if way == ".."
        else [
            ("120000", "lib", stored(repository, str(victim).encode())),
            ("40000", "lib", tree_of(repository, ("160000", "x", inner))),
        ]
    )
    whole = tree_of(repository, ("100644", ".gitmodules", settings), *odd)
    commit = repository.git("commit-tree", "-m", "crafted", whole).strip()
    repository.git("update-ref", "refs/heads/main", commit)
    source, tree = Git(mirror, None, submodules=submodules), tmp_path / "a" / "tree"
    tree.mkdir(parents=True)
    with pytest.raises(DeployError, match=r"hasDotdot|duplicateEntries|nothing of it was written"):
        source.fetch("main", commit)
    shutil.copytree(repository.path / ".git", mirror.path, dirs_exist_ok=True)  # as of before
    with pytest.raises(DeployError, match="nothing of it was written"):
        source.checkout(commit, tree)
    assert list(victim.iterdir()) == [] and not (tree / "lib").exists()


def test_key_is_there_only_while_git_works(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "m", "ssh://git@localhost/x.git", Trust("THE KEY\n\n"))
    with mirror.trust.ssh(keep=True) as env:
        command = env["GIT_SSH_COMMAND"]
        file = Path(command.rpartition("-oIdentityFile=")[2].split()[0])
        assert (file.read_text(), oct(file.stat().st_mode)[-4:]) == ("THE KEY\n", "0600")
        assert "-oIdentitiesOnly=yes" in command
        assert "THE KEY" not in str(env)
    assert not file.exists()
