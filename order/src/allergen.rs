//! The fourteen allergens that UK law names, and sets of them. Knows nothing of items or orders.

/// One of the fourteen allergens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Allergen {
    /// Celery.
    Celery,
    /// Cereals containing gluten.
    Gluten,
    /// Crustaceans.
    Crustaceans,
    /// Eggs.
    Eggs,
    /// Fish.
    Fish,
    /// Lupin.
    Lupin,
    /// Milk.
    Milk,
    /// Molluscs.
    Molluscs,
    /// Mustard.
    Mustard,
    /// Tree nuts.
    Nuts,
    /// Peanuts.
    Peanuts,
    /// Sesame.
    Sesame,
    /// Soya.
    Soya,
    /// Sulphur dioxide and sulphites.
    Sulphites,
}

/// A set of allergens in 14 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AllergenSet(u16);

impl Allergen {
    /// All fourteen, in the order of their bits.
    pub const ALL: [Allergen; 14] = {
        use Allergen::*;
        [
            Celery,
            Gluten,
            Crustaceans,
            Eggs,
            Fish,
            Lupin,
            Milk,
            Molluscs,
            Mustard,
            Nuts,
            Peanuts,
            Sesame,
            Soya,
            Sulphites,
        ]
    };

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 14] = [
            "celery",
            "gluten",
            "crustaceans",
            "eggs",
            "fish",
            "lupin",
            "milk",
            "molluscs",
            "mustard",
            "nuts",
            "peanuts",
            "sesame",
            "soya",
            "sulphites",
        ];
        NAMES[self as usize]
    }

    /// Reads a name; none if the law knows no such allergen.
    pub fn parse(name: &str) -> Option<Allergen> {
        Allergen::ALL.into_iter().find(|allergen| allergen.name() == name)
    }
}

impl AllergenSet {
    /// No allergen.
    pub const NONE: AllergenSet = AllergenSet(0);

    /// The set of the given ones.
    pub fn of(allergens: impl IntoIterator<Item = Allergen>) -> AllergenSet {
        AllergenSet(allergens.into_iter().fold(0, |bits, allergen| bits | 1 << allergen as u8))
    }

    /// The bits, allergen 0 lowest.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Takes bits for a set; those beyond the fourteen are dropped.
    pub fn from_bits(bits: u16) -> AllergenSet {
        AllergenSet(bits & ((1 << Allergen::ALL.len()) - 1))
    }

    /// What is in either.
    pub fn union(self, other: AllergenSet) -> AllergenSet {
        AllergenSet(self.0 | other.0)
    }

    /// What is here and not there.
    pub fn without(self, other: AllergenSet) -> AllergenSet {
        AllergenSet(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members, in order.
    pub fn iter(self) -> impl Iterator<Item = Allergen> {
        Allergen::ALL.into_iter().filter(move |allergen| self.0 >> *allergen as u8 & 1 == 1)
    }
}

impl std::fmt::Debug for AllergenSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_lead_back_to_their_allergen() {
        for allergen in Allergen::ALL {
            assert_eq!(Allergen::parse(allergen.name()), Some(allergen));
        }
        let all = AllergenSet::of(Allergen::ALL);
        assert_eq!(AllergenSet::from_bits(u16::MAX), all);
        assert_eq!(all.without(AllergenSet::of([Allergen::Milk])).iter().count(), 13);
    }
}
