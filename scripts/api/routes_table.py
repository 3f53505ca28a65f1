"""Writes the operations into docs/api.md, from the description that a Launcher serves.

    routes_table.py DESCRIPTION [--check]

With --check it only says whether the table there is up to date."""

import json
import pathlib
import sys

PACKAGE = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = PACKAGE / "docs/api.md"
BEGIN, END = "<!-- made by scripts/api/generate -->", "<!-- end -->"


def who(access):
    if access.get("anyone"):
        return "anyone", "any"
    if access.get("partner"):
        return "the partner", ""
    own = ", its own Task's" if access["script"] == "task" and access.get("target") else ""
    return access["role"] or "", (f"`{access['script']}`{own}" if access["script"] else "")


def table(document):
    lines = []
    for tag in document["tags"]:
        rows = []
        for path, item in sorted(document["paths"].items()):
            for method, operation in sorted(item.items()):
                if operation["tags"] == [tag["name"]]:
                    role, script = who(operation["x-access"])
                    rows.append(f"| `{method.upper()} {path}` | {operation['summary']} | {role} | {script} |")
        lines += [f"**{tag['name']}.** {tag.get('description', '')}", "", "| operation | what it does | role | Scripts with control |",
                  "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def main(description, *options):
    document = json.loads(pathlib.Path(description).read_text())
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    wanted = f"{head}{BEGIN}\n{table(document)}{END}{tail}"
    if list(options) != ["--check"]:
        PAGE.write_text(wanted)
    elif page != wanted:
        sys.exit(f"{PAGE.relative_to(PACKAGE)} does not list what the API has; run scripts/api/generate and commit what it writes")


if __name__ == "__main__":
    main(*sys.argv[1:])
