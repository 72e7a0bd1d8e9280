//! `jh cart`: what is to be ordered, kept in one local file until it is. Knows the file; sends nothing.

use std::fs;
use std::path::{Path, PathBuf};

use api::v1::place::Item;
use clap::Subcommand;
use serde::{Deserialize, Serialize};

use crate::basket;
use crate::command::Context;
use crate::durable;
use crate::failure::Failure;
use crate::output::{rows, talk};
use crate::table::Table;

/// Collects what `quote` and `order place` take when no restaurant is named.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Add items of one restaurant
    Add {
        /// The restaurant's id, from `jh near`
        restaurant: String,
        /// ITEM[:QUANTITY][+OPTION[:QUANTITY]]…, like margherita:2+extra-cheese
        #[arg(required = true)]
        items: Vec<String>,
    },
    /// Show what is in it
    Show,
    /// Remove line N, as `show` numbers them
    Rm {
        /// Number of the line, from 1
        line: usize,
    },
    /// Empty it
    Clear,
}

/// What the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cart {
    pub(crate) restaurant: Option<String>,
    pub(crate) items: Vec<Item>,
}

pub(crate) fn run(context: &Context, command: Command) -> Result<(), Failure> {
    let path = path(&context.state);
    let mut cart = Cart::read(&context.state)?;
    match command {
        Command::Show => {}
        Command::Add { restaurant, items } => cart.add(restaurant, &items)?,
        Command::Rm { line } => cart.remove(line)?,
        Command::Clear => cart = Cart::default(),
    }
    let json = serde_json::to_value(&cart).expect("a cart is always JSON");
    if cart == Cart::default() {
        durable::remove(&path)?;
    } else {
        durable::replace(&path, json.to_string().as_bytes())?;
    }
    context.out.answer(&json, || Ok(cart.show()))
}

impl Cart {
    pub(crate) fn read(state: &Path) -> Result<Cart, Failure> {
        let path = path(state);
        match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Cart::default()),
            Err(error) => Err(Failure::local("read", &path)(error)),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                Failure::Usage(format!("{}: not a cart ({error}); empty it with `jh cart clear`", path.display()))
            }),
        }
    }

    /// Empties the cart on disk; an order was placed from it.
    pub(crate) fn clear(state: &Path) -> Result<(), Failure> {
        durable::remove(&path(state))
    }

    fn add(&mut self, restaurant: String, items: &[String]) -> Result<(), Failure> {
        if self.restaurant.as_ref().is_some_and(|current| *current != restaurant) {
            let current = self.restaurant.as_deref().unwrap_or_default();
            let message = format!("the cart holds items of {current}; order them, or empty it with `jh cart clear`");
            return Err(Failure::Usage(message));
        }
        self.items.extend(parse_items(items)?);
        self.restaurant = Some(restaurant);
        Ok(())
    }

    fn remove(&mut self, line: usize) -> Result<(), Failure> {
        if !(1..=self.items.len()).contains(&line) {
            return Err(Failure::Usage(format!("the cart has no line {line}; see `jh cart show`")));
        }
        let removed = self.items.remove(line - 1);
        talk(&format!("removed {}", basket::item_text(&removed)));
        if self.items.is_empty() {
            self.restaurant = None;
        }
        Ok(())
    }

    fn show(&self) -> String {
        let mut table = Table::new(&[">LINE", "ITEM"]);
        for (index, item) in self.items.iter().enumerate() {
            table.row([(index + 1).to_string(), basket::item_text(item)]);
        }
        let title = self.restaurant.as_ref().map(|restaurant| format!("{restaurant}\n")).unwrap_or_default();
        title + &rows(table, "the cart is empty; add to it with `jh cart add RESTAURANT ITEM`")
    }
}

/// Items as typed, or which of them is wrong.
pub(crate) fn parse_items(items: &[String]) -> Result<Vec<Item>, Failure> {
    let parse = |text: &String| basket::item(text).map_err(|error| Failure::Usage(format!("item {text:?}: {error}")));
    items.iter().map(parse).collect()
}

fn path(state: &Path) -> PathBuf {
    state.join("cart.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cart_holds_items_of_one_restaurant() {
        let mut cart = Cart::default();
        cart.add("cathedral-pizza".into(), &["margherita:2".into(), "tea".into()]).unwrap();
        assert!(cart.add("other".into(), &["tea".into()]).unwrap_err().to_string().contains("jh cart clear"));
        cart.remove(3).unwrap_err();
        cart.remove(1).unwrap();
        assert!(cart.show().contains("tea:1"));
        cart.remove(1).unwrap();
        assert_eq!(cart, Cart::default());
    }
}
