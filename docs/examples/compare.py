"""Run a program and compare its output with a file: words exactly, numbers to 1 % or one unit of the last digit shown.

Processors and compilers differ in the last digits of sums, and a shown step count may move by one."""

import re
import subprocess
import sys


def close(a: str, b: str) -> bool:
    if a == b:
        return True
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    digits = len(b.split(".")[1].split("e")[0]) if "." in b and "e" not in b else 0
    return abs(x - y) <= max(0.01 * abs(y), 1.01 * 10.0**-digits)


program, expected_path = sys.argv[1:3]
output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
with open(expected_path, encoding="utf-8") as f:
    expected = f.read()
words, wanted = re.split(r"[\s,;()=]+", output.strip()), re.split(r"[\s,;()=]+", expected.strip())
different = [(a, b) for a, b in zip(words, wanted) if not close(a, b)]
if len(words) != len(wanted) or different:
    print(output)
    sys.exit(f"differs from {expected_path}: {different[:5]} ({len(words)} words, expected {len(wanted)})")
