#!/usr/bin/env python3
"""A training log as a table: one line for each "test:" line, with the training-set size and seed printed before it.

    docs/samples/log_to_csv.py docs/samples/pytorch_log.txt > pytorch_log.csv

For a log of your own, change the two expressions.
"""

import re
import sys

RUN = re.compile(r"n_train=(?P<n_train>\d+) seed=(?P<seed>\d+)")
TEST = re.compile(r"test: loss (?P<test_loss>\S+), psnr (?P<test_psnr>\S+) dB")


def convert(lines):
    text, run = "n_train,seed,test_loss,test_psnr\n", None
    for line in lines:
        if found := RUN.search(line):
            run = found
        if (found := TEST.search(line)) and run:
            text += f"{run['n_train']},{run['seed']},{found['test_loss']},{found['test_psnr']}\n"
    return text


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(convert(file))
