"""What to say of a build that failed: which distribution it was, why, and which Debian packages it needs."""

from __future__ import annotations

import re

_LINES = 20  # of the end of what was printed
_MOST = 2**19  # characters of the beginning, and of the end, that are searched
_LONGEST = 300  # characters of a line
# The line that names the distribution, as uv and pip write it.
_HEADLINE = re.compile(
    r"^\W{0,8}(?:error: |ERROR: )?(?:Failed to (?:build|download|fetch|install)|Failed building wheel for|"
    r"Could not (?:build|find)|No matching distribution|No solution found).{0,300}",
    re.MULTILINE,
)
# The first line that a compiler, or the build of a distribution, says of what is wrong.
_REASON = re.compile(
    r"^.{0,200}?(?:fatal error: |(?:[Ee]rror|Exception): (?!Command|command|Failed to build|subprocess|metadata))"
    r".{1,300}",
    re.MULTILINE,
)
_ABSENT = r"[^\n]{0,200}?(?:not found|No such file|not be found|is required|not installed)"
# Headers and programs that a build lacks, and the Debian package that has each.
_FILES = {
    r"\bPython\.h": "python3-dev",
    r"\b(?:lber|ldap)\.h": "libldap-dev",
    r"\bsasl/sasl\.h": "libsasl2-dev",
    r"\blibpq-fe\.h|\bpg_config\b": "libpq-dev",
    r"\bffi\.h": "libffi-dev",
    r"\bopenssl/\w+\.h": "libssl-dev",
    r"\blibxml/\w+\.h|\bxml2-config\b": "libxml2-dev",
    r"\blibxslt/\w+\.h|\bxslt-config\b": "libxslt1-dev",
    r"\bmysql_config\b|\bmysql\.h": "default-libmysqlclient-dev",
    r"\bjpeglib\.h": "libjpeg-dev",
    r"\bzlib\.h": "zlib1g-dev",
    r"\bsqlite3\.h": "libsqlite3-dev",
    r"\bgdal-config\b": "libgdal-dev",
    r"\bkrb5-config\b|\bgssapi/gssapi\.h": "libkrb5-dev",
    r"\bxmlsec1\b|\bxmlsec/\w+\.h": "libxmlsec1-dev",
    r"\bcairo\.h": "libcairo2-dev",
    r"\bcurl-config\b|\bcurl/curl\.h": "libcurl4-openssl-dev",
    r"\byaml\.h": "libyaml-dev",
    r"\bpkg-config\b": "pkgconf",
    r"\b(?:cargo|rustc)\b": "cargo",
    r"\bcmake\b": "cmake",
    r"\bgfortran\b": "gfortran",
    r"\b(?:[a-z0-9_]+-linux-gnu-)?(?:g\+\+|c\+\+)(?=\W)": "g++",
    r"\b(?:[a-z0-9_]+-linux-gnu-)?(?:gcc|cc)\b": "gcc",
}
# What builds say of the same in words of their own.
_SENTENCES = {
    r"libxml2 and libxslt development packages": "libxml2-dev libxslt1-dev",
    r"library files could not be found for jpeg": "libjpeg-dev zlib1g-dev",
    r"Specify MYSQLCLIENT_CFLAGS": "default-libmysqlclient-dev pkgconf",
    r"can't find Rust compiler": "cargo",
    r"[Cc]ould not find CMake": "cmake",
    r"Unknown compiler\(s\)": "gcc",
    r"unable to execute '?[a-z0-9_-]*gcc": "gcc",
    r"No Fortran compiler": "gfortran",
    r"Git executable not found|Cannot find command 'git'": "git",
}
_COMPILERS = {"gcc", "g++"}
# What ssh says where git fetches a dependency.
_OF_SSH = {
    r"Permission denied \([a-z,-]*publickey|Host key verification failed": (
        "the repository of a dependency asks for a key; write dependency_keys, with its URL and key, and known_hosts "
        "in the application's entry"
    ),
}


def describe(printed: str) -> str:
    """Return what a failed installer printed: the distribution and the first error, then the end of its output.

    Args:
        printed: of the installer, which is not trusted; passwords in it are masked by the caller.
    """
    lines = printed.strip().splitlines()
    end = [line.rstrip()[:_LONGEST] for line in lines[-_LINES:]]
    first = [
        match.group().strip()[:_LONGEST] for match in (_HEADLINE.search(printed), _REASON.search(printed)) if match
    ]
    first = [line for line in dict.fromkeys(first) if line not in (shown.strip() for shown in end)]
    cut = ["…"] if first and len(lines) > _LINES else []
    return "\n".join([*first, *cut, *end, *_advice(printed)])


def missing_packages(printed: str) -> list[str]:
    """Return the Debian packages that a build lacked, by what it printed.

    >>> missing_packages("Modules/common.h:15:10: fatal error: lber.h: No such file or directory")
    ['libldap-dev']
    """
    found = [package for pattern, package in _FILES.items() if re.search(f"(?:{pattern}){_ABSENT}", printed)]
    for pattern, packages in _SENTENCES.items():
        found += packages.split() if re.search(pattern, printed) else []
    if _COMPILERS.intersection(found):
        found.append("python3-dev")  # no extension of Python compiles without it
    return list(dict.fromkeys(found))


def _advice(printed: str) -> list[str]:
    packages = missing_packages(printed)
    advice = [advice for pattern, advice in _OF_SSH.items() if re.search(pattern, printed)]
    if not packages:
        return advice
    apt = f"apt: {{build: [{', '.join(packages)}]}}"
    return [*advice, f"Debian has what is missing; write {apt} in the application's entry"]
