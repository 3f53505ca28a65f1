"""Takes the comments of the wire types to where the API's description finds them.

    describe_fields.py [--check]

Writes Sources/API/OpenAPI/FieldDescriptions.swift; with --check it only says whether that is up to date."""

import pathlib
import re
import sys

PACKAGE = pathlib.Path(__file__).resolve().parent.parent.parent
TARGET = PACKAGE / "Sources/API/OpenAPI/FieldDescriptions.swift"
TYPE = re.compile(r"package (?:indirect )?(?:struct|enum|extension) (\w+)|extension ([\w.]+)")
FIELD = re.compile(r"package var `?(\w+)`?: ")
CASE = re.compile(r"case (.+)$")


class Type:
    def __init__(self, name, depth, comment):
        self.name, self.depth, self.comment = name, depth, comment
        self.fields = {}  # by Swift name, the comment
        self.keys = {}  # the name in JSON


def bare(line):
    """The line without its texts and comments, whose braces do not count."""
    return re.sub(r"//.*", "", re.sub(r'"(?:\\.|[^"\\])*"', '""', line))


def types(source):
    """The types that a file declares, with the comments of their fields."""
    found, stack, comment, depth, coding = [], [], [], 0, None
    for line in source.splitlines():
        text = line.strip()
        if text.startswith("///"):
            comment.append(text[3:].strip())
            continue
        code = bare(line)
        if match := re.search(r"enum CodingKeys: String", code):
            coding = depth
        elif match := TYPE.match(text):
            name = match[1] or match[2]
            parent = stack[-1].name + "." if stack else ""
            stack.append(Type(parent + name, depth, comment))
            found.append(stack[-1])
        elif stack and (match := FIELD.match(text)):
            stack[-1].fields[match[1]] = comment
        elif coding is not None and (match := CASE.match(text)):
            for case in match[1].split(","):
                name, _, value = case.partition("=")
                stack[-1].keys[name.strip().strip("`")] = value.strip().strip('"') or name.strip().strip("`")
        if text:
            comment = []
        depth += code.count("{") - code.count("}")
        if coding is not None and depth <= coding:
            coding = None
        while stack and depth <= stack[-1].depth:
            stack.pop()
    return found


def sentence(comment, keys):
    """A comment as one text, its fields called as they are in JSON."""
    lines = []
    for line in comment:
        if line.startswith("- "):
            break
        lines.append(line)
    return re.sub(r"`(\w+)`", lambda name: f"`{keys.get(name[1], name[1])}`", " ".join(lines)).strip()


def table():
    texts = {}
    for path in sorted((PACKAGE / "Sources/Wire").rglob("*.swift")):
        for kind in types(path.read_text()):
            if text := sentence(kind.comment, kind.keys):
                texts.setdefault(kind.name, text)
            for name, comment in kind.fields.items():
                if text := sentence(comment, kind.keys):
                    texts[f"{kind.name}.{kind.keys.get(name, name)}"] = text
    return texts


def swift(texts):
    def quoted(text):
        return text.replace("\\", "\\\\").replace('"', '\\"')

    lines = "".join(f'        "{name}": "{quoted(text)}",\n' for name, text in sorted(texts.items()))
    return f"""// Made by scripts/api/generate of the comments in Sources/Wire: change them there.
// swift-format-ignore-file

/// What the wire types and their fields are, by `Type` and `Type.field` with the field's name in JSON.
enum FieldDescriptions {{
    static let table: [String: String] = [
{lines}    ]
}}
"""


def main(*options):
    text = swift(table())
    if list(options) != ["--check"]:
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        sys.exit(f"{TARGET.relative_to(PACKAGE)} does not say what the comments in Sources/Wire say now; "
                 "run scripts/api/generate and commit what it writes")


if __name__ == "__main__":
    main(*sys.argv[1:])
