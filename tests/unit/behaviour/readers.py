"""systemd's own ways of reading units, command lines and environment files, from its documentation and source."""

from __future__ import annotations

_SPACES = " \t\n\r"


def unit(text: str) -> list[tuple[str, str, str]]:
    """Return section, key and value of every line of a unit: systemd.syntax(7)."""
    result = []
    section, pending = "", ""
    for line in text.split("\n"):
        if pending and line.lstrip(_SPACES).startswith(("#", ";")):
            continue
        line = pending + line
        pending = ""
        if not line.strip(_SPACES) or line.lstrip(_SPACES).startswith(("#", ";")):
            continue
        if line.endswith("\\"):
            pending = line[:-1] + " "
            continue
        line = line.strip(_SPACES)
        if line.startswith("["):
            section = line.strip("[]")
            continue
        key, _, value = line.partition("=")
        result.append((section, key.strip(_SPACES), value.strip(_SPACES)))
    assert not pending, "the last line goes on"
    return result


def words(line: str) -> list[str]:
    """Return the words of a command line, with escapes, specifiers and variables: systemd.service(5)."""
    result: list[str] = []
    index = 0
    while index < len(line):
        if line[index] in _SPACES:
            index += 1
            continue
        word, index = _word(line, index)
        result.append(word.replace("%%", "%").replace("$$", "$"))
        assert "%" not in word.replace("%%", ""), "a specifier"
        assert "$" not in word.replace("$$", ""), "a variable"
    return result


def _word(line: str, index: int) -> tuple[str, int]:
    word, quote = "", ""
    while index < len(line) and (quote or line[index] not in _SPACES):
        char = line[index]
        if char == "\\":
            index += 1
            escapes = {"n": "\n", "t": "\t", "s": " ", '"': '"', "'": "'", "\\": "\\"}
            assert line[index] in escapes, f"an escape \\{line[index]}"
            word += escapes[line[index]]
        elif quote:
            if char == quote:
                quote = ""
            else:
                word += char
        elif char in "\"'":
            quote = char
        else:
            word += char
        index += 1
    assert not quote, "an open quote"
    return word, index


def environment(text: str) -> dict[str, str]:
    """Return the variables of a file: parse_env_file_internal() of systemd's src/basic/env-file.c, for what stands in
    double quotes; anything else fails.
    """
    result: dict[str, str] = {}
    index = 0
    while index < len(text):
        end = text.index("=", index)
        name = text[index:end]
        assert name.replace("_", "a").isalnum() and name.isascii(), f"the name {name!r}"
        assert text[end + 1] == '"', "a value without quotes"
        index, value = end + 2, ""
        while text[index] != '"':
            if text[index] == "\\":  # DOUBLE_QUOTE_VALUE_ESCAPE
                index += 1
                if text[index] in '"\\`$':
                    value += text[index]
                elif text[index] != "\n":
                    value += "\\" + text[index]
            else:
                value += text[index]
            index += 1
        assert text[index + 1] == "\n", "something behind the closing quote"
        assert name not in result, f"{name} twice"
        result[name] = value
        index += 2
    return result
