"""Check the words of code, YAML, templates, messages and pages.

``python -m tests.project.words [PATH …]`` names each place with a word that the glossary of CONTRIBUTING.md refuses,
each docstring of a function and each name of a task that does not begin with a verb of VERBS.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from tests import ROOT
from tests.lab import LabError
from tests.lab.process import run

GLOSSARY = "CONTRIBUTING.md"
TITLE = "## Words"

# The first words of docstrings of functions and of names of tasks. Test functions are not among them: their names say
# what is asserted, and their docstrings say why.
_VERBS = """
Abort Accept Add Allow Answer Append Apply Archive Arrange Ask Assert Assign Attach Attack Authenticate Begin Bind
Block Boot Break Bring Build Bundle Buy Cache Calculate Call Cancel Change Check Choose Clean Clear Clone Close
Collect Combine Commit Compare Compile Complete Compress Compute Configure Confirm Connect Consume Convert Copy Count
Create Cut Decide Declare Decode Decompress Decorate Decrypt Define Delay Delete Deliver Deny Deploy Derive Describe
Detect Determine Disable Discard Disconnect Display Divide Download Drain Draw Drop Echo Edit Emit Empty Enable Encode
Encrypt End Enforce Ensure Enter Escape Evaluate Exchange Exclude Execute Exit Expand Expect Expire Explain Export
Expose Extend Extract Fail Fetch Fill Filter Find Finish Fix Flush Follow Forbid Force Forget Format Forward Free
Freeze Gather Generate Give Grant Group Guess Handle Harden Hash Hide Hold Identify Ignore Implement Import Include
Increase Index Initialize Inject Insert Inspect Install Interrupt Invoke Issue Iterate Join Keep Kill Label Launch
Leave Limit Link List Listen Load Locate Lock Log Lower Make Map Mark Mask Match Measure Merge Migrate Mock Modify
Monitor Mount Move Name Negotiate Normalize Note Notify Observe Obtain Omit Open Order Override Pack Parse Pass Patch
Pause Perform Ping Pipe Place Plan Play Point Poll Pop Predict Prefix Prepare Press Print Probe Process Produce
Propose Protect Prove Provide Proxy Publish Pull Push Put Query Queue Quote Raise Read Reboot Receive Reclaim
Reconcile Record Redirect Reduce Reformat Refuse Register Reject Release Reload Remember Remove Rename Render Renew
Repair Repeat Replace Reply Report Request Require Reserve Reset Resolve Respond Restart Restore Restrict Resume Retry
Return Reuse Revert Revoke Rewrite Roll Rotate Route Run Sample Sanitize Save Say Scan Schedule Score Search Select
Send Separate Serialize Serve Set Shift Show Shut Sign Signal Simulate Skip Sleep Solve Sort Spawn Speak Split Start
State Stop Store Stream Strip Subtract Suggest Sum Summarize Supply Switch Synchronize Tag Take Terminate Test
Throttle Time Trace Track Transfer Translate Treat Trigger Trim Truncate Trust Try Turn Undo Uninstall Unlock Unpack
Unset Update Upgrade Upload Use Validate Verify Visit Wait Wake Walk Warm Warn Watch Weigh Wrap Write Yield
"""
VERBS = frozenset(_VERBS.split())


class Allowed(NamedTuple):
    """A text in which the words are not looked for.

    Attributes:
        pattern: A regular expression of the text.
        files: A pattern of the files that may contain it, as for PurePosixPath.match.
        reason: Why another word would be wrong.
    """

    pattern: str
    files: str
    reason: str


# All exceptions, each with its reason. One that excuses nothing is refused.
ALLOWED = (
    Allowed(rf"(?ms)^{TITLE}$.*?(?=^## |\Z)", GLOSSARY, "the glossary names the words that it refuses"),
    Allowed(r"(?m)\bmetadata\.told\b|[\"']told[\"']|^ +told:", "*", "a key of a result that docs/plugins.md lists"),
    Allowed(r"\bstand-in that nobody trusts\b", "*", "the subject of certificates that are on hosts"),
    Allowed(r"\bwanted\.json\b", "*", "the name of a file on hosts"),
    Allowed('WantedBy=|"WantedBy"', "*", "systemd's name of the option"),
    Allowed(r"\bfile\.tell\(\)", "*.py", "a method of Python's files"),
    Allowed(r"[\"']nobody[\"']", "*.py", "the user that every Debian has"),
)

# What git knows and no author of this project writes, or where words are data of the check itself.
UNREAD = (
    "docs/benchmarks/*",
    "LICENSE",
    "LICENSES/*",
    "*.txt",
    "*.json",
    "tests/project/words.py",
    "tests/unit/tooling/project/test_words.py",
)
WITH_TASKS = ("roles", "playbooks", "molecule")  # folders whose YAML names tasks

_ENTRY = re.compile(r"^\| (?P<word>[^|]+?) \| [^|]+ \| (?P<refused>[^|]*) \|$", re.MULTILINE)
_TASK = re.compile(r"^\s*(?:- )?name: [\"']?(?P<first>[A-Z][\w-]*)", re.MULTILINE)
# Between the words of a phrase: a name's underscore, a line's end, the mark of a comment, and the quotes of a string
# that goes on in the next line.
_GAP = r"[\s_#*\"'-]+(?:[rf]+[\"']\s*)?"


class Refused(NamedTuple):
    """A word or phrase that is refused, and the words to write instead."""

    text: str
    instead: str


def glossary(page: str) -> dict[str, str]:
    """Return the refused words and phrases of the glossary, each with the words to write instead.

    Args:
        page: The text of CONTRIBUTING.md.

    Raises:
        LabError: The page has no glossary.
    """
    _, title, rest = page.partition(f"\n{TITLE}\n")
    words: dict[str, list[str]] = {}
    for entry in _ENTRY.finditer(rest.partition("\n## ")[0]):
        for text in re.findall(r"`([^`]+)`", entry["refused"]):
            words.setdefault(text.lower(), []).append(entry["word"])
    if not words:
        raise LabError(f"{GLOSSARY}: found {title.strip() or 'no section'}, expected a table below {TITLE!r}")
    return {text: " or ".join(instead) for text, instead in words.items()}


def refused_words(text: str, words: Mapping[str, str]) -> Iterator[tuple[int, Refused]]:
    """Yield the refused words of a text, each with the number of its line.

    Names are read as their words: `told_apart`, `ToldApart` and `toldApart` are "told apart".
    """
    spaced = re.sub(r"\\[nrt]|_", lambda match: " " * len(match[0]), text)
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", spaced)
    pattern = "|".join(f"({_GAP.join(map(re.escape, phrase.split()))})" for phrase in words)
    phrases = list(words)
    for match in re.finditer(rf"(?i)\b(?:{pattern})\b", spaced):
        phrase = phrases[(match.lastindex or 1) - 1]
        yield spaced.count("\n", 0, match.start()) + 1, Refused(phrase, words[phrase])


def excused(path: str, text: str, allowed: Iterable[Allowed]) -> str:
    """Return a text with blanks in the place of what is allowed in it."""
    for each in allowed:
        if PurePosixPath(path).match(each.files):
            text = re.sub(each.pattern, lambda match: re.sub(r"\S", " ", match[0]), text)
    return text


def docstring_errors(text: str) -> Iterator[tuple[int, str]]:
    """Yield the first word of each function's docstring that is no verb of VERBS, with the number of its line."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("test_"):
            continue
        if documentation := ast.get_docstring(node):
            first = re.match(r"[\w'`/-]*", documentation)
            if first and first[0] not in VERBS:
                yield node.body[0].lineno, first[0] or documentation.split()[0]


def task_errors(text: str) -> Iterator[tuple[int, str]]:
    """Yield the first word of each task's name that is no verb of VERBS, with the number of its line."""
    for match in _TASK.finditer(text):
        if match["first"] not in VERBS:
            yield text.count("\n", 0, match.start("first")) + 1, match["first"]


def errors(path: str, text: str, words: Mapping[str, str], allowed: Iterable[Allowed] = ALLOWED) -> list[str]:
    """Return a message for each word of a file that is refused.

    Args:
        path: The file's path below the top of the repository; its own words are checked as well.
        text: What is in it.
        words: The refused words, from glossary().
        allowed: The exceptions.
    """
    in_path = [(1, refused) for _, refused in refused_words(path, words)]
    messages = [
        (line, f"found {refused.text!r}, expected {refused.instead}; see {GLOSSARY}, {TITLE.lstrip('# ')}")
        for line, refused in [*in_path, *refused_words(excused(path, text, allowed), words)]
    ]
    if path.endswith(".py"):
        messages += [
            (line, f"found a docstring that begins with {first!r}, expected a verb of VERBS, as in: Return the path.")
            for line, first in docstring_errors(text)
        ]
    if path.endswith(".yml") and path.partition("/")[0] in WITH_TASKS:
        messages += [
            (line, f"found a task name that begins with {first!r}, expected a verb of VERBS, as in: Install nginx")
            for line, first in task_errors(text)
        ]
    return [f"{path}:{line}: {message}" for line, message in sorted(messages)]


def unused(texts: Mapping[str, str], allowed: Iterable[Allowed] = ALLOWED) -> list[str]:
    """Return a message for each exception that excuses nothing in any of the files."""
    return [
        f"tests/project/words.py: found the exception {each.pattern!r}, which excuses nothing; expected none"
        for each in allowed
        if not any(
            PurePosixPath(path).match(each.files) and re.search(each.pattern, text) for path, text in texts.items()
        )
    ]


def read_files(paths: Sequence[str]) -> dict[str, str]:
    """Return the text of each file below the paths that git knows, by its path; of all files without a path."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths]
    texts: dict[str, str] = {}
    for path in run(command).stdout.split("\0")[:-1]:
        file = ROOT / path
        if not file.is_file() or any(PurePosixPath(path).match(pattern) for pattern in UNREAD):
            continue
        texts[path] = file.read_text()
    return texts


def main(paths: Sequence[str]) -> list[str]:
    """Return the messages for the files below the paths, and for all files without a path."""
    words = glossary((ROOT / GLOSSARY).read_text())
    texts = read_files(paths)
    messages = [message for path, text in texts.items() for message in errors(path, text, words)]
    return messages if paths else messages + unused(texts)


if __name__ == "__main__":
    try:
        messages = main(sys.argv[1:])
    except LabError as failure:
        sys.exit(f"error: {failure}")
    if messages:
        sys.exit("\n".join(messages))
