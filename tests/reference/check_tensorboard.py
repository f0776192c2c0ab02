"""The event files of `distillery export-tensorboard` are read by TensorBoard itself and hold the numbers of metrics.jsonl.

    python3 tests/reference/check_tensorboard.py RUN_DIRECTORY

RUN_DIRECTORY was exported to its folder `tensorboard`. Needs the package tensorboard (checked with 2.21).
"""

import json
import os
import sys


def expected(directory):
    """(network, tag) -> [(step, value)], from the metrics."""
    curves = {}
    for line in open(os.path.join(directory, "metrics.jsonl"), encoding="utf-8"):
        event = json.loads(line)
        step = event["total_step"]
        if event["type"] == "progress":
            curves.setdefault(("run", "lr"), []).append((step, event["lr"]))
            for losses in event["losses"]:
                curves.setdefault((losses["role"], "train/total"), []).append((step, losses["total"]))
        if event["type"] == "evaluated":
            for network in event["networks"]:
                if network["role"] == "teacher" or event["phase"] != "teacher":
                    for name in ["accuracy", "loss", "ece"]:
                        curves.setdefault((network["role"], f"test/{name}"), []).append((step, network[name]))
    return curves


def main():
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        return print(f"SKIPPED: {error}")
    directory = sys.argv[1]
    read, count = {}, 0
    for (network, tag), points in expected(directory).items():
        if network not in read:
            read[network] = EventAccumulator(os.path.join(directory, "tensorboard", network), size_guidance={"scalars": 0}).Reload()
        found = read[network].Scalars(tag)
        assert [event.step for event in found] == [step for step, _ in points], (network, tag)
        for event, (_, value) in zip(found, points):
            assert abs(event.value - value) <= 1e-6 * max(1, abs(value)), (network, tag, event, value)
        times = [event.wall_time for event in found]
        assert times == sorted(times), (network, tag)
        count += len(found)
    assert count > 0
    print(f"ok: {count} points of {sorted(read)}")


main()
