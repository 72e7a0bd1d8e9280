//! Why calls had no definite answer, in words: the first few, since what stops one call stops many. Knows no sockets.

use tokio::time::error::Elapsed;

use super::measure::ms;
use super::wire::{Broken, Head};
use crate::problem;

/// So many are kept.
const WHYS_MAX: usize = 10;

/// What one attempt came to.
type Attempt<'a> = Result<Result<(Head, &'a [u8]), Broken>, Elapsed>;

/// The reasons that are kept.
#[derive(Debug, Default)]
pub(super) struct Whys(Vec<String>);

impl Whys {
    /// Keeps what the last attempt of this call came to, which was under way between these two moments of the drill, in µs.
    pub(super) fn add(&mut self, what: impl Fn() -> String, (begun_us, done_us): (u64, u64), last: &Attempt) {
        if self.0.len() < WHYS_MAX {
            let (from_s, to_s) = (ms(begun_us) / 1000.0, ms(done_us) / 1000.0);
            self.0.push(format!("{}, from {from_s:.3} to {to_s:.3} s: {}", what(), words(last)));
        }
    }

    pub(super) fn all(&self) -> &[String] {
        &self.0
    }
}

fn words(attempt: &Attempt) -> String {
    match attempt {
        Ok(Ok((head, body))) => problem::text(&problem::read(head.status, body)),
        Ok(Err(Broken::NotSent)) => "could not connect".to_owned(),
        Ok(Err(Broken::Sent)) => "the connection broke".to_owned(),
        Err(_) => "heard nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reasons_are_kept_with_their_calls() {
        let mut whys = Whys::default();
        for number in 0..12 {
            whys.add(|| format!("order {number}"), (1_500_000, 11_000_000), &Ok(Err(Broken::Sent)));
        }
        assert_eq!(whys.all().len(), WHYS_MAX);
        assert_eq!(whys.all()[9], "order 9, from 1.500 to 11.000 s: the connection broke");
    }
}
