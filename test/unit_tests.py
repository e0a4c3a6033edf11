# unit_tests.py - a lit format for the executables build/bin/*-tests: each GoogleTest case is a test; an executable without
# GoogleTest in it is one test, passed when it exits with 0.
import os
import subprocess

import lit.Test
import lit.formats


class UnitTests(lit.formats.GoogleTest):
    def __init__(self):
        super().__init__(".", "-tests")

    @staticmethod
    def hasGoogleTest(path):
        with open(path, "rb") as file:
            return b"gtest_list_tests" in file.read()

    def get_num_tests(self, path, litConfig, localConfig):
        return super().get_num_tests(path, litConfig, localConfig) if self.hasGoogleTest(path) else 0

    def getTestsInDirectory(self, testSuite, path_in_suite, litConfig, localConfig):
        yield from super().getTestsInDirectory(testSuite, path_in_suite, litConfig, localConfig)
        folder = testSuite.getSourcePath(path_in_suite)
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if name.endswith("-tests") and os.path.isfile(path) and not self.hasGoogleTest(path):
                test = lit.Test.Test(testSuite, path_in_suite + (name,), localConfig, file_path=path)
                test.gtest_json_file = None
                yield test

    def execute(self, test, litConfig):
        if self.hasGoogleTest(test.file_path):
            return super().execute(test, litConfig)
        done = subprocess.run([test.file_path], capture_output=True, text=True, env=test.config.environment)
        return lit.Test.FAIL if done.returncode else lit.Test.PASS, f"{done.stdout}{done.stderr}exit code {done.returncode}\n"
