//! Checks and prices what is ordered: items, options, stock, allergens, age. Knows neither time nor place.

use crate::allergen::AllergenSet;
use crate::command::{LineWish, OptionWish, PlaceOrder};
use crate::form::Form;
use crate::id::{RestaurantNumber, Slug};
use crate::issue::{Issues, Problem};
use crate::limits;
use crate::menu::{Item, MenuRevision};
use crate::order::Part;
use crate::state::State;
use crate::view::LineView;

/// What is ordered, as far as it could be found on the menu.
#[derive(Default)]
pub(crate) struct Basket {
    pub(crate) parts: Vec<Part>,
    pub(crate) subtotal: i64,
    /// Whether every line was right.
    pub(crate) is_whole: bool,
}

pub(crate) fn check(state: &State, menu: &MenuRevision, order: &PlaceOrder, issues: &mut Issues) -> Basket {
    let before = issues.0.len();
    if order.items.is_empty() {
        issues.add("/items", Problem::ItemsRequired);
    }
    if order.items.len() > limits::LINES_MAX {
        issues.add("/items", Problem::LinesMax { max: limits::LINES_MAX as u32 });
    }
    let mut basket = Basket::default();
    for (place, wish) in order.items.iter().take(limits::LINES_MAX).enumerate() {
        let start = basket.parts.len();
        if check_line(state, menu, place, wish, &mut basket.parts, issues).is_none() {
            basket.parts.truncate(start);
        }
        if let Some(line) = LineView::new(menu, &basket.parts[start..]) {
            basket.subtotal += line.amount();
        }
    }
    check_stock(state, menu, order, issues);
    check_consent(menu, order, &basket.parts, issues);
    basket.is_whole = issues.0.len() == before;
    basket
}

/// Appends the line's parts; none if it cannot be priced.
fn check_line(
    state: &State,
    menu: &MenuRevision,
    place: usize,
    wish: &LineWish,
    parts: &mut Vec<Part>,
    issues: &mut Issues,
) -> Option<()> {
    let Some((index, item)) = menu.find(wish.item.as_str()) else {
        issues.add(format!("/items/{place}/item"), Problem::ItemUnknown { item: wish.item.clone() });
        return None;
    };
    if !state.availability(menu.restaurant, item.id.as_str()).available {
        issues.add(format!("/items/{place}/item"), Problem::ItemUnavailable { item: item.id.clone(), left: None });
    }
    let right = (1..=limits::QUANTITY_MAX).contains(&wish.quantity);
    if !right {
        let problem = Problem::QuantityRange { min: 1, max: limits::QUANTITY_MAX };
        issues.add(format!("/items/{place}/quantity"), problem);
    }
    parts.push(Part { index, quantity: wish.quantity as u8, is_option: false });
    check_options(state, menu.restaurant, item, place, &wish.options, parts, issues);
    right.then_some(())
}

fn check_options(
    state: &State,
    restaurant: RestaurantNumber,
    item: &Item,
    place: usize,
    wishes: &[OptionWish],
    parts: &mut Vec<Part>,
    issues: &mut Issues,
) {
    if wishes.len() > limits::CHOICES_MAX {
        let form = Form::TooMany { max: limits::CHOICES_MAX as u32 };
        issues.add(format!("/items/{place}/options"), Problem::Form(form));
    }
    let mut chosen = [0u32; limits::GROUPS_MAX];
    let start = parts.len();
    for (at, wish) in wishes.iter().take(limits::CHOICES_MAX).enumerate() {
        let pointer = |field: &str| format!("/items/{place}/options/{at}/{field}");
        let Some((index, group, choice)) = item.find_option(wish.option.as_str()) else {
            issues.add(pointer("option"), Problem::OptionUnknown { option: wish.option.clone() });
            continue;
        };
        if parts[start..].iter().any(|part| part.index == index) {
            issues.add(pointer("option"), Problem::Form(Form::Duplicate { name: choice.id.to_string() }));
            continue;
        }
        if !state.availability(restaurant, choice.id.as_str()).available {
            issues.add(pointer("option"), Problem::OptionUnavailable { option: choice.id.clone() });
        }
        let max = u32::from(choice.max_quantity);
        match wish.quantity {
            0 => issues.add(pointer("quantity"), Problem::QuantityRange { min: 1, max }),
            quantity if quantity > max => {
                issues.add(pointer("quantity"), Problem::OptionMax { option: choice.id.clone(), max });
            }
            quantity => {
                parts.push(Part { index, quantity: quantity as u8, is_option: true });
                chosen[group] += quantity;
            }
        }
    }
    check_groups(item, place, &chosen, issues);
}

fn check_groups(item: &Item, place: usize, chosen: &[u32; limits::GROUPS_MAX], issues: &mut Issues) {
    for (group, chosen) in item.groups.iter().zip(*chosen) {
        let (min, max) = (u32::from(group.min), u32::from(group.max));
        if chosen < min {
            let options = group.options.iter().map(|choice| choice.id.clone()).collect();
            let problem = Problem::OptionGroupMin { group: group.id.clone(), min, chosen, options };
            issues.add(format!("/items/{place}/options"), problem);
        }
        if chosen > max {
            let problem = Problem::OptionGroupMax { group: group.id.clone(), max, chosen };
            issues.add(format!("/items/{place}/options"), problem);
        }
    }
}

/// Counted stock must cover all lines of an item together; the issue stands at the line where it runs out.
fn check_stock(state: &State, menu: &MenuRevision, order: &PlaceOrder, issues: &mut Issues) {
    let lines = &order.items[..order.items.len().min(limits::LINES_MAX)];
    for (place, wish) in lines.iter().enumerate() {
        let availability = state.availability(menu.restaurant, wish.item.as_str());
        let Some(left) = availability.stock.filter(|_| availability.available) else { continue };
        let before = lines[..place].iter().filter(|line| line.item == wish.item);
        let before = before.fold(0u32, |sum, line| sum.saturating_add(line.quantity));
        if before.saturating_add(wish.quantity) > left && before <= left && menu.find(wish.item.as_str()).is_some() {
            let problem = Problem::ItemUnavailable { item: wish.item.clone(), left: Some(left) };
            issues.add(format!("/items/{place}/quantity"), problem);
        }
    }
}

fn check_consent(menu: &MenuRevision, order: &PlaceOrder, parts: &[Part], issues: &mut Issues) {
    if let Some(known) = order.allergens_acknowledged {
        let unknown = |line: &LineView<'_>| line.allergens().without(known);
        let allergens = lines(menu, parts).fold(AllergenSet::NONE, |all, line| all.union(unknown(&line)));
        if !allergens.is_empty() {
            let items = names(lines(menu, parts).filter(|line| !unknown(line).is_empty()).map(|line| line.item));
            issues.add("/allergens_acknowledged", Problem::AllergenAckRequired { items, allergens });
        }
    }
    if !order.age_confirmed {
        let restricted = lines(menu, parts).map(|line| line.item).filter(|item| item.age_restricted);
        let items = names(restricted);
        if !items.is_empty() {
            issues.add("/age_confirmed", Problem::AgeCheckRequired { items });
        }
    }
}

fn names<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<Slug> {
    let mut names: Vec<Slug> = Vec::new();
    items.for_each(|item| {
        if !names.contains(&item.id) {
            names.push(item.id.clone());
        }
    });
    names
}

/// The lines that parts make up.
pub(crate) fn lines<'a>(menu: &'a MenuRevision, parts: &'a [Part]) -> impl Iterator<Item = LineView<'a>> {
    let starts = (0..parts.len()).filter(|start| !parts[*start].is_option);
    starts.filter_map(|start| {
        let options = parts[start + 1..].iter().take_while(|part| part.is_option).count();
        LineView::new(menu, &parts[start..=start + options])
    })
}
