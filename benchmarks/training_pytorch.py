#!/usr/bin/env python3
"""Throughput of U-Net training: reconlaw against PyTorch, by turns in one run.

    pip install torch
    python3 benchmarks/training_pytorch.py build/release/benchmarks/benchmark_training [--threads 1,2] [--rounds 3]
        [--precision fp32|tf32|bf16] [--gpu]

Both train the same network (fastMRI's U-Net) on batches of 16: forward pass, backward pass, Adam. PyTorch runs twice,
with contiguous and with channels-last tensors; the faster one counts. Each number is the median of the rounds.
--precision bf16 is PyTorch's autocast. --gpu: on a GPU, batches of 8 images of 256 px, 64 and 128 channels, 4 poolings;
reconlaw must be a CUDA build. It gets its batch from the host in every step, PyTorch's stays on the GPU.
"""
import argparse
import csv
import os
import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.InstanceNorm2d(outputs),
                         nn.LeakyReLU(0.2, inplace=True),
                         nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.InstanceNorm2d(outputs),
                         nn.LeakyReLU(0.2, inplace=True))


class Up(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__(nn.ConvTranspose2d(inputs, outputs, 2, stride=2, bias=False), nn.InstanceNorm2d(outputs),
                         nn.LeakyReLU(0.2, inplace=True))


class UNet(nn.Module):
    def __init__(self, channels, poolings):
        super().__init__()
        widths = [channels * 2**level for level in range(poolings + 1)]
        self.down = nn.ModuleList(Block(1 if i == 0 else widths[i - 1], widths[i]) for i in range(poolings))
        self.middle = Block(widths[-2], widths[-1])
        self.up = nn.ModuleList(Up(2 * w, w) for w in reversed(widths[:-1]))
        self.joined = nn.ModuleList(Block(2 * w, w) for w in reversed(widths[:-1]))
        self.last = nn.Conv2d(channels, 1, 1)

    def forward(self, x):
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = functional.avg_pool2d(x, 2)
        x = self.middle(x)
        for up, block in zip(self.up, self.joined):
            x = block(torch.cat([up(x), skips.pop()], 1))
        return self.last(x)


def pytorch_images_per_second(channels, poolings, size, seconds, layout, precision, device):
    torch.manual_seed(0)
    images = 8 if device == "cuda" else 16
    network = UNet(channels, poolings).to(device, memory_format=layout)
    optimiser = torch.optim.Adam(network.parameters(), foreach=True)
    clean = torch.rand(images, 1, size, size, device=device).to(memory_format=layout)
    noisy = clean + 0.1 * torch.randn_like(clean)
    steps = []
    step = 0
    while sum(steps) < seconds or len(steps) < 5:
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"):
            estimate = network(noisy)
        loss = functional.mse_loss(estimate.float(), clean)
        loss.backward()
        optimiser.step()
        loss.item()
        if device == "cuda":
            torch.cuda.synchronize()
        if step >= 3:
            steps.append(time.perf_counter() - start)
        step += 1
    return images / statistics.median(steps)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", help="benchmark_training")
    arguments.add_argument("--threads", default="1,2")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=float, default=1.0)
    arguments.add_argument("--precision", choices=("fp32", "tf32", "bf16"), default="fp32")
    arguments.add_argument("--gpu", action="store_true")
    options = arguments.parse_args()
    device = "cuda" if options.gpu else "cpu"
    if options.gpu:
        options.threads = "1"
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = options.precision != "fp32"

    print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name() if options.gpu else 'processor'}, "
          f"{options.precision}", file=sys.stderr)
    print("threads,channels,poolings,size,reconlaw,pytorch,pytorch_channels_last,ratio")
    worst = float("inf")
    for threads in map(int, options.threads.split(",")):
        torch.set_num_threads(threads)
        for base in (64, 128) if options.gpu else (8, 16, 32):
            ours, plain, last = {}, {}, {}
            for _ in range(options.rounds):
                environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
                command = [options.program, "--threads", str(threads), "--seconds", str(options.seconds),
                           "--base", str(base), "--precision", options.precision]
                output = subprocess.run(
                    command + (["--large"] if options.gpu else []),
                    check=True, capture_output=True, text=True, env=environment).stdout
                for row in csv.DictReader(output.splitlines()):
                    key = tuple(int(row[k]) for k in ("channels", "poolings", "size"))
                    ours.setdefault(key, []).append(float(row["images_per_second"]))
                for key in ours:
                    for numbers, layout in ((plain, torch.contiguous_format), (last, torch.channels_last)):
                        numbers.setdefault(key, []).append(pytorch_images_per_second(
                            *key, options.seconds, layout, options.precision, device))
            for key in ours:
                mine, a, b = (statistics.median(x[key]) for x in (ours, plain, last))
                ratio = mine / max(a, b)
                worst = min(worst, ratio)
                print(f"{threads},{key[0]},{key[1]},{key[2]},{mine:.0f},{a:.0f},{b:.0f},{ratio:.2f}", flush=True)
    print(f"smallest ratio: {worst:.2f}")


if __name__ == "__main__":
    main()
