//! Judges what a service said by what is known without it: a place in another country is no answer, and one far from the
//! pack's point is suspect. Pure; knows no service.

use crate::code::Code;
use crate::grid::Position;
use crate::limits;
use crate::provider::{Outcome, Place};

/// An outcome that may be believed, or the reason why not.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// As it was said.
    Sound(Outcome),
    /// So many metres from where the pack has it.
    Suspect(u32),
}

/// Judges an outcome; `pack` is the pack's point, if it has one.
#[must_use]
pub fn judge(code: Code, outcome: Outcome, pack: Option<Position>) -> Judged {
    let Outcome::Found(mut place) = outcome else { return Judged::Sound(outcome) };
    place.position = place.position.filter(|position| !is_nowhere(*position));
    let Some(position) = place.position else { return Judged::Sound(Outcome::Found(place)) };
    if !code.country().contains(position) {
        return Judged::Sound(Outcome::Malformed);
    }
    match pack.map(|pack| pack.distance_m(position)) {
        Some(distance_m) if distance_m > limits::SUSPECT_M => Judged::Suspect(distance_m as u32),
        _ => Judged::Sound(Outcome::Found(Place { position: Some(position.rounded()), ..place })),
    }
}

/// Zero and zero is how several services write "unknown".
fn is_nowhere(position: Position) -> bool {
    position.latitude == 0.0 && position.longitude == 0.0
}

#[cfg(test)]
mod tests {
    use order::postcode::Postcode;

    use super::*;

    const DURHAM: Position = Position { latitude: 54.768_112, longitude: -1.571_877 };

    fn judged(position: Option<Position>, pack: Option<Position>) -> Judged {
        let code = Code::British(Postcode::parse("DH1 3LE").unwrap());
        judge(code, Outcome::Found(Place { position, ..Place::default() }), pack)
    }

    fn position(judged: Judged) -> Option<Position> {
        match judged {
            Judged::Sound(Outcome::Found(place)) => place.position,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_place_near_the_pack_s_is_believed() {
        let near = Position { latitude: DURHAM.latitude + 0.04, ..DURHAM };
        assert_eq!(position(judged(Some(near), Some(DURHAM))), Some(near.rounded()));
        assert_eq!(position(judged(Some(near), None)), Some(near.rounded()));
    }

    #[test]
    fn a_place_more_than_five_kilometres_off_is_suspect() {
        let off = Position { latitude: DURHAM.latitude + 0.0455, ..DURHAM };
        let Judged::Suspect(metres) = judged(Some(off), Some(DURHAM)) else { panic!("it was believed") };
        assert!((5_000..5_200).contains(&metres), "{metres}");
    }

    #[test]
    fn another_country_is_no_answer_and_zero_is_no_place() {
        let paris = Position { latitude: 48.86, longitude: 2.35 };
        assert_eq!(judged(Some(paris), None), Judged::Sound(Outcome::Malformed));
        let nan = Position { latitude: f64::NAN, longitude: 0.0 };
        assert_eq!(judged(Some(nan), None), Judged::Sound(Outcome::Malformed));
        assert_eq!(position(judged(Some(Position { latitude: 0.0, longitude: 0.0 }), Some(DURHAM))), None);
        assert_eq!(position(judged(None, Some(DURHAM))), None);
    }
}
