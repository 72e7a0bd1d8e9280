//! `jh menu`: what a restaurant offers. Knows one route and its table.

use crate::api_client::escape;
use crate::command::Context;
use crate::failure::Failure;
use crate::output::rows;
use crate::shapes::Menu;
use crate::table::Table;

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
    for item in menu.items() {
        let options = item.option_groups.iter().flat_map(|group| &group.options);
        let options: Vec<String> = options.map(|option| format!("{} (+{})", option.id, option.price)).collect();
        let sold_out = if item.available { "" } else { " (sold out)" };
        table.row([
            item.id.clone(),
            format!("{}{sold_out}", item.name),
            item.price.to_string(),
            item.allergens.join(" "),
            options.join(", "),
        ]);
    }
    format!("menu revision {}\n{}", menu.revision, rows(table, "the menu is empty"))
}
