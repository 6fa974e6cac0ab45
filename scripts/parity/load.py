"""Loads weights that `atrous export` has written into mmsegmentation's network, strictly: every key, and no other."""
import argparse

import reference
from safetensors import safe_open


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", metavar="FILE", help="weights of a U-Net S5-D16 with ASPP, from `atrous export`")
    file = parser.parse_args().weights
    state = reference.read_state(file)
    with safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    rates = tuple(int(rate) for rate in metadata["rates"].split("-"))
    built = reference.network(reference.Shape.of(state, rates))
    built.load_state_dict(state, strict=True)
    print(f"{file}: {len(state)} tensors, all keys match")


if __name__ == "__main__":
    main()
