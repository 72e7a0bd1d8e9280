//! Which postcodes begin with what someone has typed so far. Knows the pack's order; guesses nothing.

use super::{Pack, sector_text};

impl Pack {
    /// The first `most` live postcodes that begin with this text, whatever its case. A blank within it ends the outcode:
    /// "DH1 3" is of DH1 alone, "DH13" may be of DH1 or of DH13.
    #[must_use]
    pub fn starting(&self, typed: &str, most: usize) -> Vec<String> {
        let mut typed = typed.trim_start().to_ascii_uppercase();
        let begins = |text: &str, typed: &str| text.starts_with(typed) || typed.starts_with(text);
        let has_blank = typed.contains(' ');
        if has_blank {
            typed =
                typed.split_whitespace().collect::<Vec<_>>().join(" ") + if typed.ends_with(' ') { " " } else { "" };
        }
        let mut found = Vec::new();
        for index in self.sectors_of_letter(typed.bytes().next()) {
            let sector = sector_text(self.keys[index]);
            let sector = if has_blank { sector } else { sector.replace(' ', "") };
            if !begins(&sector, &typed) {
                continue;
            }
            self.visit_texts(index..index + 1, |text, _| {
                let is_meant =
                    if has_blank { text.starts_with(&typed) } else { text.replace(' ', "").starts_with(&typed) };
                if is_meant && found.len() < most {
                    found.push(text.to_owned());
                }
            });
            if found.len() >= most {
                break;
            }
        }
        found
    }

    /// The sectors whose postcodes begin with this letter.
    fn sectors_of_letter(&self, letter: Option<u8>) -> std::ops::Range<usize> {
        const OTHER_CHARACTERS: u32 = 37 * 37 * 37 * 37;
        let Some(value) = letter.and_then(super::character_value).filter(|value| *value > 0) else { return 0..0 };
        let before = |value: u32| self.keys.partition_point(|key| *key < value * OTHER_CHARACTERS);
        before(value)..before(value + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_leads_to_postcodes_that_begin_so() {
        let pack = Pack::embedded();
        for typed in ["DH1 3LE", "dh13le", "DH1 3L", "DH13L", "dh1", "DH1 ", "D", "SW1A", "SW1A2", "N1C 4A"] {
            let found = pack.starting(typed, 10);
            assert!(!found.is_empty() && found.len() <= 10, "{typed}");
            let compact = |text: &str| text.replace(' ', "").to_uppercase();
            assert!(found.iter().all(|text| compact(text).starts_with(&compact(typed))), "{typed}: {found:?}");
        }
        assert_eq!(pack.starting("DH1 3LE", 10), ["DH1 3LE"]);
    }

    #[test]
    fn a_blank_ends_the_outcode() {
        let pack = Pack::embedded();
        assert!(pack.starting("E1 ", 100).iter().all(|text| text.starts_with("E1 ")));
        assert!(pack.starting("E1 1", 500).iter().all(|text| text.starts_with("E1 1")));
        assert!(pack.starting("DH13", 5).iter().all(|text| text.starts_with("DH1 3")));
    }

    #[test]
    fn what_no_postcode_begins_with_leads_nowhere() {
        let pack = Pack::embedded();
        for typed in ["", " ", "1", "ZZ", "🍕", "DH1 3LEX", "\0", "../", &"A".repeat(10_000)] {
            assert!(pack.starting(typed, 10).is_empty(), "{typed:.20}");
        }
        assert!(pack.starting("DH1", 0).is_empty());
    }
}
