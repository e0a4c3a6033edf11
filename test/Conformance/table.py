"""table.py - how many cases pass, by group: the table in README.md of this folder, one column for each way to run the suite."""
import pathlib

README = pathlib.Path(__file__).parent / "README.md"
BEGIN, END = "<!-- written by tools/dev/conformance --update -->", "<!-- end of the table -->"
COLUMNS = ["-O0", "-O3", "dynamic", "constant", "export"]


def column(opt: int, mode: str) -> str | None:
    """The table's column for a run; the other modes count at -O3."""
    return f"-O{opt}" if mode == "static" else mode if opt == 3 else None


def read() -> dict[str, dict[str, str]]:
    """Rows by group, cells by column."""
    text = README.read_text()
    lines = text[text.index(BEGIN) : text.index(END)].splitlines()[1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: dict(zip(cells[0][1:], row[1:])) for row in cells[2:]}


def rows(cases: list[dict], results: dict, groups: list[str]) -> dict[str, tuple[int, int]]:
    """Passed and all cases of a full run, by group."""
    counts = {}
    for group in groups:
        names = [case["name"] for case in cases if case["group"] == group]
        if names:
            counts[group] = (sum(results[name][0] == "pass" for name in names), len(names))
    counts["all"] = tuple(sum(column) for column in zip(*counts.values()))
    return counts


def update(name: str, counts: dict[str, tuple[int, int]]) -> None:
    table = read()
    lines = ["| group | cases | " + " | ".join(COLUMNS) + " |", "|---|" + "--:|" * (len(COLUMNS) + 1)]
    for group, (passed, total) in counts.items():
        cells = {column: table.get(group, {}).get(column, "") for column in COLUMNS} | {name: str(passed)}
        lines.append(f"| {group} | {total} | " + " | ".join(cells.values()) + " |")
    text = README.read_text()
    README.write_text(text[: text.index(BEGIN)] + BEGIN + "\n" + "\n".join(lines) + "\n" + text[text.index(END) :])


def differences(name: str, counts: dict[str, tuple[int, int]]) -> list[str]:
    """Where the table in README.md does not say what a full run found."""
    table = read()
    return [f"README.md says that {table.get(group, {}).get(name, 'nothing')} of {table.get(group, {}).get('cases', 'no')} cases of "
            f"{group} pass in column {name}; found {passed} of {total}"
            for group, (passed, total) in counts.items() if table.get(group, {}).get(name) != str(passed) or table[group]["cases"] != str(total)]
