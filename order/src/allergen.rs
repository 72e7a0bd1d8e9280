//! The fourteen allergens that UK law names, and sets of them. Knows nothing of items or orders.

/// The one list: each allergen with its name on the wire, in the order of their bits.
macro_rules! allergens {
    ($($(#[$doc:meta])+ $name:ident = $word:literal;)+) => {
        /// One of the fourteen allergens.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Allergen { $($(#[$doc])+ $name,)+ }

        impl Allergen {
            /// All fourteen, in the order of their bits.
            pub const ALL: [Allergen; 14] = [$(Allergen::$name),+];

            /// The name on the wire.
            pub fn name(self) -> &'static str { match self { $(Allergen::$name => $word),+ } }
        }
    };
}

allergens! {
    /// Celery.
    Celery = "celery";
    /// Cereals containing gluten.
    Gluten = "gluten";
    /// Crustaceans.
    Crustaceans = "crustaceans";
    /// Eggs.
    Eggs = "eggs";
    /// Fish.
    Fish = "fish";
    /// Lupin.
    Lupin = "lupin";
    /// Milk.
    Milk = "milk";
    /// Molluscs.
    Molluscs = "molluscs";
    /// Mustard.
    Mustard = "mustard";
    /// Tree nuts.
    Nuts = "nuts";
    /// Peanuts.
    Peanuts = "peanuts";
    /// Sesame.
    Sesame = "sesame";
    /// Soya.
    Soya = "soya";
    /// Sulphur dioxide and sulphites.
    Sulphites = "sulphites";
}

/// A set of allergens in 14 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AllergenSet(u16);

impl Allergen {
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
