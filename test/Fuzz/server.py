"""server.py - cameo-server from Python: command lines of the tools in forked children, and which outcomes are findings."""
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
SECONDS = 10  # of computing; no case takes longer
KNOWN = {0, 2, 3, 4, 5, 6, 7, 8, 9}  # exit codes that a user can cause


@dataclasses.dataclass
class Outcome:
    exit: int
    signal: int
    seconds: float
    peak_kb: int
    text: str

    def finding(self, fileBytes: int) -> str:
        """What must not be: a crash, a hang, an internal error, an error without words, too much memory for a refusal. Else empty."""
        if self.signal:
            return "takes too long" if self.signal in (9, 24) else f"signal {self.signal}"
        if self.exit not in KNOWN:
            return f"exit code {self.exit}"
        if self.exit and "error[E-" not in self.text:
            return f"exit code {self.exit} without an error"
        if self.exit and self.peak_kb * 1024 > 300e6 + 3 * fileBytes:
            return f"refused with {self.peak_kb >> 10} MB"
        return ""


def build() -> None:
    """Brings what the scripts of tools/dev run up to date."""
    done = subprocess.run(["ninja", "-C", BUILD, "cameo-server", "cameo-compile", "lib/libcameo_runtime.so"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


class Server:
    def __init__(self, seconds: int = SECONDS):
        # Symbols are bound once, not in every child.
        environment = dict(os.environ, PATH=f"{BUILD}/bin:{os.environ['PATH']}", LD_BIND_NOW="1")
        self.process = subprocess.Popen([BUILD / "bin/cameo-server", str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def call(self, *arguments) -> Outcome:
        self.process.stdin.write(json.dumps([str(a) for a in arguments]) + "\n")
        self.process.stdin.flush()
        return Outcome(**json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
