#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes segments_v1.txt: the bytes that docs/STORAGE_FORMAT.md asks of segment files, for known rows.

A second implementation of the format, from the document, so that the C++ one is not compared with itself. The rows are
those of segment_file_test.cc. Run it from anywhere: make_golden_segments.py > segments_v1.txt
"""
import struct
import zlib

FLAT, IVFPQ, FASTSCAN, HNSW = 2, 3, 4, 5
INT8, FP16 = 1, 2
UNITS = [(5, 1, 100), (9, 2, 2**40 + 7), (12, 3, 2**40 + 7)]  # unit, type, item
FIRST_ROWS = [0, 1, 3]
FRAME_TIMES = [1_500_000]
# In 128ths. The largest of each row is 127, so that the scale is 1/128.
ROWS = [[127, -64, 1], [0, 127, 2], [-127, 5, 0], [1, 2, 127]]


def ids(values):
    distances = [v - min(values) for v in values]
    width, code = (4, "I") if max(distances) < 2**32 else (8, "Q")
    return struct.pack("<QB", min(values), width) + struct.pack(f"<{len(values)}{code}", *distances)


def info_sections(has_frames):
    units = UNITS if has_frames else UNITS[:2] + [(12, 3, 2**40 + 7), (13, 1, 2)]
    sections = [
        (b"UNIT", ids([u for u, _, _ in units])),
        (b"ITEM", ids([i for _, _, i in units])),
        (b"TYPE", bytes(t for _, t, _ in units)),
    ]
    if has_frames:
        sections += [(b"FRST", struct.pack("<3I", *FIRST_ROWS)), (b"TIME", struct.pack("<q", *FRAME_TIMES))]
    return sections, len(units)


def int8_rows():
    return b"".join(struct.pack("<f3b", 1 / 128, *row) for row in ROWS)


def fp16_rows():
    return b"".join(struct.pack("<3e", *(x / 128 for x in row)) for row in ROWS)


def segment(kind, row_format, units, sections, opq=0, two_lists=0, lists=0, links=0):
    head = struct.pack("<BBBBB", 1, kind, row_format, opq, two_lists)
    head += struct.pack("<QQ", 200_000, 0)  # exact_limit, seal_rows
    head += struct.pack("<6I", lists, 0, links, 0, 0, 0)  # lists, pq_subspaces, links, probes, ef_search, refine_factor
    head += struct.pack("<IQQ", 3, len(ROWS), units)
    head += struct.pack("<I", len(sections))
    for tag, data in sections:
        head += tag + struct.pack("<QI", len(data), zlib.crc32(data))
    head += struct.pack("<I", zlib.crc32(head))
    prefix = b"SLSG" + struct.pack("<II", 1, len(head))
    prefix += struct.pack("<I", zlib.crc32(prefix))
    return prefix + head + b"".join(data for _, data in sections)


def flat(row_format, has_frames):
    sections, units = info_sections(has_frames)
    sections.append((b"ROWS", int8_rows() if row_format == INT8 else fp16_rows()))
    return segment(FLAT, row_format, units, sections)


def hnsw():
    """Two links per row: a ring of the four rows, and rows 1 and 3 on the level above."""
    none = 2**32 - 1
    graph = struct.pack("<BIII", 1, 2, 3, 1) + struct.pack("<I", 2)  # version, links, entry point, levels: their sizes
    graph += struct.pack("<I", zlib.crc32(graph))
    lowest = struct.pack("<16I", *(x for row in range(4) for x in ((row + 1) % 4, (row + 3) % 4, none, none)))
    upper = struct.pack("<2I", 1, 3) + struct.pack("<4I", 3, none, 1, none)
    sections, units = info_sections(True)
    sections += [(b"ROWS", int8_rows()), (b"GRPH", graph), (b"LNK0", lowest), (b"LNKU", upper)]
    return segment(HNSW, INT8, units, sections, links=2)


LISTS = [[0, 3], [1, 2]]  # the rows of two lists
CENTROIDS = [[127, 0, 0], [0, 127, 0]]  # in 128ths


def pack_blocks(codes):
    """FAISS's blocks of 32 rows of 4-bit codes: per pair of subspaces 32 bytes, 16 for each of the two."""
    order = [0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15]
    subspaces = len(codes[0]) + len(codes[0]) % 2
    blocks = b""
    for begin in range(0, len(codes), 32):
        block = [code + [0] * (subspaces - len(code)) for code in codes[begin:begin + 32]]
        block += [[0] * subspaces] * (32 - len(block))
        for m in range(subspaces):
            blocks += bytes(block[i][m] | block[i + 16][m] << 4 for i in order)
    return blocks


def ivf(kind):
    """Two lists; three subspaces of one value each, whose centroids are evenly spaced."""
    bits = 8 if kind == IVFPQ else 4
    steps = [(j - 2**(bits - 1)) / 2**(bits - 1) for j in range(2**bits)]
    codes = []
    for rows, centroid in zip(LISTS, CENTROIDS):
        left = [[(x - c) / 128 for x, c in zip(ROWS[row], centroid)] for row in rows]
        codes.append([[min(range(2**bits), key=lambda j: abs(steps[j] - x)) for x in row] for row in left])
    head = struct.pack("<BIIBB", 1, 2, 3, bits, 0)
    head += struct.pack("<I", zlib.crc32(head))
    sections, units = info_sections(True)
    sections += [
        (b"ROWS", int8_rows()),
        (b"IVFH", head),
        (b"CENT", b"".join(struct.pack("<f3b", 1 / 128, *centroid) for centroid in CENTROIDS)),
        (b"PQCB", struct.pack(f"<{3 * 2**bits}f", *(steps * 3))),
        (b"LSIZ", struct.pack("<2I", *map(len, LISTS))),
        (b"LIDS", struct.pack("<4I", *(row for rows in LISTS for row in rows))),
        (b"LCOD", b"".join(pack_blocks(c) if bits == 4 else bytes(sum(c, [])) for c in codes)),
    ]
    return segment(kind, INT8, units, sections, lists=2)


SEGMENTS = {
    "flat_int8_frames": flat(INT8, True),
    "flat_fp16": flat(FP16, False),
    "hnsw": hnsw(),
    "ivfpq": ivf(IVFPQ),
    "ivfpq_fastscan": ivf(FASTSCAN),
}

for name, data in SEGMENTS.items():
    print(name, data.hex())
