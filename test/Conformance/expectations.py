"""expectations.py - expectations.txt: the cases that are not expected to pass, each with a reason.

One line per case, three columns and the reason; a case that has no line must pass at -O0 and at -O3.

    node/test_adagrad    unsupported  unsupported  training is not part of an inference compiler
"""
import pathlib

HEADER = """\
# The cases of tools/dev/conformance that do not pass, how they end at -O0 and at -O3, and why. What has no line passes.
# Written by `tools/dev/conformance --opt=N --update`, which keeps a reason as long as the case ends the same way; a reason that starts
# with a code (E-...) is the compiler's own message. A crash, a hang or a sanitizer report cannot be declared.
"""
NEVER = {"crash", "timeout", "sanitizer", "internal"}


class Expectations:
    def __init__(self, path: pathlib.Path):
        self.path = path
        self.rows: dict[str, tuple[dict[int, str], str]] = {}
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.split(None, 3)
            if len(fields) != 4:
                raise SystemExit(f"{path}:{number}: a case, two outcomes and a reason are wanted, found: {line}")
            self.rows[fields[0]] = ({0: fields[1], 3: fields[2]}, fields[3])

    def outcome(self, case: str, opt: int) -> str:
        return self.rows[case][0][opt] if case in self.rows else "pass"

    def reason(self, case: str) -> str:
        return self.rows[case][1] if case in self.rows else ""

    def update(self, opt: int, results: dict[str, tuple[str, str]], known: set[str]) -> None:
        """Makes `results` at this level the expected ones; cases that no longer exist are dropped."""
        for case, (outcome, detail) in results.items():
            outcomes, reason = self.rows.get(case, ({0: "pass", 3: "pass"}, ""))
            if outcome in NEVER:
                continue
            if outcomes[opt] != outcome:
                outcomes = {**outcomes, opt: outcome}
                reason = detail if outcome != "pass" else reason
            self.rows[case] = (outcomes, " ".join(reason.split()))
        self.rows = {case: row for case, row in self.rows.items() if case in known and set(row[0].values()) != {"pass"}}
        width = max(map(len, self.rows), default=0)
        lines = [f"{case:{width}}  {o[0]:13}  {o[3]:13}  {reason or 'not yet explained'}" for case, (o, reason) in sorted(self.rows.items())]
        self.path.write_text(HEADER + "\n".join(lines) + "\n")
