#!/usr/bin/env python3
"""Validates the JSON output of every command against docs/schemas, and that a schema can refuse.

schemas.py PROGRAM SCHEMAS
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("SKIPPED: install python3-jsonschema")
    sys.exit(0)

PROGRAM, SCHEMAS = sys.argv[1], pathlib.Path(sys.argv[2])
SUBSPACE = "--problem subspace --n 60 --d 6 --sigma 0.1"
failures = 0


def check(name, document):
    """The document is valid, and no longer so without any one of its required keys."""
    global failures
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for error in validator.iter_errors(document):
        print(f"{name}: {error.json_path}: {error.message[:300]}")
        failures += 1
    required = (schema["items"] if schema["type"] == "array" else schema)["required"]
    for key in required:
        broken = copy.deepcopy(document)
        del (broken[0] if schema["type"] == "array" else broken)[key]
        if validator.is_valid(broken):
            print(f"{name}: valid without '{key}'")
            failures += 1
    if not required:
        print(f"{name}: nothing is required")
        failures += 1


def reconlaw(arguments):
    done = subprocess.run([PROGRAM, *arguments.split()], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"reconlaw {arguments}: {done.returncode}: {done.stderr}")
        sys.exit(1)
    return done.stdout


with tempfile.TemporaryDirectory() as folder:
    check("risk", json.loads(reconlaw(
        f"risk {SUBSPACE} --samples 5,60 --train-loss --format json --estimator "
        "early-stopped,converged,pca,floor,ridge,gd --steps 3")))
    check("simulate", json.loads(reconlaw(
        f"simulate {SUBSPACE} --samples 4,12 --trials 3 --train-loss --format json --estimator early-stopped,floor")))

    curve = pathlib.Path(folder, "curve.csv")
    curve.write_text("samples,loss\n" + "".join(f"{n},{0.02 + 2 * n ** -0.5}\n" for n in (10, 20, 40, 80, 160, 320, 640)))
    check("fit", json.loads(reconlaw(f"fit {curve} --laws power,floor --predict 1000 --format json")))
    curve.write_text("samples,loss\n10,1\n20,0.5\n")
    check("fit", json.loads(reconlaw(f"fit {curve} --laws power --format json")))

    long = pathlib.Path(folder, "long.csv")
    long.write_text("curve,samples,loss,train\n" + "".join(
        f"a,{n},{2 * n ** -0.5},{int(n < 300)}\n" for n in (10, 20, 40, 80, 160, 320, 640)))
    check("fit-series", json.loads(reconlaw(
        f"fit --series {long} --group curve --train train --laws power,floor --format json")))

    table = pathlib.Path(folder, "results.csv")
    table.write_text("samples,channels,loss\n" + "".join(
        f"{n},{c},{0.01 + 0.5 * n ** -0.5 + 0.2 / c + 1e-4 * s}\n"
        for n in (100, 300, 1000, 3000) for c in (8, 16, 32) for s in (0, 1)))
    check("advise", json.loads(reconlaw(f"advise {table} --format json")))

    if pathlib.Path("/usr/share/datasets/fashion-mnist").exists() and "train" in reconlaw("--help"):
        run = pathlib.Path(folder, "run")
        reconlaw(f"train --quiet --data fashion-mnist --patch 28 --samples 20 --validation 5 --test 5 --channels 2 "
                 f"--poolings 1 --steps 5 --threads 1 --out {run}")
        check("evaluate", json.loads(reconlaw(
            f"evaluate --weights {run}/best.safetensors --data fashion-mnist --limit 3 --threads 1 --format json")))

sys.exit(1 if failures else 0)
