#!/usr/bin/env python3
"""Writes the tables of this folder from the denoising study's (../../experiments/denoising/results/results.csv).

curve.csv        the learning curve of one width: the 16-channel networks, two seeds
results.csv      the whole study: training patches, channels, seed, test loss, PSNR, cost
pytorch_log.txt  the same numbers in the form in which a training loop in PyTorch prints them. The networks were
                 trained by reconlaw; only the form is PyTorch's. log_to_csv.py makes pytorch_log.csv of it
wandb.csv        the same numbers in the form of a table of runs exported from Weights & Biases

With --check nothing is written; the exit status says whether the files are what would be written.
"""

import csv
import pathlib
import sys

sys.dont_write_bytecode = True  # no __pycache__ in the documents
import log_to_csv  # noqa: E402

folder = pathlib.Path(__file__).resolve().parent
with open(folder.parents[1] / "experiments/denoising/results/results.csv", encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))


def table(header, lines):
    return ",".join(header) + "\n" + "".join(",".join(line) + "\n" for line in lines)


def quoted(header, lines):
    return "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in [header, *lines])


def log(rows):
    text = ""
    for i, row in enumerate(rows):
        n, seed, epochs = row["samples"], row["seed"], int(row["best_epoch"])
        text += f"2024-03-{2 + i:02} 09:12:40 INFO  UNet(chans={row['channels']}) n_train={n} seed={seed}\n"
        # the first epochs are not in the study's table: only the best one is
        text += (f"2024-03-{2 + i:02} 09:58:03 INFO  epoch {epochs:3d} | train_loss {float(row['train_loss']):.6f} | "
                 f"val_psnr {float(row['validation_psnr_db']):.3f} dB  (best)\n")
        text += (f"2024-03-{2 + i:02} 09:58:21 INFO  test: loss {float(row['loss']):.6e}, "
                 f"psnr {float(row['psnr_db']):.3f} dB, ssim {float(row['ssim_mean']):.4f}\n")
    return text


sixteen = [row for row in rows if row["channels"] == "16"]
pytorch_log = log(sixteen)
files = {
    "curve.csv": table(["samples", "seed", "loss", "psnr_db"],
                       [[row[c] for c in ("samples", "seed", "loss", "psnr_db")] for row in sixteen]),
    "results.csv": table(["samples", "channels", "seed", "loss", "psnr_db", "cost"],
                         [[row[c] for c in ("samples", "channels", "seed", "loss", "psnr_db", "cost")] for row in rows]),
    "pytorch_log.txt": pytorch_log,
    "pytorch_log.csv": log_to_csv.convert(pytorch_log.splitlines()),
    "wandb.csv": quoted(["Name", "State", "Created", "Runtime", "Tags", "n_train", "seed", "train_loss", "val_psnr"],
                        [[f"unet16-n{row['samples']}-{row['seed']}", "finished", f"2024-03-{2 + i:02}T09:12:40.000Z",
                          str(round(float(row["cost"]))), "", row["samples"], row["seed"], row["train_loss"],
                          row["validation_psnr_db"]] for i, row in enumerate(sixteen)]),
}

different = []
for name, text in files.items():
    path = folder / name
    if "--check" not in sys.argv:
        path.write_text(text, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        different.append(name)
if different:
    sys.exit(f"not what make.py writes: {', '.join(different)}")
