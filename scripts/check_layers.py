#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks every #include of the product against the layer table of docs/ARCHITECTURE.md.

usage: check_layers.py [ROOT]     exit status 1 and one line per violation, or 0 and one line that counts the includes

Rules:
  - a folder includes only itself and the folders to its left;
  - another folder's `*_internal.h` is not public;
  - third-party headers appear only in the folders that own them, heavy ones not in public headers;
  - every third-party header is known to this table (a new dependency is a decision, not an accident);
  - project includes are rooted at the repository;
  - a file that includes LibTorch includes neither fmt nor spdlog (LibTorch ships its own fmt).
"""
import pathlib
import re
import sys

# Folder -> the project folders whose public headers it may include, besides its own.
LAYERS = {
    "base": set(),
    "media": {"base"},
    "encoder": {"base"},
    "storage": {"base"},
    "indexer": {"base", "media", "encoder", "storage"},
    "query": {"base", "media", "encoder", "storage"},
    "eval": {"base", "media", "encoder", "storage", "indexer", "query"},
    "http": {"base", "media", "encoder", "storage", "indexer", "query"},
    "app": {"base", "media", "encoder", "storage", "indexer", "query", "eval", "http"},
}

EVERYWHERE = set(LAYERS)
# (pattern of the header, folders that may include it, allowed in public headers)
THIRD_PARTY = [
    (r"tl/expected\.hpp", EVERYWHERE, True),
    (r"fmt/", EVERYWHERE, False),
    (r"boost/json", EVERYWHERE - {"base", "encoder"}, False),
    (r"boost/(asio|beast|url)", {"http"}, False),
    (r"spdlog/", {"base"}, False),
    (r"prometheus/", {"base"}, False),
    (r"openssl/evp\.h", {"base"}, False),
    (r"openssl/", {"http"}, False),
    (r"zlib\.h", {"storage", "http"}, False),
    (r"(libavcodec|libavformat|libavutil|libswscale)/", {"media"}, False),
    (r"(jpeglib|jerror|turbojpeg|lcms2)\.h", {"media"}, False),
    (r"(webp|libheif|libexif)/", {"media"}, False),
    (r"(ATen|c10|torch)/", {"encoder"}, False),
    (r"unicode/", {"encoder"}, False),
    (r"nlohmann/", {"encoder"}, False),
    (r"sentencepiece", {"encoder"}, False),
    (r"(rocksdb|faiss|roaring)/", {"storage"}, False),
    (r"omp\.h", {"storage"}, False),  # FAISS's threads
    (r"archive(_entry)?\.h", {"media"}, False),
    (r"CLI/", {"app"}, True),
    (r"toml\+\+/", {"app"}, False),
]
# The C and POSIX headers in use; C++ standard headers are the names without a dot or slash.
SYSTEM = re.compile(
    r"(sys/[a-z_]+|linux/[a-z_]+|netinet/[a-z]+|unistd|fcntl|stdlib|stdio|string|signal|errno|setjmp|time|poll|sched|dirent|pwd|spawn|dlfcn|"
    r"limits|locale|stdint|stddef|immintrin)\.h")
STANDARD = re.compile(r"[a-z_0-9]+")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def check_third_party(folder, is_public, header):
    """None when allowed, else what is wrong."""
    if STANDARD.fullmatch(header) or SYSTEM.fullmatch(header):
        return None
    for pattern, owners, in_public in THIRD_PARTY:
        if re.match(pattern, header):
            if folder not in owners:
                return f"<{header}> belongs to {', '.join(sorted(owners))}, not to {folder}"
            if is_public and not in_public:
                return f"<{header}> in a public header: move it to a .cc file or a *_internal.h"
            return None
    return f"<{header}> is not in the table of scripts/check_layers.py"


def check_project(root, folder, header):
    """None when allowed, else what is wrong."""
    target = header.split("/")[0]
    if target not in LAYERS or not (root / header).is_file():
        return f'"{header}" is not a file of the project, rooted at the repository'
    if target == folder:
        return None
    if target not in LAYERS[folder]:
        return f'"{header}": {folder} must not include {target}'
    if header.endswith("_internal.h"):
        return f'"{header}" is internal to {target}'
    return None


def check_file(root, path):
    """All violations of one file, and how many includes it has."""
    folder = path.relative_to(root).parts[0]
    is_public = path.suffix == ".h" and not path.name.endswith("_internal.h")
    includes = INCLUDE.findall(path.read_text(encoding="utf-8"))
    found = []
    for bracket, header in includes:
        problem = check_project(root, folder, header) if bracket == '"' else check_third_party(folder, is_public, header)
        if problem:
            found.append(problem)
    headers = [header for _, header in includes]
    if any(re.match(r"(ATen|c10|torch)/", h) for h in headers) and any(re.match(r"(fmt|spdlog)/", h) for h in headers):
        found.append("includes LibTorch and fmt or spdlog")
    return found, len(includes)


def main(root):
    violations, count = [], 0
    for folder in LAYERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".h", ".cc"}:
                found, includes = check_file(root, path)
                count += includes
                violations += [f"{path.relative_to(root)}: {problem}" for problem in found]
    for violation in violations:
        print(violation)
    if not violations:
        print(f"{count} includes, no violation")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()))
