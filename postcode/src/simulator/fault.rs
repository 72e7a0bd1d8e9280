//! The ways in which a service fails. Names only; how each looks on the wire is in [`serve`](super::serve).

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal;)+) => {
        /// How a service fails.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault { $($(#[doc = $doc])+ $name,)+ }

        impl Fault {
            /// All there are.
            pub const ALL: &[Fault] = &[$(Fault::$name,)+];

            /// Its name.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Fault::$name => $word,)+ }
            }
        }
    };
}

faults! {
    /// It works.
    None = "none";
    /// It takes the request and never answers.
    Silence = "silence";
    /// It answers, after a third of a second.
    Slow = "slow";
    /// It answers, a second and a half too late.
    Late = "late";
    /// It closes the connection in place of an answer.
    Reset = "reset";
    /// It closes the connection within the answer.
    Cut = "cut";
    /// It sends its answer byte by byte, without end.
    Drip = "drip";
    /// 429, and no word of how long.
    TooMany = "too_many";
    /// 429, to be asked again after two seconds.
    TooManyFor = "too_many_for";
    /// 401.
    Unauthorised = "unauthorised";
    /// 403.
    Forbidden = "forbidden";
    /// 402.
    Exhausted = "exhausted";
    /// 500.
    Broken = "broken";
    /// 503.
    Unavailable = "unavailable";
    /// 503, to be asked again after two seconds.
    UnavailableFor = "unavailable_for";
    /// A page for people in place of an answer, with status 200.
    Html = "html";
    /// The first half of the JSON.
    Truncated = "truncated";
    /// The right shape, about another postcode.
    Wrong = "wrong";
    /// Status 200, and an error in the body.
    ErrorInside = "error_inside";
    /// More bytes than anyone wants.
    Oversized = "oversized";
    /// It sends elsewhere.
    Redirect = "redirect";
    /// The right postcode, at a place in another country.
    Elsewhere = "elsewhere";
    /// It says of everything that it does not exist.
    Amnesia = "amnesia";
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|fault| fault.word() == text).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|fault| fault.word()).collect();
            format!("no fault is called {text}; there are {}\n", words.join(", "))
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
