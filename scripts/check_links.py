#!/usr/bin/env python3
"""Checks the relative links and the anchors between the repository's Markdown files.

Prints file, line and link of each broken one. Exit code: 0 none is broken, 1 some are."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The text before it may have begun on an earlier line.
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(path):
    """The lines of a file with their numbers, without code blocks."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("    "):
            yield number, line


def anchors(path):
    """The anchors of a file's headings, as GitHub makes them."""
    found = set()
    for _, line in prose(path):
        if heading := re.match(r"#+ +(.*)", line):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            name = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            again = sum(re.fullmatch(re.escape(name) + r"(-\d+)?", other) is not None for other in found)
            found.add(f"{name}-{again}" if again else name)
    return found


def broken(path):
    """The broken links of a file with their lines."""
    for number, line in prose(path):
        for link in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            place, _, anchor = link.partition("#")
            target = path.parent / place if place else path
            if re.match(r"[a-z]+:", link):
                continue
            if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
                yield number, link


def main():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [ROOT / name for name in listed.splitlines() if (ROOT / name).exists()]
    wrong = [f"{path.relative_to(ROOT)}:{number}: {link}" for path in files for number, link in broken(path)]
    print("\n".join(wrong) if wrong else f"{len(files)} files, all links lead somewhere")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
