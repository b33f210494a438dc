#!/usr/bin/env python3
"""Rewrites a ZIP of stored entries with one change, and everything else - offsets, sizes, CRC-32s, directory - made to fit it.

Knows only APPNOTE.TXT. `same` gives the canonical ZIP back, so that a refusal of another change is for that change alone.

    zip_forge.py CHANGE IN OUT
"""
import struct
import sys
import zipfile
import zlib


class Entry:
    def __init__(self, name, data):
        self.name, self.data = name, data
        self.central_name = None  # where it shall differ
        self.method, self.flags, self.time, self.date = 0, 0, 0, 33
        self.needed, self.made, self.internal, self.external = 10, 3 << 8 | 45, 0, 0o100644 << 16
        self.local_extra = self.central_extra = self.comment = self.gap = self.descriptor = b""
        self.crc = zlib.crc32(data)
        self.stored = data
        self.hides_size = False


def common(entry, extra, local):
    hidden = local and entry.descriptor
    return struct.pack(
        "<HHHHIIIHH", entry.flags, entry.method, entry.time, entry.date, 0 if hidden else entry.crc,
        0 if hidden else len(entry.stored), 0 if hidden else len(entry.data),
        len(entry.name if local else entry.central_name or entry.name), len(extra))


def build(entries, before=b"", between=b"", behind=b"", comment=b"", directory=None, count=None):
    out, offsets = bytearray(before), {}
    for entry in entries:
        offsets[id(entry)] = len(out)
        out += struct.pack("<IH", 0x04034B50, entry.needed) + common(entry, entry.local_extra, True)
        out += entry.name + entry.local_extra + entry.stored + entry.descriptor + entry.gap
    out += between
    start = len(out)
    directory = entries if directory is None else directory
    for entry in directory:
        out += struct.pack("<IHH", 0x02014B50, entry.made, entry.needed) + common(entry, entry.central_extra, False)
        out += struct.pack("<HHHII", len(entry.comment), 0, entry.internal, entry.external, offsets[id(entry)])
        out += (entry.central_name or entry.name) + entry.central_extra + entry.comment
    size = len(out) - start
    count = len(directory) if count is None else count
    out += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, start, len(comment)) + comment
    return bytes(out) + behind


def change(kind, entries):
    first, last = entries[0], entries[-1]
    options = {}
    if kind == "same":
        pass
    elif kind == "remove":
        entries = entries[1:]
    elif kind == "rename":
        last.name = last.name + b"z"
    elif kind == "rename-to-other-characters":
        last.name = last.name + b" "
    elif kind == "rename-to-parent":
        last.name = b"z/../z"
    elif kind == "rename-to-absolute":
        first.name = b"/" + first.name
    elif kind == "rename-to-folder-of-a-file":
        last.name = entries[-2].name + b"/x"
    elif kind == "duplicate":
        entries = entries + [Entry(last.name, b"other")]
    elif kind == "duplicate-in-directory":
        options["directory"] = entries + [last]
    elif kind == "swap":
        entries = [entries[1], entries[0]] + entries[2:]
    elif kind == "swap-in-directory":
        options["directory"] = [entries[1], entries[0]] + entries[2:]
    elif kind == "leave-out-of-directory":
        options["directory"] = entries[:-1]
    elif kind == "other-name-in-directory":
        first.central_name = b"A" * len(first.name)
    elif kind == "folder-entry":
        entries = entries + [Entry(b"zz/", b"")]
    elif kind == "prepend":
        options["before"] = b"#!"
    elif kind == "between":
        options["between"] = b"\0"
    elif kind == "gap":
        first.gap = b"\0\0\0\0"
    elif kind == "append":
        options["behind"] = b"\0"
    elif kind == "comment":
        options["comment"] = b"hello"
    elif kind == "entry-comment":
        first.comment = b"hello"
    elif kind == "local-extra":
        first.local_extra = struct.pack("<HHI", 0xCAFE, 4, 0)
    elif kind == "central-extra":
        first.central_extra = struct.pack("<HHI", 0xCAFE, 4, 0)
    elif kind == "needless-zip64":
        first.local_extra = struct.pack("<HHQQ", 1, 16, len(first.data), len(first.data))
    elif kind == "deflated":
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        last.stored = packer.compress(last.data) + packer.flush()
        last.method = 8
    elif kind == "descriptor":
        first.flags = 8
        first.descriptor = struct.pack("<IIII", 0x08074B50, first.crc, len(first.data), len(first.data))
    elif kind == "utf8-flag":
        first.flags = 0x800
    elif kind == "other-date":
        first.date += 1
    elif kind == "other-time":
        first.time = 1
    elif kind == "other-mode":
        first.external = 0o100755 << 16
    elif kind == "other-maker":
        first.made = 20
    elif kind == "other-needed":
        first.needed = 20
    elif kind == "internal-attributes":
        first.internal = 1
    elif kind == "wrong-crc":
        last.crc ^= 1
    elif kind == "wrong-count":
        options["count"] = len(entries) + 1
    else:
        sys.exit("unknown change " + kind)
    return build(entries, **options)


if __name__ == "__main__":
    kind, source, target = sys.argv[1:]
    with zipfile.ZipFile(source) as archive:
        files = [Entry(info.filename.encode(), archive.read(info)) for info in archive.infolist()]
    with open(target, "wb") as file:
        file.write(change(kind, files))
