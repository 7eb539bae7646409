#!/usr/bin/env python3
"""Compares the reader of safetensors files with the reference implementation (pip install safetensors numpy).

  scripts/reference/check_safetensors.py [build/release/apps/reconlaw/reconlaw]

1. Trains a tiny network, saves its weights again with the `safetensors` package and our metadata handed on: in other orders
   and types, `reconlaw evaluate` must give the same result without a note where no value was rounded, and a note where some were.
2. Writes files that are damaged, contradictory or unusual: what reconlaw accepts the reference must accept too, and files that
   the reference has written must be accepted by both.
"""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save, save_file

program = sys.argv[1] if len(sys.argv) > 1 else "build/release/apps/reconlaw/reconlaw"
failures = 0


def check(ok, text):
    global failures
    if not ok:
        failures += 1
        print("FAILED:", text)


def run(*words):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def write_png(path, pixels):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows, columns = pixels.shape
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def make_weights(folder):
    os.mkdir(folder + "/images")
    generator = np.random.default_rng(1)
    for i in range(12):
        smooth = np.cumsum(np.cumsum(generator.normal(size=(64, 64)), 0), 1)
        scaled = 255 * (smooth - smooth.min()) / (smooth.max() - smooth.min())
        write_png(f"{folder}/images/{i}.png", scaled.astype(np.uint8))
    status, _, error = run("train", "--data", folder + "/images", "--samples", 20, "--patch", 16, "--channels", 4, "--poolings",
                           1, "--steps", 20, "--validation", 4, "--test", 4, "--threads", 1, "--out", folder + "/x")
    if status != 0:
        sys.exit("training failed: " + error)
    return folder + "/x/best.safetensors"


def saved_again(folder):
    path = make_weights(folder)
    tensors = load_file(path)
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()

    def evaluate(name):
        return run("evaluate", "--weights", name, "--data", folder + "/images", "--split", "all", "--patch", 16, "--count", 8,
                   "--threads", 1)

    expected = evaluate(path)
    check(expected[0] == 0 and "note: " not in expected[2], "as written: " + expected[2])
    names = sorted(tensors)
    orders = {"sorted": names, "reversed": names[::-1], "shuffled": random.Random(1).sample(names, len(names))}
    other = folder + "/other.safetensors"
    for label, order in orders.items():
        for kind in (np.float32, np.float64):
            save_file({n: tensors[n].astype(kind) for n in order}, other, metadata={**metadata, "format": "pt"})
            got = evaluate(other)
            check(got[:2] == expected[:2] and "note: " not in got[2], f"{label} {kind.__name__}: {got}")
    save_file({n: t.astype(np.float16) for n, t in tensors.items()}, other, metadata=metadata)
    got = evaluate(other)
    check(got[0] == 0 and "note: " in got[2], f"rounded to half precision: {got}")
    save_file({n: t.astype(np.float16) for n, t in tensors.items()}, path)
    got = run("evaluate", "--weights", path, "--data", folder + "/images", "--split", "all", "--noise", 25, "--predicts",
              "noise", "--tile", 16)
    check(got[0] == 0 and "note: " not in got[2], f"without metadata: {got}")
    print("saved again: 6 orders and types without a note, half precision with one")


def reference_accepts(path):
    try:
        with safe_open(path, "numpy") as file:
            for name in file.keys():
                file.get_slice(name)
        return True
    except Exception:
        return False


def reconlaw_accepts(path):
    """Whether it was read as a safetensors file: none of these is a network."""
    status, _, error = run("evaluate", "--weights", path, "--data", "/nowhere")
    check(status == 2, f"status {status}: {error}")
    return "no network that reconlaw knows" in error


def headers():
    """(header, data) of files at the edge of the format."""
    def entry(kind="F32", shape=(1,), offsets=(0, 4), **more):
        return {"dtype": kind, "shape": list(shape), "data_offsets": list(offsets), **more}

    def one(text, size=4):
        return '{"t":' + (text if isinstance(text, str) else json.dumps(text)) + "}", size

    yield "{}", 0
    yield "", 0
    yield "[]", 0
    yield "{}", 4
    yield one(entry())
    yield one(entry(), 8)
    yield one(entry(offsets=(4, 8)), 8)
    yield one(entry(offsets=(0, 8)), 8)
    yield one(entry(shape=(0, 3), offsets=(0, 0)), 0)
    yield one(entry(shape=(), offsets=(0, 4)))
    yield one(entry(shape=(2**63, 0), offsets=(0, 0)), 0)
    yield one(entry(shape=(2**62, 4, 0), offsets=(0, 0)), 0)
    yield one(entry(shape=(0, 2**62, 4), offsets=(0, 0)), 0)
    yield one(entry(shape=(1,) * 64))
    yield one(entry(shape=(1,) * 65))
    yield one(entry(more=1))
    for shape in ("[1.0]", "[1e0]", "[-1]", "[-0]", '["1"]', "[[1]]", "null", "1", "[01]", "[18446744073709551616]"):
        yield one('{"dtype":"F32","shape":%s,"data_offsets":[0,4]}' % shape)
    for offsets in ("[0]", "[0,4,8]", "[0.0,4]", "[4,0]", "[-0,4]", "null", "{}"):
        yield one('{"dtype":"F32","shape":[1],"data_offsets":%s}' % offsets)
    for kind in ("f32", "F33", "I64", "BOOL", ""):
        yield one(entry(kind))
    yield one('{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}')
    yield '{"a":%s,"a":%s}' % (json.dumps(entry()), json.dumps(entry(offsets=(4, 8)))), 8
    yield json.dumps({"a": entry(), "b": entry()}), 4
    yield json.dumps({"a": entry(shape=(2,), offsets=(0, 8)), "b": entry(shape=(2,), offsets=(4, 12))}), 12
    yield json.dumps({"b": entry(offsets=(4, 8)), "a": entry()}), 8
    yield json.dumps({"a": entry(shape=(0,), offsets=(4, 4)), "b": entry(shape=(2,), offsets=(0, 8))}), 8
    yield json.dumps({"a": entry(shape=(0,), offsets=(8, 8)), "b": entry(shape=(2,), offsets=(0, 8))}), 8
    for metadata in ("null", "{}", '{"a":"b"}', '{"a":1}', '{"a":null}', "[]", '{"a":"b","a":"c"}'):
        yield '{"__metadata__":%s}' % metadata, 0
    for text in (" {}", "{} ", "{}\n", "\ufeff{}", "{}x", '{"a":}', '{"\\ud800":%s}' % json.dumps(entry())):
        yield text, 4 if "dtype" in text else 0


def compare(folder, mutations=300):
    path = folder + "/case.safetensors"
    both = stricter = neither = 0

    def one(content, must=False):
        nonlocal both, stricter, neither
        with open(path, "wb") as file:
            file.write(content)
        reference, ours = reference_accepts(path), reconlaw_accepts(path)
        check(reference or not ours, f"accepted, but not by the reference: {content[:300]!r}")
        check(ours or not must, f"refused: {content[:300]!r}")
        both, stricter, neither = both + ours, stricter + (reference and not ours), neither + (not reference)
        return reference and not ours

    for header, size in headers():
        text = header.encode()
        if one(struct.pack("<Q", len(text)) + text + b"x" * size):
            print("stricter than the reference:", header[:100])
    generator = random.Random(2)
    valid = []
    for kind in (np.float32, np.float64, np.float16):
        valid.append(save({"a": np.ones((2, 3), kind), "b": np.ones((), kind), "c": np.ones((0, 4), kind)}, {"k": "v"}))
        one(valid[-1], must=True)
    for _ in range(mutations):
        content = bytearray(generator.choice(valid))
        for _ in range(generator.randint(1, 3)):
            content[generator.randrange(len(content))] = generator.choice(b'0123456789[]{}",:-.eE \0\xff' + bytes(range(256)))
        one(bytes(content))
    print(f"compared: {both} accepted by both, {neither} refused by the reference, {stricter} refused by reconlaw alone")


with tempfile.TemporaryDirectory() as temporary:
    saved_again(temporary)
    compare(temporary)
print("FAILED" if failures else "passed")
sys.exit(1 if failures else 0)
