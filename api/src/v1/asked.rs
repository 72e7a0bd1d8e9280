//! Turns request bodies into the domain's commands. Finds only what no command could hold; all else is judged where the state is.
use crate::v1::issue::Issue;
use crate::v1::menu_body::{NewCategory, NewGroup, NewItem, NewMenu, NewOption};
use crate::v1::place::{Choice, Item, PayBy, PlaceOrder, Tender as Paying};
use order::allergen::{Allergen, AllergenSet};
use order::command::{Destination, Expect, Given, LineWish, OptionWish, PlaceOrder as Wanted, Tender};
use order::id::Slug;
use order::menu::{Category, Choice as MenuChoice, Item as MenuItem, Menu, OptionGroup};
use order::money::Currency;
use order::stage::Reason;

/// Collects what is wrong while it reads on, so that all of it is told at once.
#[derive(Default)]
pub struct Reading {
    issues: Vec<Issue>,
}

impl Reading {
    /// What was read, if nothing was wrong with it.
    ///
    /// # Errors
    /// Everything that was.
    pub fn done<T>(self, read: Option<T>) -> Result<T, Vec<Issue>> {
        read.filter(|_| self.issues.is_empty()).ok_or(self.issues)
    }

    /// A public name. One that has no name's form names nothing: `code` says what is unknown.
    pub fn slug(&mut self, text: &str, pointer: impl Into<String>, code: &'static str) -> Option<Slug> {
        let refused = |error: order::id::SlugError| {
            let shown: String = text.chars().take(80).collect();
            Issue::new(code, pointer, format!("nothing is called {shown:?}")).remedy(error.to_string())
        };
        Slug::parse(text).map_err(|error| self.issues.push(refused(error))).ok()
    }

    /// A set of allergens by their names.
    pub fn allergens(&mut self, given: &[String], pointer: &str) -> AllergenSet {
        let mut known = Vec::with_capacity(given.len());
        for (place, name) in given.iter().enumerate() {
            match Allergen::parse(name) {
                Some(allergen) => known.push(allergen),
                None => {
                    let all: Vec<&str> = Allergen::ALL.into_iter().map(Allergen::name).collect();
                    let issue =
                        Issue::new("allergen_unknown", format!("{pointer}/{place}"), "the law names no such allergen");
                    self.issues.push(issue.remedy(format!("use one of: {}", all.join(", "))));
                }
            }
        }
        AllergenSet::of(known)
    }

    /// A reason by its name.
    pub fn reason(&mut self, text: &str, pointer: &str) -> Option<Reason> {
        let reason = Reason::parse(text);
        if reason.is_none() {
            let all: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
            let issue = Issue::new("reason_unlisted", pointer, "this is not a reason that can be given");
            self.issues.push(issue.remedy(format!("use one of: {}", all.join(", "))));
        }
        reason
    }

    fn tender(&mut self, payment: Option<Paying>) -> Option<Tender> {
        let pointer = "/payment/token";
        let issue = match payment.map(|payment| (payment.method, payment.token)) {
            None | Some((PayBy::Cash, None)) => return Some(Tender::Cash),
            Some((PayBy::Card, Some(token))) => return Some(Tender::Card { token: token.into() }),
            Some((PayBy::Card, None)) => {
                Issue::new("field_missing", pointer, "a card needs its token").remedy("give the card's token")
            }
            Some((PayBy::Cash, Some(_))) => {
                Issue::new("field_unknown", pointer, "cash has no token").remedy("leave it out, or pay by card")
            }
        };
        self.issues.push(issue);
        None
    }

    fn items(&mut self, items: &[Item]) -> Vec<LineWish> {
        let read = items.iter().enumerate().filter_map(|(place, wish)| {
            let item = self.slug(&wish.item, format!("/items/{place}/item"), "item_unknown");
            let options = self.options(&wish.options, place);
            Some(LineWish { item: item?, quantity: wish.quantity, options })
        });
        read.collect()
    }

    fn options(&mut self, options: &[Choice], line: usize) -> Vec<OptionWish> {
        let read = options.iter().enumerate().filter_map(|(place, wish)| {
            let pointer = format!("/items/{line}/options/{place}/option");
            Some(OptionWish { option: self.slug(&wish.option, pointer, "option_unknown")?, quantity: wish.quantity })
        });
        read.collect()
    }
}

/// The order to place, with its postcode as the front end found it (`None` for a collection) and 64 random bits.
///
/// # Errors
/// Names that are none, and a payment that is neither cash nor a card.
pub fn place(body: PlaceOrder, postcode: Option<Given>, random: u64) -> Result<Wanted, Vec<Issue>> {
    let mut reading = Reading::default();
    let restaurant = reading.slug(&body.restaurant, "/restaurant", "restaurant_unknown");
    let items = reading.items(&body.items);
    let acknowledged = body.allergens_acknowledged.map(|all| reading.allergens(&all, "/allergens_acknowledged"));
    let deliver_to = body.deliver_to.zip(postcode).map(|(address, postcode)| Destination {
        lines: address.lines.into_iter().map(String::into_boxed_str).collect(),
        postcode,
    });
    let expect = body.expect.unwrap_or_default();
    let tender = reading.tender(body.payment);
    let wanted = restaurant.zip(tender).map(|(restaurant, tender)| Wanted {
        restaurant,
        service: body.service.into(),
        items,
        name: body.customer.name.into(),
        phone: body.customer.phone.into(),
        deliver_to,
        note: body.note.unwrap_or_default().into(),
        // A revision beyond 32 bits is none that anybody was shown: any other says so too.
        expect: Expect {
            total: expect.total,
            menu_revision: expect.menu_revision.map(|revision| u32::try_from(revision).unwrap_or(u32::MAX)),
        },
        allergens_acknowledged: acknowledged,
        age_confirmed: body.age_confirmed,
        fulfil_at_ms: body.fulfil_at.map(|at| at.ms()),
        tender,
        quote: body.quote.map(String::into_boxed_str),
        random,
    });
    reading.done(wanted)
}

/// A menu to put.
///
/// # Errors
/// Names and allergens that are none.
pub fn menu(body: NewMenu) -> Result<Menu, Vec<Issue>> {
    let mut reading = Reading::default();
    let currency = Currency::parse(body.currency.as_str()).expect("both are three capital letters");
    let categories = reading.all(body.categories, "/categories", Reading::category);
    reading.done(Some(Menu { currency, categories }))
}

impl Reading {
    fn all<A, B>(&mut self, given: Vec<A>, at: &str, read: impl Fn(&mut Reading, A, &str) -> Option<B>) -> Vec<B> {
        let each = given.into_iter().enumerate();
        each.filter_map(|(place, one)| read(self, one, &format!("{at}/{place}"))).collect()
    }

    fn category(&mut self, body: NewCategory, at: &str) -> Option<Category> {
        let id = self.slug(&body.id, format!("{at}/id"), "name_invalid");
        let items = self.all(body.items, &format!("{at}/items"), Reading::menu_item);
        Some(Category { id: id?, name: body.name.into(), items })
    }

    fn menu_item(&mut self, body: NewItem, at: &str) -> Option<MenuItem> {
        let id = self.slug(&body.id, format!("{at}/id"), "name_invalid");
        let allergens = self.allergens(&body.allergens, &format!("{at}/allergens"));
        let groups = self.all(body.option_groups, &format!("{at}/option_groups"), Reading::group);
        Some(MenuItem {
            id: id?,
            name: body.name.into(),
            description: body.description.into(),
            price: body.price,
            allergens,
            age_restricted: body.age_restricted,
            groups,
        })
    }

    fn group(&mut self, body: NewGroup, at: &str) -> Option<OptionGroup> {
        let id = self.slug(&body.id, format!("{at}/id"), "name_invalid");
        let options = self.all(body.options, &format!("{at}/options"), Reading::option);
        Some(OptionGroup { id: id?, name: body.name.into(), min: body.min, max: body.max, options })
    }

    fn option(&mut self, body: NewOption, at: &str) -> Option<MenuChoice> {
        let id = self.slug(&body.id, format!("{at}/id"), "name_invalid");
        let allergens = self.allergens(&body.allergens, &format!("{at}/allergens"));
        Some(MenuChoice {
            id: id?,
            name: body.name.into(),
            price_delta: body.price,
            max_quantity: body.max_quantity,
            allergens,
        })
    }
}
