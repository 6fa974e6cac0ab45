#!/usr/bin/env python3
"""Run directories from the committed rows of a sweep, so that `atrous table` judges them anew.

    scripts/runs_from_rows.py results/retina-small runs/again stare=700x605 chase_db1=999x960
    atrous table --out runs/again

For data sets of two classes whose images have no ignored pixels. mDice and aAcc of an image say how many
pixels of each class were right; how the wrong ones are split between the classes decides neither mDice nor
mIoU, and is taken from the whole set's. `atrous table` writes image_scores.csv and classes.csv again: they
have to be the same bytes (`cmp`).
"""
import csv, json, math, sys
from collections import defaultdict
from pathlib import Path


def right(mdice, aacc, pixels):
    """Pixels that were right: of the background, of the foreground, and the wrong ones."""
    wrong = round((1 - aacc) * pixels)
    good = pixels - wrong
    if not wrong:
        return good, 0, 0
    # mdice = x / (2x + w) + y / (2y + w) of x + y = good. It is symmetric, and the background is the larger.
    # With p = x y: mdice (4p + 2 w good + w^2) = 4p + w good.
    product = (wrong * good - mdice * wrong * (2 * good + wrong)) / (4 * (mdice - 1))
    foreground = round((good - math.sqrt(max(good * good - 4 * product, 0))) / 2)
    background = good - foreground
    found = sum(right / (2 * right + wrong) for right in (background, foreground))
    if abs(found - mdice) > 1e-12:
        raise SystemExit(f"no counts of {pixels} pixels have an mDice of {mdice} and an aAcc of {aacc}")
    return background, foreground, wrong


def settings(row):
    get = lambda name: json.loads(row[name])
    ints = lambda *names: [get(name) for name in names]
    return {
        "experiment": row["experiment"], "dataset": row["dataset"],
        "model": {"kind": row["model"], **{k: get(k) for k in ("base_channels", "aspp_channels", "auxiliary_channels")}},
        "crop": ints("crop_height", "crop_width"), "resize": ints("resize_height", "resize_width"),
        "rates": [int(rate) for rate in row["rates"].split("-")], "seed": get("seed"),
        "train": {**{k: get(k) for k in ("iterations", "batch", "lr", "momentum", "weight_decay", "poly_power", "lr_min",
                                         "auxiliary_weight", "dice_weight", "dropout", "photometric")},
                  "ratio": [get("ratio_low"), get("ratio_high")], "eval_every": 0, "checkpoint_every": 50},
        "infer": {"mode": row["infer_mode"], "window": ints("window_height", "window_width"),
                  "stride": ints("stride_height", "stride_width")},
        "data": "files",
    }


def toml(value):
    return json.dumps(value)


def write_run(out, row, classes, images, pixels):
    own = settings(row)
    parts = [(image["image"], right(float(image["mdice"]), float(image["aacc"]), pixels)) for image in images]
    recall = {c["class"]: float(c["accuracy"]) for c in classes}
    found = sum(y for _, (_, y, _) in parts)
    missed, wrong = round(found / recall["1"] - found), sum(w for _, (_, _, w) in parts)
    counts, left, rest = [], missed, wrong
    for name, (x, y, w) in parts:
        fn = round(left * w / rest) if rest else 0
        left, rest = left - fn, rest - w
        counts.append((name, [x, w - fn, fn, y]))
    run = out / row["experiment"] / row["rates"] / f"seed-{row['seed']}-{row['run_id']}"
    run.mkdir(parents=True)
    lines = [f"run_id = {toml(row['run_id'])}", "model_version = 3", f"data_fingerprint = {toml(row['data_fingerprint'])}",
             f"baseline = {toml([int(rate) for rate in row['baseline'].split('-')])}", "", "[settings]"]
    tables = {key: value for key, value in own.items() if isinstance(value, dict)}
    lines += [f"{key} = {toml(value)}" for key, value in own.items() if key not in tables]
    for name, table in tables.items():
        lines += ["", f"[settings.{name}]"] + [f"{key} = {toml(value)}" for key, value in table.items()]
    (run / "run.toml").write_text("\n".join(lines) + "\n")
    with open(run / "images.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "truth", "prediction", "pixels"])
        for name, cells in counts:
            writer.writerows([name, i // 2, i % 2, n] for i, n in enumerate(cells) if n)
    number = lambda name: float(row[name]) if row[name] else None
    by_class = lambda key: [float(c[key]) for c in sorted(classes, key=lambda c: int(c["class"]))]
    result = {
        "run_id": row["run_id"], "settings": own, "data_fingerprint": row["data_fingerprint"],
        "scores": {**{key: by_class(key) for key in ("iou", "dice", "accuracy")},
                   **{key: number(key) for key in ("miou", "mdice", "macc", "aacc")}},
        "confusion": {"classes": 2, "counts": [sum(c[i] for _, c in counts) for i in range(4)]},
        **{key: number(key) for key in ("final_loss", "train_seconds", "eval_seconds", "images_per_second")},
        "jobs": int(row["jobs"] or 1), "peak_memory_bytes": int(row["peak_memory_bytes"]) if row["peak_memory_bytes"] else None,
        "device": row["device"], "adapter": row["adapter"], "api": "",
        "provenance": {key: row[key] for key in ("version", "git_commit", "burn_version")},
        "started": row["finished"], "finished": row["finished"],
    }
    (run / "result.json").write_text(json.dumps(result, indent=2) + "\n")


def main():
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    sides = {name: math.prod(map(int, size.split("x"))) for name, size in (arg.split("=") for arg in sys.argv[3:])}
    read = lambda name: list(csv.DictReader(open(source / name, newline="")))
    by_run = lambda name: [rows := defaultdict(list), [rows[row["run_id"]].append(row) for row in read(name)]][0]
    classes, images = by_run("classes.csv"), by_run("image_scores.csv")
    for row in read("results.csv"):
        write_run(out, row, classes[row["run_id"]], images[row["run_id"]], sides[row["dataset"]])


if __name__ == "__main__":
    main()
