//! `jh near`: who delivers to a postcode. Knows one route and its table.

use api::v1::restaurant::RestaurantList;

use crate::api_client::escape;
use crate::command::Context;
use crate::failure::Failure;
use crate::output::rows;
use crate::table::Table;
use crate::words;

/// Where to look.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// A postcode, with or without its space
    #[arg(required = true, num_args = 1..=2)]
    pub postcode: Vec<String>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let path = format!("/v1/restaurants?postcode={}", escape(&args.postcode.join(" ")));
    let (answer, found) = context.api.get::<RestaurantList>(&path).await?;
    context.out.answer(&answer.json, || Ok(show(&found)))
}

fn show(found: &RestaurantList) -> String {
    let mut table = Table::new(&["RESTAURANT", "NAME", "DELIVERS", ">FEE", ">MINIMUM", ">MINUTES", "OPEN", "WHY NOT"]);
    for restaurant in &found.restaurants {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let delivers = restaurant.delivers;
        table.row([
            restaurant.id.clone(),
            restaurant.name.clone(),
            if delivers { "yes" } else { "no" }.to_owned(),
            or_dash(restaurant.fee.as_ref().map(words::money)),
            words::money(&restaurant.minimum),
            or_dash(restaurant.eta_minutes.map(|minutes| minutes.to_string())),
            if restaurant.open { "yes" } else { "no" }.to_owned(),
            restaurant.why_not.join("; "),
        ]);
    }
    rows(table, "no restaurant is known")
}
