"""Times a workload in PyTorch on the CPU, as ../protocol.mjs times it in a page: torch_bench.py W1 --threads 2 [--compile]

Prints one JSON object with the fields of `distillery bench`.
"""
import argparse
import json
import statistics
import time

import torch

from torch_workloads import CONFIG, steps

# As in ../protocol.mjs.
COMPARED, SEGMENT, WARM_UP, SEGMENTS = 5, 10, 2, 30


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", choices=CONFIG)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    step = steps(args.workload, compiled=args.compile)
    made = 0

    def train(count):
        """Makes steps and waits for the loss of the last; the loss and the seconds."""
        nonlocal made
        start = time.perf_counter()
        for _ in range(count):
            loss = step(made)
            made += 1
        return loss.item(), time.perf_counter() - start

    losses, seconds = zip(*(train(1) for _ in range(COMPARED)))
    for _ in range(WARM_UP):
        _, segment = train(SEGMENT)
    segments = max(1, min(SEGMENTS, int(args.seconds / segment)))
    repeats = [statistics.median(SEGMENT / train(SEGMENT)[1] for _ in range(segments)) for _ in range(args.repeats)]
    info = f"PyTorch {torch.__version__}, threads: {args.threads}{', compiled' if args.compile else ''}"
    print(json.dumps({"info": info, "losses": losses, "first_step_ms": 1e3 * seconds[0], "timed_steps": args.repeats * segments * SEGMENT,
                      "repeats": [{"steps_per_s": rate} for rate in repeats]}))


main()
