//! `jh order place`: from flags, a file or the cart to an order that survives a crash of this program.

use std::io::Read;
use std::path::{Path, PathBuf};

use api::v1::place::{Address, Customer, Expect, PayBy, PlaceOrder, Service, Tender};
use api::v1::time::Timestamp;

use super::finish::finish;
use super::show;
use crate::api_client::new_key;
use crate::basket;
use crate::cart::{Cart, parse_items};
use crate::command::Context;
use crate::failure::Failure;
use crate::output::talk;
use crate::pending::{Pending, Store};

/// The longest body that is read from a file; the service's own bound is lower.
const BODY_BYTES_MAX: u64 = 1 << 20;

/// An order, as typed.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    wanted: Wanted,
    /// Hold the restaurant to a quote of the same order: the token that `jh quote` printed
    #[arg(long, value_name = "TOKEN", conflicts_with = "file")]
    quote: Option<String>,
    /// The idempotency key: an order is placed once for each key [default: a new one]
    #[arg(long)]
    key: Option<String>,
}

/// What to order, as typed; shared with `quote`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Wanted {
    /// The restaurant's id [default: the cart's]
    restaurant: Option<String>,
    /// ITEM[:QUANTITY][+OPTION[:QUANTITY]]…, like margherita:2+extra-cheese [default: the cart's]
    #[arg(requires = "restaurant")]
    items: Vec<String>,
    /// Where to deliver: "12 North Road, DH1 4SG"
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Collect it instead
    #[arg(long, conflicts_with = "to")]
    collect: bool,
    /// Your name
    #[arg(long)]
    name: Option<String>,
    /// Your telephone number, like +441913341234
    #[arg(long)]
    phone: Option<String>,
    /// A word to the restaurant or the courier
    #[arg(long)]
    note: Option<String>,
    /// When, like 2026-08-01T18:30:00Z [default: as soon as possible]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// How to pay: cash, or card:TOKEN, like card:tok_ok [default: cash]
    #[arg(long, value_name = "HOW")]
    pay: Option<String>,
    /// Refuse if the total is another, in pence
    #[arg(long, value_name = "PENCE")]
    expect_total: Option<i64>,
    /// Refuse if the menu has another revision
    #[arg(long, value_name = "REVISION")]
    expect_menu: Option<u64>,
    /// An allergen you know to be in it; repeat for each
    #[arg(long = "allergen", value_name = "ALLERGEN")]
    allergens: Vec<String>,
    /// Say that you are old enough for what is age-restricted
    #[arg(long)]
    of_age: bool,
    /// Take the whole order body (JSON) from a file, `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["restaurant", "to", "collect", "name", "phone", "note", "at", "pay"])]
    file: Option<PathBuf>,
}

/// A body to send, and whether it came from the cart.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) body: String,
    pub(crate) from_cart: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let Args { wanted, quote, key } = args;
    let order = wanted.into_order(&context.state, quote)?;
    let store = Store::new(&context.state);
    let (key, is_new) = choose_key(key, &store, context.api.endpoint(), &order.body)?;
    let pending = Pending { key, endpoint: context.api.endpoint().to_owned(), body: order.body };
    store.write(&pending)?;
    let answer = match finish(context, &pending).await {
        Ok(answer) => answer,
        // No attempt under this key was ever executed: kept, it would only surprise whoever resumes later.
        Err(failure @ Failure::Unavailable { .. }) if is_new => {
            store.remove(&pending.key)?;
            return Err(failure);
        }
        Err(failure @ (Failure::Unknown { .. } | Failure::Unavailable { .. })) => {
            talk("The order is kept: `jh order resume` finishes it under the same key.");
            return Err(failure);
        }
        Err(failure) => return Err(failure),
    };
    if order.from_cart {
        Cart::clear(&context.state)?;
    }
    if answer.is_replay {
        talk("This key had placed the order already; here it is again.");
    }
    show::print(context, &answer.json)
}

/// The key to send under, and whether it was made here. Whoever repeats an order that is still pending means that one.
fn choose_key(given: Option<String>, store: &Store, endpoint: &str, body: &str) -> Result<(String, bool), Failure> {
    if let Some(key) = given {
        return Ok((check_key(key)?, false));
    }
    let is_same = |pending: &Pending| pending.endpoint == endpoint && pending.body == body;
    match store.list()?.into_iter().find(is_same) {
        Some(pending) => {
            talk(&format!("The same order is pending with key {}; finishing that one.", pending.key));
            Ok((pending.key, false))
        }
        None => Ok((new_key(), true)),
    }
}

/// The key becomes a file's name, so it is held to what the API takes and no more.
fn check_key(key: String) -> Result<String, Failure> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match (16..=128).contains(&key.len()) && key.bytes().all(is_plain) {
        true => Ok(key),
        false => Err(Failure::Usage(format!("--key {key:?}: use 16 to 128 letters, digits, - or _"))),
    }
}

impl Wanted {
    /// The body to send. Errors: what must be typed otherwise; whether the service takes it is not known here.
    pub(crate) fn into_order(self, state: &Path, quote: Option<String>) -> Result<Order, Failure> {
        if let Some(file) = &self.file {
            return Ok(Order { body: read_body(file)?, from_cart: false });
        }
        let (restaurant, items, from_cart) = match self.restaurant {
            Some(restaurant) => (restaurant, parse_items(&self.items)?, false),
            None => match Cart::read(state)? {
                Cart { restaurant: Some(restaurant), items } => (restaurant, items, true),
                Cart { restaurant: None, .. } => return Err(Failure::Usage(NOTHING.to_owned())),
            },
        };
        if items.is_empty() {
            return Err(Failure::Usage(NOTHING.to_owned()));
        }
        let deliver_to = destination(self.to, self.collect)?;
        let missing =
            |flag: &str| Failure::Usage(format!("{flag} is missing: the restaurant must know whom to ask for"));
        let body = PlaceOrder {
            restaurant,
            service: if deliver_to.is_some() { Service::Delivery } else { Service::Collection },
            items,
            customer: Customer {
                name: self.name.ok_or_else(|| missing("--name"))?,
                phone: self.phone.ok_or_else(|| missing("--phone"))?,
            },
            deliver_to,
            note: self.note,
            expect: match (self.expect_total, self.expect_menu) {
                (None, None) => None,
                (total, menu_revision) => Some(Expect { total, menu_revision }),
            },
            allergens_acknowledged: (!self.allergens.is_empty()).then_some(self.allergens),
            age_confirmed: self.of_age,
            fulfil_at: self.at,
            payment: self.pay.map(|how| tender(&how)).transpose()?,
            quote,
        };
        Ok(Order { body: serde_json::to_string(&body).expect("an order body is always JSON"), from_cart })
    }
}

/// Where to; none for a collection.
fn destination(to: Option<String>, collect: bool) -> Result<Option<Address>, Failure> {
    match (to, collect) {
        (Some(to), _) => {
            let address = basket::address(&to);
            address.map(Some).map_err(|error| Failure::Usage(format!("--to {to:?}: {error}")))
        }
        (None, true) => Ok(None),
        (None, false) => Err(Failure::Usage("say where with --to \"12 North Road, DH1 4SG\", or --collect".to_owned())),
    }
}

/// `cash` or `card:TOKEN`. Whether the card is good is for its bank to say.
fn tender(how: &str) -> Result<Tender, Failure> {
    match how.split_once(':') {
        None if how == "cash" => Ok(Tender { method: PayBy::Cash, token: None }),
        Some(("card", token)) if !token.is_empty() => Ok(Tender { method: PayBy::Card, token: Some(token.to_owned()) }),
        _ => Err(Failure::Usage(format!("--pay {how:?}: write cash, or card:TOKEN, like card:tok_ok"))),
    }
}

const NOTHING: &str = "nothing to order: name a restaurant and items (`jh order place cathedral-pizza margherita:2 …`), \
    or fill the cart with `jh cart add`";

fn read_body(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin().take(BODY_BYTES_MAX).read_to_string(&mut text),
        false => std::fs::File::open(file).and_then(|opened| opened.take(BODY_BYTES_MAX).read_to_string(&mut text)),
    };
    read.map_err(Failure::local("read", file))?;
    let wrong = |error| Failure::Usage(format!("{}: not JSON ({error})", file.display()));
    serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(wrong)?;
    Ok(text)
}
