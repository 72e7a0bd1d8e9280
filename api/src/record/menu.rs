//! Menus as bytes. The index of a revision is not written: it is made again when it is read.
use crate::wire::{Coded, Garbled, Reader, coded};
use order::id::RestaurantNumber;
use order::limits;
use order::menu::{Category, Choice, Item, Menu, MenuRevision, OptionGroup};

coded!(Menu { currency, categories });
coded!(Category { id, name, items });
coded!(Item { id, name, description, price, allergens, age_restricted, groups });
coded!(OptionGroup { id, name, min, max, options });
coded!(Choice { id, name, price_delta, max_quantity, allergens });

impl Coded for MenuRevision {
    fn write(&self, out: &mut Vec<u8>) {
        self.restaurant.write(out);
        self.revision.write(out);
        self.menu.write(out);
    }
    fn read(input: &mut Reader<'_>) -> Result<MenuRevision, Garbled> {
        let restaurant = RestaurantNumber::read(input)?;
        let revision = u32::read(input)?;
        let menu = Menu::read(input)?;
        let items: usize = menu.categories.iter().map(|category| category.items.len()).sum();
        if items > limits::ITEMS_MAX || menu.categories.len() > limits::CATEGORIES_MAX {
            return Err(Garbled::Value("a menu of that size"));
        }
        Ok(MenuRevision::new(restaurant, revision, menu))
    }
}
