"""runner.py - runs compiled programs for a parent that must survive them: requests and answers are pickles on standard input and output.

A request is (path, threads, feeds), the answer a dict of arrays or a string that says what went wrong.
"""
import pathlib
import pickle
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Support"))
import cameo  # noqa: E402


class Runner:
    """The parent's side."""

    def __init__(self):
        self.process = None

    def run(self, path: str, threads: int, feeds: dict):
        if self.process is None:
            self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        pickle.dump((path, threads, feeds), self.process.stdin)
        self.process.stdin.flush()
        try:
            return pickle.load(self.process.stdout)
        except EOFError:
            code, self.process = self.process.wait(), None
            return f"the program ends its process with {code}"


def main() -> None:
    while True:
        try:
            path, threads, feeds = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = cameo.Program(path, threads=threads).run(feeds)
        except RuntimeError as error:
            answer = str(error)
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
