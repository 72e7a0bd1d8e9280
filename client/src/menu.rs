//! `jh menu`: what a restaurant offers. Knows one route and its table.

use api::v1::restaurant::Menu;

use crate::api_client::escape;
use crate::command::Context;
use crate::failure::Failure;
use crate::output::rows;
use crate::table::Table;
use crate::words;

/// Whose menu.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The restaurant's id, from `jh near`
    pub restaurant: String,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let path = format!("/v1/restaurants/{}/menu", escape(&args.restaurant));
    let (answer, menu) = context.api.get::<Menu>(&path).await?;
    context.out.answer(&answer.json, || Ok(show(&menu)))
}

fn show(menu: &Menu) -> String {
    let mut table = Table::new(&["ITEM", "NAME", ">PRICE", "ALLERGENS", "OPTIONS"]);
    for item in menu.categories.iter().flat_map(|category| &category.items) {
        let options = item.option_groups.iter().flat_map(|group| &group.options);
        let options: Vec<String> =
            options.map(|option| format!("{} (+{})", option.id, words::money(&option.price))).collect();
        let sold_out = if item.available { "" } else { " (sold out)" };
        table.row([
            item.id.clone(),
            format!("{}{sold_out}", item.name),
            words::money(&item.price),
            item.allergens.join(" "),
            options.join(", "),
        ]);
    }
    format!("menu revision {}\n{}", menu.revision, rows(table, "the menu is empty"))
}
