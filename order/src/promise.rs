//! Signed quotes: what was promised for which order until when, so that any copy of the book can check it. Draws nothing:
//! the secret is a record of the book, and the time is the log's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::command::{Action, Command, Destination, Given, LineWish, PlaceOrder};
use crate::delta::{Delta, Record};
use crate::execute::Outcome;
use crate::issue::{Issues, Problem, Value};
use crate::limits;
use crate::phone::Phone;
use crate::quote::Quote;
use crate::reply::Reply;
use crate::stage::Service;
use crate::state::State;

/// What quotes are signed with: 32 random bytes, drawn once for the whole book. Never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret([u8; 32]);

/// A quote that can be held against the restaurant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Promise {
    /// The signed text.
    pub token: String,
    /// Until when it can be used, ms since 1970.
    pub expires_at_ms: u64,
}

/// What is wrong with the quote that an order refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// This book has not signed it.
    Invalid,
    /// It is for another order.
    Mismatch,
    /// Its time is over.
    Expired {
        /// Since then, ms since 1970.
        expired_at_ms: u64,
    },
}

/// What a token says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Terms {
    expires_at_ms: u64,
    menu_revision: u32,
    total: i64,
    /// The order it is for.
    order: [u8; ORDER_BYTES],
}

/// Tells orders apart. Two of one digest would gain nobody anything: the total is compared all the same.
const ORDER_BYTES: usize = 16;
/// A forger has one guess for each request.
const SIGNATURE_BYTES: usize = 16;
const TERMS_BYTES: usize = 1 + 8 + 4 + 8 + ORDER_BYTES;
/// The layout of the terms.
const LAYOUT: u8 = 1;

impl Secret {
    /// These bytes as a secret; they must be random.
    pub fn new(bytes: [u8; 32]) -> Secret {
        Secret(bytes)
    }

    /// The bytes, for the log and for snapshots.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn sign(&self, terms: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.chain_update(terms)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Fault {
    /// The stable code, snake case.
    pub fn code(self) -> &'static str {
        match self {
            Fault::Invalid => "quote_invalid",
            Fault::Mismatch => "quote_mismatch",
            Fault::Expired { .. } => "quote_expired",
        }
    }

    /// What would make the request succeed.
    pub fn remedy(self) -> &'static str {
        match self {
            Fault::Invalid => "this is no quote of ours; ask for one with the same body, or leave quote out",
            Fault::Mismatch => {
                "the quote is for another order; order what was quoted, or ask for a quote of this order"
            }
            Fault::Expired { .. } => "the quote is too old; ask for a new one",
        }
    }

    /// The values by name.
    pub fn values(self) -> Vec<(&'static str, Value)> {
        match self {
            Fault::Invalid | Fault::Mismatch => Vec::new(),
            Fault::Expired { expired_at_ms } => vec![("expired_at", Value::Time(expired_at_ms))],
        }
    }
}

impl Terms {
    fn to_bytes(self) -> [u8; TERMS_BYTES] {
        let mut bytes = [LAYOUT; TERMS_BYTES];
        bytes[1..9].copy_from_slice(&self.expires_at_ms.to_be_bytes());
        bytes[9..13].copy_from_slice(&self.menu_revision.to_be_bytes());
        bytes[13..21].copy_from_slice(&self.total.to_be_bytes());
        bytes[21..].copy_from_slice(&self.order);
        bytes
    }

    fn from_bytes(bytes: &[u8; TERMS_BYTES]) -> Option<Terms> {
        fn part<const N: usize>(bytes: &[u8; TERMS_BYTES], from: usize) -> [u8; N] {
            std::array::from_fn(|at| bytes[from + at])
        }
        let terms = Terms {
            expires_at_ms: u64::from_be_bytes(part(bytes, 1)),
            menu_revision: u32::from_be_bytes(part(bytes, 9)),
            total: i64::from_be_bytes(part(bytes, 13)),
            order: part(bytes, 21),
        };
        (bytes[0] == LAYOUT).then_some(terms)
    }

    fn token(self, secret: &Secret) -> String {
        let terms = self.to_bytes();
        let signature = secret.sign(&terms).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&terms[..], &signature[..SIGNATURE_BYTES]].concat())
    }

    /// The terms of a token that was signed with this secret.
    fn read(token: &str, secret: &Secret) -> Option<Terms> {
        let mut bytes = [0; TERMS_BYTES + SIGNATURE_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
        let (terms, signature) = bytes.split_first_chunk::<TERMS_BYTES>()?;
        if length != bytes.len() || secret.sign(terms).verify_truncated_left(signature).is_err() {
            return None;
        }
        Terms::from_bytes(terms)
    }
}

impl State {
    /// Whether the book has no secret yet to sign quotes with.
    pub fn needs_secret(&self) -> bool {
        self.book.secret.is_none()
    }

    /// Takes the book's one secret; a later one changes nothing.
    pub(crate) fn take_secret(&self, secret: &Secret) -> Outcome {
        if !self.needs_secret() {
            return Ok((None, Reply::Done));
        }
        let book = crate::delta::Book { secret: Some(secret.clone()), ..self.book.clone() };
        Ok((Some(Delta { puts: vec![Record::Book(book)], ..Delta::default() }), Reply::Done))
    }

    /// The promise of a quote; none if it cannot be ordered as it is, or the book has no secret yet.
    pub fn promise(&self, at_ms: u64, order: &PlaceOrder, quote: &Quote) -> Option<Promise> {
        let (secret, menu) = self.book.secret.as_ref().zip(quote.menu.as_ref())?;
        if !quote.is_fulfillable() {
            return None;
        }
        let expires_at_ms = at_ms.min(limits::AT_MS_MAX) + limits::QUOTE_KEPT_MS;
        let total = quote.total().amount;
        let terms = Terms { expires_at_ms, menu_revision: menu.revision, total, order: digest(order) };
        Some(Promise { token: terms.token(secret), expires_at_ms })
    }

    /// Whether the promise that an order refers to, if it does, still holds. `is_whole` says whether its total is known.
    pub(crate) fn check_promise(
        &self,
        at_ms: u64,
        order: &PlaceOrder,
        quote: &Quote,
        is_whole: bool,
        issues: &mut Issues,
    ) {
        let Some(token) = &order.quote else { return };
        let terms = self.book.secret.as_ref().and_then(|secret| Terms::read(token, secret));
        let Some(terms) = terms else { return issues.add("/quote", Problem::Quote(Fault::Invalid)) };
        if terms.order != digest(order) {
            return issues.add("/quote", Problem::Quote(Fault::Mismatch));
        }
        if terms.expires_at_ms <= at_ms {
            return issues.add("/quote", Problem::Quote(Fault::Expired { expired_at_ms: terms.expires_at_ms }));
        }
        let revision = quote.menu.as_ref().map(|menu| menu.revision);
        if let Some(menu_revision) = revision.filter(|revision| *revision != terms.menu_revision) {
            issues.add("/quote", Problem::MenuChanged { menu_revision });
        }
        if is_whole && terms.total != quote.total().amount {
            issues.add("/quote", Problem::PriceChanged { total: quote.total() });
        }
    }
}

impl Command {
    /// Gives a new book its secret.
    pub fn begin(secret: [u8; 32]) -> Command {
        Command::system(Action::Begin { secret: Secret::new(secret) })
    }
}

/// What makes an order this one: everything that the customer says but `expect`, `payment` and the quote itself, in one
/// spelling. Where a postcode is does not count, because it is looked up anew.
fn digest(order: &PlaceOrder) -> [u8; ORDER_BYTES] {
    let mut digest = Parts(Sha256::new());
    digest.text(order.restaurant.as_str());
    digest.number(order.service.to_u8().into());
    digest.number(order.items.len() as u64);
    order.items.iter().for_each(|line| digest.line(line));
    digest.text(&order.name);
    digest.number(Phone::parse(&order.phone).map_or(u64::MAX, Phone::get));
    digest.text(&order.note);
    let to = order.deliver_to.as_ref().filter(|_| order.service == Service::Delivery);
    digest.number(to.is_some().into());
    to.into_iter().for_each(|to| digest.destination(to));
    digest.number(order.allergens_acknowledged.map_or(u64::MAX, |set| set.bits().into()));
    digest.number(order.age_confirmed.into());
    digest.number(order.fulfil_at_ms.map_or(u64::MAX, |at_ms| at_ms));
    let all = digest.0.finalize();
    std::array::from_fn(|at| all[at])
}

/// Texts go in with their lengths, so that no two lists of parts run into each other.
struct Parts(Sha256);

impl Parts {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn line(&mut self, line: &LineWish) {
        self.text(line.item.as_str());
        self.number(line.quantity.into());
        let mut options: Vec<_> = line.options.iter().map(|wish| (wish.option.as_str(), wish.quantity)).collect();
        options.sort_unstable();
        self.number(options.len() as u64);
        options.iter().for_each(|(option, quantity)| {
            self.text(option);
            self.number((*quantity).into());
        });
    }

    fn destination(&mut self, to: &Destination) {
        self.number(to.lines.len() as u64);
        to.lines.iter().for_each(|line| self.text(line));
        match &to.postcode {
            Given::Place(place) => self.text(&place.postcode.to_string()),
            Given::NotAPostcode(text) => self.text(text),
        }
    }
}
