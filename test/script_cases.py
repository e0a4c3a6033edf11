# script_cases.py - a lit format for tests that are cases of a script.
#
# `script list` prints one case per line; `script run CASE` ends with 0 (passed), 77 (skipped, the reason is its last line) or
# anything else (failed). lit gives the cases its filter, its workers and its report.
import os
import subprocess

import lit.Test
import lit.formats


class ScriptCases(lit.formats.TestFormat):
    def __init__(self, script, python):
        self.script, self.python = script, python

    def getTestsInDirectory(self, testSuite, path_in_suite, litConfig, localConfig):
        folder = testSuite.getSourcePath(path_in_suite)
        if not os.path.exists(os.path.join(folder, self.script)):
            return  # a sub-folder, which inherits the format
        command = [self.python, os.path.join(folder, self.script), "list"]
        listed = subprocess.run(command, capture_output=True, text=True, env=localConfig.environment)
        if listed.returncode:
            litConfig.fatal(f"{' '.join(command)}: {listed.stderr}")
        for case in listed.stdout.split():
            yield lit.Test.Test(testSuite, path_in_suite + (case,), localConfig, file_path=command[1])

    def execute(self, test, litConfig):
        # A case name may hold slashes: it is what follows the folder of the script.
        folder = os.path.dirname(test.file_path)
        case = os.path.relpath(test.getSourcePath(), folder)
        done = subprocess.run([self.python, test.file_path, "run", case], capture_output=True, text=True, env=test.config.environment)
        code = {0: lit.Test.PASS, 77: lit.Test.UNSUPPORTED}.get(done.returncode, lit.Test.FAIL)
        return code, f"{' '.join([self.python, test.file_path, 'run', case])}\n{done.stdout}{done.stderr}exit code {done.returncode}\n"
