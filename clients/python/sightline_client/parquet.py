# SPDX-License-Identifier: BSD-3-Clause
"""Parquet in and out, where pyarrow is installed (`pip install 'sightline-client[parquet]'`).

python3 -m sightline_client.parquet metadata_0.parquet metadata_0.jsonl    # what `sightline import` reads beside npy files
python3 -m sightline_client.parquet items.jsonl items.parquet              # what `sightline export` and `list --json` write
"""
from __future__ import annotations

import json
import math
import sys
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Union

from .models import Item

PathLike = Union[str, Path]
ROWS_AT_A_TIME = 8192


def _arrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError("Parquet needs pyarrow: pip install pyarrow") from error
    return pyarrow


def read_rows(path: PathLike) -> Iterator[Dict[str, Any]]:
    """The rows of a Parquet file, in order, with what JSON has; nulls are left out. Memory does not grow with the file."""
    file = _arrow().parquet.ParquetFile(path)
    for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME):
        for row in batch.to_pylist():
            yield {key: value for key, value in ((k, _plain(v)) for k, v in row.items()) if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        utc = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return {"time": int(utc.timestamp())}
    if isinstance(value, date):
        return {"time": value.isoformat()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (list, tuple)):
        return [plain for plain in (_plain(part) for part in value) if plain is not None]
    if isinstance(value, (str, int, float, bool, dict)) or value is None:
        return value
    return str(value)  # bytes, decimals


def parquet_to_jsonl(source: PathLike, target: PathLike) -> int:
    """Writes one JSON object for each row; returns how many. Row n of the file is line n."""
    count = 0
    with open(target, "w", encoding="utf-8") as out:
        for count, row in enumerate(read_rows(source), start=1):
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return count


def jsonl_to_parquet(source: PathLike, target: PathLike) -> int:
    """Writes one row for each line; returns how many. Objects become JSON text, so that rows may differ in their keys."""
    with open(source, encoding="utf-8") as lines:
        return _write([json.loads(line) for line in lines if line.strip()], target)


def items_to_parquet(items: Iterable[Item], target: PathLike) -> int:
    """Writes items (Collection.items) with their metadata as JSON text; returns how many."""
    return _write([{"item_id": item.item_id, "kind": item.kind, "path": item.paths[0] if item.paths else None, "paths": item.paths,
                    "width": item.width, "height": item.height, "added_at": item.added_at, "text": item.text,
                    "duration_ms": item.duration_ms, "metadata": item.metadata} for item in items], target)


def _write(rows: List[Dict[str, Any]], target: PathLike) -> int:
    arrow = _arrow()
    names = list(dict.fromkeys(name for row in rows for name in row))  # in the order in which they come first
    columns = {name: _column([row.get(name) for row in rows]) for name in names}
    arrow.parquet.write_table(arrow.table(columns), target)
    return len(rows)


def _column(values: List[Any]) -> List[Any]:
    """One type for a column: what is mixed or nested becomes JSON text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and len(kinds) == 2:
        return [None if value is None else float(value) for value in values]
    if len(kinds) <= 1 and dict not in kinds and list not in kinds:
        return values
    if kinds == {list} and all(isinstance(part, str) for value in values if value is not None for part in value):
        return values
    return [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]


def main(arguments: List[str]) -> int:
    if len(arguments) != 2 or {Path(a).suffix for a in arguments} != {".parquet", ".jsonl"}:
        print(__doc__, file=sys.stderr)
        return 2
    source, target = arguments
    count = parquet_to_jsonl(source, target) if source.endswith(".parquet") else jsonl_to_parquet(source, target)
    print(f"{count} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
