//! The free texts of an order in one allocation. Knows their places, not their rules.

/// The texts of an order, one after another.
///
/// Five separate strings would cost 80 bytes of pointers in every order; this costs 26.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Texts {
    all: Box<str>,
    ends: [u16; 5],
}

impl Texts {
    /// Joins the customer's name, the note, the address lines (each ended by a line feed), the source of the place
    /// and the principal. None if they exceed 64 KiB together.
    pub fn new(name: &str, note: &str, lines: &[Box<str>], source: &str, principal: &str) -> Option<Texts> {
        let joined = lines.iter().map(|line| line.len() + 1).sum::<usize>();
        let mut all = String::with_capacity(name.len() + note.len() + joined + source.len() + principal.len());
        let mut ends = [0; 5];
        let mut end = |all: &String, place: usize| u16::try_from(all.len()).map(|length| ends[place] = length).ok();
        all.push_str(name);
        end(&all, 0)?;
        all.push_str(note);
        end(&all, 1)?;
        lines.iter().for_each(|line| {
            all.push_str(line);
            all.push('\n');
        });
        end(&all, 2)?;
        all.push_str(source);
        end(&all, 3)?;
        all.push_str(principal);
        end(&all, 4)?;
        Some(Texts { all: all.into_boxed_str(), ends })
    }

    fn part(&self, place: usize) -> &str {
        let start = if place == 0 { 0 } else { usize::from(self.ends[place - 1]) };
        &self.all[start..usize::from(self.ends[place])]
    }

    /// The customer's name.
    pub fn name(&self) -> &str {
        self.part(0)
    }

    /// The note to kitchen and courier; empty if there is none.
    pub fn note(&self) -> &str {
        self.part(1)
    }

    /// The lines of the address; none for a collection.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.part(2).split_terminator('\n')
    }

    /// Who said where the postcode is; empty for a collection.
    pub fn source(&self) -> &str {
        self.part(3)
    }

    /// The account that placed the order; empty for a guest.
    pub fn principal(&self) -> &str {
        self.part(4)
    }

    /// Bytes of all texts together.
    pub fn bytes(&self) -> usize {
        self.all.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_went_in() {
        let texts = Texts::new("Ada", "ring twice", &["12 North Road".into(), "Flat 3".into()], "pack", "").unwrap();
        assert_eq!((texts.name(), texts.note(), texts.source(), texts.principal()), ("Ada", "ring twice", "pack", ""));
        assert_eq!(texts.lines().collect::<Vec<_>>(), ["12 North Road", "Flat 3"]);
        assert_eq!(Texts::new("", "", &[], "", "").unwrap().lines().count(), 0);
        assert_eq!(Texts::new(&"x".repeat(70_000), "", &[], "", ""), None);
    }
}
