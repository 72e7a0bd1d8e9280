//! How far the National Grid lies from the grid of satellite positioning, from the table `pack/ostn15.shifts`. Knows the
//! table's form, which pack/shifts.py gives it; knows no ellipsoid.

const TABLE: &[u8] = include_bytes!("../../pack/ostn15.shifts");
/// Between two nodes.
const STEP_M: f64 = 10_000.0;
const COLUMNS: usize = 71;
const ROWS: usize = 131;
/// East and north, two bytes each, in centimetres.
const NODE_BYTES: usize = 4;

const _: () = assert!(TABLE.len() == COLUMNS * ROWS * NODE_BYTES, "ostn15.shifts is of another form");

/// Metres east and north, on straight lines between the four nodes around a point; beyond the table's edge as at the edge.
pub(super) fn at(easting_m: f64, northing_m: f64) -> (f64, f64) {
    let (column, east) = step(easting_m, COLUMNS);
    let (row, north) = step(northing_m, ROWS);
    let mean = |from: f64, to: f64, share: f64| from + (to - from) * share;
    let [a, b, c, d] = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, up)| node(column + right, row + up));
    (mean(mean(a.0, b.0, east), mean(c.0, d.0, east), north), mean(mean(a.1, b.1, east), mean(c.1, d.1, east), north))
}

/// The node before a point, and how far it is from there to the next, from 0 to 1.
fn step(at_m: f64, nodes: usize) -> (usize, f64) {
    let steps = (at_m / STEP_M).clamp(0.0, (nodes - 1) as f64);
    let low = (steps as usize).min(nodes - 2);
    (low, steps - low as f64)
}

fn node(column: usize, row: usize) -> (f64, f64) {
    let at = (row * COLUMNS + column) * NODE_BYTES;
    let metres = |at: usize| f64::from(i16::from_le_bytes([TABLE[at], TABLE[at + 1]])) / 100.0;
    (metres(at), metres(at + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_nodes_it_changes_gently_and_beyond_the_edge_not_at_all() {
        let (east, north) = at(427_660.0, 541_886.0);
        assert!((80.0..112.0).contains(&east) && (-85.0..-43.0).contains(&north), "{east} {north}");
        let (next, _) = at(427_661.0, 541_886.0);
        assert!((next - east).abs() < 1e-3);
        assert_eq!(at(-9e9, 9e9), at(0.0, 1_300_000.0));
        assert!(at(f64::NAN, 0.0).0.is_nan());
    }
}
