"""The commands that the documents print: they run, or at least every option that they name exists.

    commands.py PROGRAM ROOT DOCUMENT...

Commands are the lines that begin with `reconlaw ` in blocks indented by four blanks or fenced by ```, with lines that
end in a backslash continued, and also after `mpirun -n N `. risk, fit, advise and short simulate commands run, in the order
of the document and in a folder that looks like the repository's root, so that their outputs are not left behind; of the
others, each option must stand in the command's help."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

RUN = {"risk", "fit", "advise", "simulate"}
# What the reader brings, or a training would have written: such commands are only parsed.
OF_THE_READER = {"series.csv", "runs/study/results.csv"}


def commands(text):
    """Command lines of a Markdown text, as lists of words."""
    lines, fenced = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            lines.append(line.strip())
    found, at = [], 0
    while at < len(lines):
        line = lines[at]
        while line.endswith("\\") and at + 1 < len(lines):
            at += 1
            line = line[:-1] + lines[at]
        at += 1
        line = re.sub(r"^mpirun -n \d+ ", "", line)
        if re.match(r"reconlaw [a-z]", line):
            found.append(shlex.split(line, comments=True))
    return found


def main():
    program, root, *documents = sys.argv[1:]
    root = pathlib.Path(root).resolve()
    helps, failures, ran, parsed = {}, [], 0, 0
    for document in documents:
        with tempfile.TemporaryDirectory() as folder:
            for entry in ("docs", "data", "experiments"):
                os.symlink(root / entry, pathlib.Path(folder) / entry)
            for words in commands((root / document).read_text(encoding="utf-8")):
                command, line = words[1], " ".join(words)
                if command in RUN and not OF_THE_READER & set(words):
                    ran += 1
                    done = subprocess.run([program, *words[1:]], cwd=folder, capture_output=True, text=True, timeout=120,
                                          check=False)
                    if done.returncode != 0 or (not done.stdout and "--output" not in words):
                        failures.append(f"{document}: {line}\n  status {done.returncode}\n  {done.stderr.strip()}")
                    continue
                parsed += 1
                if command not in helps:
                    helps[command] = subprocess.run([program, command, "--help"], capture_output=True, text=True, timeout=60,
                                                    check=False)
                known = set(re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", helps[command].stdout))
                if helps[command].returncode != 0:
                    failures.append(f"{document}: {line}\n  no such command")
                failures += [f"{document}: {line}\n  no option {word}" for word in words[2:]
                             if word.startswith("--") and word.split("=")[0] not in known]
    print(f"{ran} commands ran, {parsed} were parsed")
    if ran < 5 * len([d for d in documents if d == "docs/fits.md"]):
        failures.append("fewer commands than the documents are known to have: are they still found?")
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
