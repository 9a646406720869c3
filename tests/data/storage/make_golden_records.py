#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes records_v1.txt: the bytes that docs/STORAGE_FORMAT.md asks for, for known values.

A second implementation of the record format, from the document, so that the C++ one is not compared with itself. The
values are those of record_codec_test.cc. Run it from anywhere: make_golden_records.py > records_v1.txt
"""
import struct
import zlib


def framed(version, body):
    record = bytes([version]) + body
    return record + struct.pack("<I", zlib.crc32(record))


def text(value):
    raw = value.encode()
    return struct.pack("<I", len(raw)) + raw


def item():
    body = bytes(range(16))  # hash
    body += struct.pack("<IIq", 640, 480, 1_700_000_000)
    body += struct.pack("<I", 2)  # paths
    body += text("/a/b.jpg") + struct.pack("<Qq", 1234, 1_700_000_000_123_456_789)
    body += text("/ä") + struct.pack("<Qq", 0, -1)
    body += struct.pack("<IQQ", 2, 7, 0x0102030405060708)  # units
    body += struct.pack("<I", 3)  # metadata keys, ascending
    body += text("m") + struct.pack("<I", 2) + b"\x01" + struct.pack("<q", -5) + b"\x02" + struct.pack("<d", 0.5)
    body += text("ok") + struct.pack("<I", 1) + b"\x04\x01"
    body += text("tags") + struct.pack("<I", 2) + b"\x00" + text("x") + b"\x03" + struct.pack("<q", 86400)
    return framed(1, body)


def unit_image():
    return framed(1, struct.pack("<BQQIQQB", 1, 9, 3, 1, 0, 0, 0))


def unit_clip():
    return framed(1, struct.pack("<BQQIQQBqq", 2, 9, 3, 2, 26, 4, 1, 1_000_000, 5_000_000))


def vectors():
    body = struct.pack("<BII", 1, 2, 3)
    body += struct.pack("<Bq", 0, 0) + struct.pack("<Bq", 1, 1_500_000)
    body += struct.pack("<3f", 1, 0, 0) + struct.pack("<3f", 0, -0.6, 0.8)
    return framed(1, body)


def tokens_int8():
    head = struct.pack("<BBII", 1, 3, 2, 3)
    return head + struct.pack("<I", zlib.crc32(head)) + struct.pack("<2f", 0.5, 2) + struct.pack("<6b", *range(-3, 3))


def tokens_fp16():
    head = struct.pack("<BBII", 1, 2, 1, 2)
    return head + struct.pack("<I", zlib.crc32(head)) + struct.pack("<2e", 1, -2)


def job():
    body = struct.pack("<Bqq5Q", 2, 100, 200, 1, 2, 3, 4, 5)
    body += struct.pack("<I", 2) + text("/in") + text("-")
    body += struct.pack("<I", 1) + text("/bad.jpg") + text("truncated")
    return framed(1, body)


def roaring(rows):
    """The portable format of Roaring bitmaps for few values: array containers only."""
    groups = {}
    for row in rows:
        groups.setdefault(row >> 16, []).append(row & 0xFFFF)
    head = struct.pack("<II", 12346, len(groups))
    offset = len(head) + 8 * len(groups)
    descriptions = offsets = arrays = b""
    for key, values in sorted(groups.items()):
        descriptions += struct.pack("<HH", key, len(values) - 1)
        offsets += struct.pack("<I", offset)
        array = struct.pack("<%dH" % len(values), *sorted(values))
        arrays += array
        offset += len(array)
    return head + descriptions + offsets + arrays


def manifest():
    body = struct.pack("<QQI", 7, 5, 2)
    for number, kind, rows, units, size, checksum, dead in [
        (2, 5, 10, 6, 1000, 0xAABBCCDD, [1, 5]),
        (4, 2, 70_000, 70_000, 1 << 33, 1, [9, 65_536, 69_999]),
    ]:
        bitmap = roaring(dead)
        body += struct.pack("<QBQQQII", number, kind, rows, units, size, checksum, len(bitmap)) + bitmap
    return framed(1, body)


def index_options():
    return framed(1, struct.pack("<BBQQIIBBIIII", 4, 2, 100, 200, 300, 4, 1, 1, 32, 64, 128, 8))


def term(field, kind, value):
    """A key of `terms` for item 9."""
    return bytes([len(field)]) + field.encode() + bytes([kind]) + value + struct.pack(">Q", 9)


def ordered(value):
    """Numbers as 8 bytes whose order is theirs."""
    if isinstance(value, int):
        return struct.pack(">Q", (value + (1 << 63)) % (1 << 64))
    bits = struct.unpack(">Q", struct.pack(">d", value))[0]
    return struct.pack(">Q", bits ^ ((1 << 64) - 1) if bits >> 63 else bits | 1 << 63)


RECORDS = {
    "item": item(),
    "unit_image": unit_image(),
    "unit_clip": unit_clip(),
    "vectors": vectors(),
    "tokens_int8": tokens_int8(),
    "tokens_fp16": tokens_fp16(),
    "thumbnail": framed(1, b"\xff\xd8\xff\xe0"),
    "job": job(),
    "lookup": framed(1, struct.pack("<Q", 9)),
    "config": framed(1, struct.pack("<I", 2) + text("small") + text("f00d") + struct.pack("<IB", 256, 1)),
    "counters": framed(1, struct.pack("<QQ", 1025, 2049)),
    "manifest": manifest(),
    "index_options": index_options(),
    "settings": framed(1, struct.pack("<BIBd", 1, 96, 1, -2.5) + text('{"a": 1}') + text('{"target": 0.95}')),
    "settings_none": framed(1, struct.pack("<BBII", 0, 0, 0, 0)),
    "training_queries": framed(1, struct.pack("<II4f", 2, 2, 1, 0, 0, -1)),
    "change_key": struct.pack(">QQ", 3, 7),
    "change_put": b"\x01",
    "change_dropped": b"\x02",
    "state": framed(1, struct.pack("<6Q", 3, 1, 2, 4, 26, 4)),
    "terms_filled": framed(1, struct.pack("<Q", 1000)),
    # In the order of their bytes.
    "term_float": term("f", 2, ordered(-1.5)),
    "term_zero": term("f", 2, ordered(0.0)),
    "term_integer": term("n", 1, ordered(-5)),
    "term_time": term("t", 3, ordered(86400)),
    "term_boolean": term("ok", 4, b"\x01"),
    "term_keyword_cut": term("long", 0, b"l" * 128 + b"\x00\x02"),
    "term_many_values": term("many", 5, b""),
    "term_several_paths": term("path", 6, b""),
    "term_keyword": term("tags", 0, b"x" + b"\x00\x01"),
    "term_keyword_zero": term("tags", 0, b"x\x00\xffy" + b"\x00\x01"),
}

for name, record in RECORDS.items():
    print(name, record.hex())
