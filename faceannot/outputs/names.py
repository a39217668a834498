"""Names of photos as text that is always valid UTF-8, and back again without loss."""

from __future__ import annotations

import re

_UNDECODABLE = re.compile("[\ud800-\udfff]")
_ESCAPE = r"\\(x5c|x[89a-f][0-9a-f]|ud[89a-f][0-9a-f]{2})"
_ESCAPED = re.compile(_ESCAPE)
_LOOKS_ESCAPED = re.compile(rf"\\(?={_ESCAPE[2:]})")


def escape(name: str) -> str:
    r"""The name with each byte that is not UTF-8 written as `\xff`.

    Names come from the system with such bytes as lone surrogates (PEP 383). A backslash stays one, except where
    the name itself holds what looks like an escape: there it becomes `\x5c`. `unescape` gives the name back.
    """
    if "\\" in name:
        name = _LOOKS_ESCAPED.sub(r"\\x5c", name)
    if name.isascii():
        return name
    return _UNDECODABLE.sub(_escaped, name)


def unescape(text: str) -> str:
    """The name that `escape` was given: open it as it is, Python turns the surrogates into the bytes again."""
    return _ESCAPED.sub(_unescaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _unescaped(match: re.Match[str]) -> str:
    kind, digits = match[1][0], match[1][1:]
    code = int(digits, 16)
    return "\\" if code == 0x5C else chr(code if kind == "u" else 0xDC00 + code)
