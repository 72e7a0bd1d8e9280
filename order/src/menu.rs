//! Menus: what a restaurant sells, as immutable revisions. Availability and stock change by the minute and live elsewhere.

use crate::allergen::AllergenSet;
use crate::id::{RestaurantNumber, Slug};
use crate::money::Currency;

/// A menu as its restaurant writes it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Menu {
    /// What all prices are counted in; the restaurant's currency.
    pub currency: Currency,
    /// Its parts, in the order to show them.
    pub categories: Vec<Category>,
}

/// A part of a menu.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Category {
    /// Its public name, unique among categories.
    pub id: Slug,
    /// Its name for people.
    pub name: Box<str>,
    /// What is in it, in the order to show.
    pub items: Vec<Item>,
}

/// Something to eat or drink.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Item {
    /// Its public name, unique in the menu.
    pub id: Slug,
    /// Its name for people.
    pub name: Box<str>,
    /// More about it; may be empty.
    pub description: Box<str>,
    /// Price of one portion in minor units.
    pub price: i64,
    /// What it contains without options.
    pub allergens: AllergenSet,
    /// Whether the customer must be of age.
    pub age_restricted: bool,
    /// What can or must be chosen with it.
    pub groups: Vec<OptionGroup>,
}

/// A choice to make with an item.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OptionGroup {
    /// Its public name, unique in the item.
    pub id: Slug,
    /// Its name for people.
    pub name: Box<str>,
    /// Portions to choose at least, all options together; 0 makes it optional.
    pub min: u8,
    /// Portions to choose at most.
    pub max: u8,
    /// What can be chosen.
    pub options: Vec<Choice>,
}

/// One option of a group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Choice {
    /// Its public name, unique in the item, over all groups.
    pub id: Slug,
    /// Its name for people.
    pub name: Box<str>,
    /// Added to the item's price per portion, in minor units; may be negative.
    pub price_delta: i64,
    /// Portions at most on one portion of the item.
    pub max_quantity: u8,
    /// What it adds.
    pub allergens: AllergenSet,
}

/// A menu that never changes again, with an index. Orders refer to it by number.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MenuRevision {
    /// Whose it is.
    pub restaurant: RestaurantNumber,
    /// 1 for the first, then counting.
    pub revision: u32,
    /// The menu itself.
    pub menu: Menu,
    places: Vec<(u16, u16)>,
    by_id: Vec<u16>,
}

impl MenuRevision {
    /// Numbers a menu and indexes it. The menu must be one that `check` found nothing wrong with.
    pub fn new(restaurant: RestaurantNumber, revision: u32, menu: Menu) -> MenuRevision {
        let places: Vec<(u16, u16)> = menu
            .categories
            .iter()
            .enumerate()
            .flat_map(|(c, category)| (0..category.items.len()).map(move |i| (c as u16, i as u16)))
            .collect();
        let mut by_id: Vec<u16> = (0..places.len() as u16).collect();
        let id = |index: &u16| {
            let (c, i) = places[usize::from(*index)];
            &menu.categories[usize::from(c)].items[usize::from(i)].id
        };
        by_id.sort_by(|a, b| id(a).cmp(id(b)));
        MenuRevision { restaurant, revision, menu, places, by_id }
    }

    /// The item at an index, counted over all categories.
    pub fn item(&self, index: u16) -> Option<&Item> {
        let (c, i) = *self.places.get(usize::from(index))?;
        self.menu.categories.get(usize::from(c))?.items.get(usize::from(i))
    }

    /// An item by its public name, with its index.
    pub fn find(&self, id: &str) -> Option<(u16, &Item)> {
        let name = |index: &u16| self.item(*index).map_or("", |item| item.id.as_str());
        let place = self.by_id.binary_search_by(|index| name(index).cmp(id)).ok()?;
        let index = self.by_id[place];
        Some((index, self.item(index)?))
    }
}

impl MenuRevision {
    /// Whether an item or option of the menu has this public name.
    pub(crate) fn has(&self, id: &str) -> bool {
        let mut items = self.menu.categories.iter().flat_map(|category| &category.items);
        self.find(id).is_some() || items.any(|item| item.find_option(id).is_some())
    }
}

impl Item {
    /// The option at an index, counted over all groups of the item, and the index of its group.
    pub fn option(&self, index: u16) -> Option<(usize, &Choice)> {
        self.options().nth(usize::from(index))
    }

    /// An option by its public name: its index, its group's index and itself.
    pub fn find_option(&self, id: &str) -> Option<(u16, usize, &Choice)> {
        let (index, (group, choice)) = self.options().enumerate().find(|(_, (_, choice))| choice.id.as_str() == id)?;
        Some((u16::try_from(index).ok()?, group, choice))
    }

    fn options(&self) -> impl Iterator<Item = (usize, &Choice)> {
        self.groups.iter().enumerate().flat_map(|(g, group)| group.options.iter().map(move |choice| (g, choice)))
    }
}
