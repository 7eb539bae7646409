#!/usr/bin/python3
"""The law with floor on every series of a long table: reconlaw::fit beside SciPy's curve_fit, in the same run.

Sample run:
    benchmarks/fit_scipy.py build/release/benchmarks/benchmark_fit \\
        --series FILE --group Domain,Task,Model --x "Seen Examples" --y Loss --train Training

Both fit log(loss) = log(E + beta N^-alpha) + error by plain squares, on the same windows of the same rows (equal sizes
merged by the geometric mean), E >= 0, on one thread. curve_fit gets sizes and losses divided by their geometric means,
bounds, and one start: half the least loss for E, alpha = 0.5. Times are medians of --repeats runs, each fit alone.
"""

import argparse
import csv
import math
import os
import statistics
import subprocess
import sys
import time
import warnings

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy
import scipy
from scipy.optimize import OptimizeWarning, curve_fit

warnings.simplefilter("ignore", OptimizeWarning)  # of a covariance that is not used


def read_series(arguments):
    """{name: (fitted sizes, losses, later sizes, losses)}, in the order of the first rows."""
    series = {}
    with open(arguments.series, newline="") as file:
        for row in csv.DictReader(file, skipinitialspace=True):
            name = "/".join(row[column].strip() for column in arguments.group.split(","))
            entry = series.setdefault(name, ([], [], [], []))
            later = 0 if float(row[arguments.train]) == 1 else 2
            entry[later].append(float(row[arguments.x]))
            entry[later + 1].append(float(row[arguments.y]))
    return series


def window_of(size, loss, part):
    """Equal sizes merged; the last `part` of the range of log(N)."""
    size, loss = numpy.array(size), numpy.array(loss)
    unique, place = numpy.unique(size, return_inverse=True)
    logs = numpy.bincount(place, numpy.log(loss)) / numpy.bincount(place)
    kept = unique >= unique[-1] * (unique[0] / unique[-1]) ** part * (1 - 1e-9)
    return unique[kept], numpy.exp(logs[kept])


def log_law(log_size, floor, log_amplitude, alpha):
    return numpy.log(floor + numpy.exp(log_amplitude - alpha * log_size))


def fit_scipy(size, loss):
    """(E, log beta, alpha) and the units they are in."""
    size_unit = math.exp(numpy.log(size).mean())
    loss_unit = math.exp(numpy.log(loss).mean())
    x, y = size / size_unit, loss / loss_unit
    floor = 0.5 * y.min()
    start = (floor, math.log(1 - floor), 0.5)
    found, _ = curve_fit(log_law, numpy.log(x), numpy.log(y), start,
                         bounds=([0, -230, 1e-3], [numpy.inf, 230, 20]), max_nfev=2000)
    return found, size_unit, loss_unit


def measure_scipy(series, part, repeats):
    """Milliseconds and RMSE of log loss on the later rows; RMSE is nan where curve_fit fails."""
    size, loss, later_size, later_loss = series
    size, loss = window_of(size, loss, part)
    times, result = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        try:
            result = fit_scipy(size, loss)
        except RuntimeError:
            result = None
        times.append(1e3 * (time.perf_counter() - start))
    if result is None:
        return statistics.median(times), math.nan
    found, size_unit, loss_unit = result
    log_size = numpy.log(numpy.array(later_size) / size_unit)
    error = log_law(log_size, *found) + math.log(loss_unit) - numpy.log(later_loss)
    return statistics.median(times), math.sqrt(numpy.mean(error**2))


def measure_ours(program, arguments, windows):
    """{(window, name): (milliseconds, rmse)}, from benchmark_fit."""
    command = [program, "--csv", "--series", arguments.series, "--group", arguments.group, "--x", arguments.x, "--y",
               arguments.y, "--train", arguments.train, "--repeats", str(arguments.repeats), "--windows",
               ",".join(str(w) for w in windows)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"fit_scipy: {program} ended with status {done.returncode}: {done.stderr.strip()}")
    rows = csv.DictReader(done.stdout.splitlines())
    return {(float(r["window"]), r["series"]): (float(r["milliseconds"]), float(r["log_rmse"])) for r in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="benchmark_fit, built in release mode")
    parser.add_argument("--series", required=True, help="table of comma-separated values")
    parser.add_argument("--group", required=True, help="columns that name a series, separated by commas")
    parser.add_argument("--x", default="x")
    parser.add_argument("--y", default="y")
    parser.add_argument("--train", default="train", help="column that is 1 where a row is fitted")
    parser.add_argument("--repeats", type=int, default=11)
    arguments = parser.parse_args()

    series, windows = read_series(arguments), (1.0, 0.3)
    ours = measure_ours(arguments.program, arguments, windows)
    print(f"law with floor, {len(series)} series, one thread; SciPy {scipy.__version__}, NumPy {numpy.__version__}")
    print("window  program    median ms  slowest ms  mean RMSE of log loss  failed")
    for part in windows:
        theirs = {name: measure_scipy(entry, part, arguments.repeats) for name, entry in series.items()}
        columns = {"reconlaw": [ours[part, name] for name in series], "curve_fit": list(theirs.values())}
        both = [i for i in range(len(series)) if all(math.isfinite(c[i][1]) for c in columns.values())]
        medians = []
        for program, values in columns.items():
            times = [ms for ms, _ in values]
            medians.append(statistics.median(times))
            rmse = statistics.mean(values[i][1] for i in both)
            failed = sum(not math.isfinite(error) for _, error in values)
            print(f"{part:6.2f}  {program:9}  {medians[-1]:9.3f}  {max(times):10.3f}  {rmse:21.4f}  {failed:6d}")
        print(f"        curve_fit takes {medians[1] / medians[0]:.1f} times as long; RMSE over the {len(both)} series"
              " that both fit")


if __name__ == "__main__":
    main()
