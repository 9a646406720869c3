#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hnswlib and usearch on the vectors that `vector_bench --npy FOLDER` wrote: build time, bytes per vector, recall@10 and
queries per second of one caller (by CPU time) and of 64. Prints rows for the table of docs/PERFORMANCE.md.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install numpy hnswlib usearch
    /tmp/peers/bin/python tests/bench/vector_peers.py FOLDER [seconds per measurement]
"""
import concurrent.futures
import itertools
import json
import os
import sys
import time

import hnswlib
import numpy
import usearch.index

LINKS = 32  # Per node and level; both take twice as many on the lowest, as FAISS does.
EF_CONSTRUCTION = 40  # FAISS's.
EF_SEARCH = (32, 64, 128)
CALLERS = 64
K = 10


def memory_bytes():
    """What the process holds now."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def rate_alone(search, queries, seconds):
    start, done = time.thread_time(), 0
    while time.thread_time() - start < seconds:
        search(queries[done % len(queries)])
        done += 1
    return done / (time.thread_time() - start)


def rate_concurrent(search, queries, seconds):
    counter, start = itertools.count(), time.perf_counter()

    def call():
        done = 0
        while time.perf_counter() - start < seconds:
            search(queries[next(counter) % len(queries)])
            done += 1
        return done

    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        done = sum(f.result() for f in [pool.submit(call) for _ in range(CALLERS)])
    return done / (time.perf_counter() - start)


def hnswlib_index(vectors):
    index = hnswlib.Index(space="ip", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), M=LINKS, ef_construction=EF_CONSTRUCTION)
    index.add_items(vectors, num_threads=os.cpu_count())

    def set_ef(ef):
        index.set_ef(ef)

    return set_ef, lambda query: index.knn_query(query, k=K, num_threads=1)[0][0]


def usearch_index(vectors, dtype):
    index = usearch.index.Index(ndim=vectors.shape[1], metric="ip", dtype=dtype, connectivity=LINKS,
                                expansion_add=EF_CONSTRUCTION, expansion_search=EF_SEARCH[0])
    index.add(numpy.arange(len(vectors)), vectors, threads=os.cpu_count())

    def set_ef(ef):
        index.expansion_search = ef

    return set_ef, lambda query: index.search(query, K, threads=1).keys


def measure(name, make, vectors, queries, truth, seconds):
    before, start = memory_bytes(), time.perf_counter()
    set_ef, search = make(vectors)
    built = time.perf_counter() - start
    per_vector = (memory_bytes() - before) / len(vectors)
    for ef in EF_SEARCH:
        set_ef(ef)
        found = [set(map(int, search(query))) for query in queries]
        recall = sum(len(ids & set(map(int, best))) for ids, best in zip(found, truth)) / truth.size
        alone = rate_alone(search, queries, seconds)
        together = rate_concurrent(search, queries, seconds)
        print(f"| {name} | ef {ef} | - | {built:.1f} | {per_vector:.0f} | {recall:.3f} | {alone:.0f} | {together:.0f} |")
        print(json.dumps({"index": name, "setting": f"ef {ef}", "add_s": round(built, 1), "bytes_per_vector":
                          round(per_vector), "recall_at_10": round(recall, 4), "queries_per_second_alone":
                          round(alone), "queries_per_second_64": round(together)}), file=sys.stderr)
        sys.stdout.flush()


def main():
    folder = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    vectors = numpy.load(os.path.join(folder, "vectors.npy"))
    queries = numpy.load(os.path.join(folder, "queries.npy"))
    truth = numpy.load(os.path.join(folder, "truth.npy"))
    print("| index | setting | train s | add s | bytes/vector | recall@10 | q/s alone | q/s at 64 |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    measure("hnswlib", hnswlib_index, vectors, queries, truth, seconds)
    measure("usearch f32", lambda v: usearch_index(v, "f32"), vectors, queries, truth, seconds)
    measure("usearch i8", lambda v: usearch_index(v, "i8"), vectors, queries, truth, seconds)


if __name__ == "__main__":
    main()
