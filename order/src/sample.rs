//! Six restaurants to begin with, as the commands that make them. `cathedral-pizza` never closes, never runs out and takes any number of orders: load tests use it.

use crate::allergen::{Allergen, AllergenSet};
use crate::clock::{Date, Zone as TimeZone};
use crate::command::{Action, Command};
use crate::hours::{Hours, Interval};
use crate::id::Slug;
use crate::limits;
use crate::menu::{Category, Choice, Item, Menu, OptionGroup};
use crate::money::Currency;
use crate::place::Point;
use crate::postcode::{Outcode, Postcode};
use crate::restaurant::{Delivery, FeeBand, Profile, Zone};

use Allergen::{
    Celery, Crustaceans, Eggs, Fish, Gluten, Milk, Molluscs, Mustard, Nuts, Peanuts, Sesame, Soya, Sulphites,
};

/// The restaurant that comes last: when it has its menu, all of the sample is in.
pub const LAST: &str = "soho-sushi";

/// The commands, in order: each restaurant, then its menu. Executing them again changes nothing.
pub fn commands() -> Vec<Command> {
    let all =
        [cathedral_pizza(), elvet_bakery(), quayside_noodles(), bigg_market_grill(), brick_lane_curry(), soho_sushi()];
    let commands = all.into_iter().flat_map(|(profile, menu)| {
        let restaurant = profile.slug.clone();
        [Action::PutRestaurant(Box::new(profile)), Action::PutMenu { restaurant, menu: Box::new(menu) }]
    });
    commands.map(Command::system).collect()
}

/// The restaurants of the sample.
pub fn restaurants() -> impl Iterator<Item = Slug> {
    commands().into_iter().filter_map(|command| match command.action {
        Action::PutRestaurant(profile) => Some(profile.slug),
        _ => None,
    })
}

fn cathedral_pizza() -> (Profile, Menu) {
    let mut profile = profile(
        "cathedral-pizza",
        "Cathedral Pizza",
        "Wood-fired pizza below the cathedral, day and night.",
        "7 Saddler Street",
        "DH1 3NP",
        (54_775_600, -1_575_600),
    );
    profile.delivery = Some(delivery(Hours::always(london()), vec![outcode("DH1")], &[(0, 0)]));
    profile.collection = Some(Hours::always(london()));
    let extras = || {
        group(
            "extras",
            "Extras",
            0,
            5,
            vec![
                choice("extra-cheese", "Extra cheese", 125, 2, &[Milk]),
                choice("anchovies", "Anchovies", 150, 1, &[Fish]),
                choice("chilli", "Fresh chilli", 50, 2, &[]),
            ],
        )
    };
    let pizzas = vec![
        item("margherita", "Margherita", "Tomato, mozzarella, basil.", 500, &[Gluten, Milk], vec![extras()]),
        item("marinara", "Marinara", "Tomato, garlic, oregano. Vegan.", 450, &[Gluten], vec![extras()]),
        item("pitman", "The Pitman", "Ham, mushrooms, leeks.", 750, &[Gluten, Milk], vec![extras()]),
    ];
    let drinks = vec![
        item("lemonade", "Lemonade", "Cloudy, 330 ml.", 250, &[], vec![]),
        aged(item("pale-ale", "Durham pale ale", "500 ml bottle.", 450, &[Gluten], vec![])),
    ];
    (profile, menu(vec![category("pizza", "Pizza", pizzas), category("drinks", "Drinks", drinks)]))
}

fn elvet_bakery() -> (Profile, Menu) {
    let mut profile = profile(
        "elvet-bakery",
        "Elvet Bakery",
        "Stotties and cakes, to collect or by bicycle.",
        "31 New Elvet",
        "DH1 3AQ",
        (54_774_300, -1_571_300),
    );
    let mut hours = week(&[("07:30", "11:00"), ("12:00", "16:30")]);
    hours.week[6] = Vec::new();
    hours.exceptions = vec![(date("2027-12-25"), Vec::new()), (date("2027-12-26"), Vec::new())];
    profile.delivery = Some(delivery(hours.clone(), vec![Zone::Radius(3_000)], &[(0, 250), (1_500, 100)]));
    profile.collection = Some(hours);
    (profile.minimum_order, profile.prep_minutes, profile.last_orders_minutes) = (500, 10, 15);
    let fillings = group(
        "filling",
        "Filling",
        1,
        2,
        vec![
            choice("pease-pudding", "Ham and pease pudding", 0, 1, &[Celery]),
            choice("cheese-savoury", "Cheese savoury", 0, 1, &[Milk, Eggs, Mustard]),
            choice("tuna", "Tuna", 75, 1, &[Fish, Eggs]),
        ],
    );
    let bread = vec![item("stottie", "Stottie", "With one or two fillings.", 395, &[Gluten], vec![fillings])];
    let cakes = vec![
        item("singin-hinny", "Singin' hinny", "Warm, with butter.", 220, &[Gluten, Milk], vec![]),
        item("walnut-cake", "Coffee and walnut cake", "A slice.", 310, &[Gluten, Milk, Eggs, Nuts], vec![]),
    ];
    (profile, menu(vec![category("bread", "Bread", bread), category("cakes", "Cakes", cakes)]))
}

fn quayside_noodles() -> (Profile, Menu) {
    let mut profile = profile(
        "quayside-noodles",
        "Quayside Noodles",
        "Noodles by the Tyne until the small hours.",
        "5 Sandhill",
        "NE1 3AF",
        (54_968_300, -1_607_600),
    );
    let mut hours = week(&[("12:00", "14:30"), ("17:00", "23:00")]);
    hours.week[4] = intervals(&[("12:00", "14:30"), ("17:00", "02:00")]);
    hours.week[5] = intervals(&[("12:00", "02:00")]);
    profile.delivery = Some(delivery(
        hours.clone(),
        vec![outcode("NE1"), outcode("NE2"), outcode("NE8"), Zone::Radius(4_000)],
        &[(0, 299), (2_000, 149), (3_500, 0)],
    ));
    profile.collection = Some(hours);
    (profile.minimum_order, profile.prep_minutes, profile.lead_minutes, profile.last_orders_minutes) =
        (1_200, 20, 15, 30);
    let noodles = || {
        group(
            "noodles",
            "Noodles",
            1,
            1,
            vec![
                choice("egg-noodles", "Egg noodles", 0, 1, &[Gluten, Eggs]),
                choice("rice-noodles", "Rice noodles", 0, 1, &[]),
                choice("udon", "Udon", 60, 1, &[Gluten]),
            ],
        )
    };
    let heat = || group("heat", "Extra heat", 0, 3, vec![choice("chilli-oil", "Chilli oil", 0, 3, &[Peanuts, Sesame])]);
    let bowls = vec![
        item("ramen", "Tyne ramen", "Pork broth, egg, bamboo.", 1_150, &[Soya, Eggs], vec![noodles(), heat()]),
        item(
            "laksa",
            "Prawn laksa",
            "Coconut, lime, prawns.",
            1_250,
            &[Crustaceans, Fish, Soya],
            vec![noodles(), heat()],
        ),
        item(
            "tofu-bowl",
            "Tofu bowl",
            "Pak choi, sesame. Vegan with rice noodles.",
            995,
            &[Soya, Sesame],
            vec![noodles(), heat()],
        ),
    ];
    let sides = vec![item("gyoza", "Gyoza", "Six, fried.", 575, &[Gluten, Soya, Sesame], vec![])];
    (profile, menu(vec![category("bowls", "Bowls", bowls), category("sides", "Sides", sides)]))
}

fn bigg_market_grill() -> (Profile, Menu) {
    let mut profile = profile(
        "bigg-market-grill",
        "Bigg Market Grill",
        "Kebabs after the last song.",
        "18 Bigg Market",
        "NE1 1UW",
        (54_972_500, -1_614_600),
    );
    let hours = week(&[("18:00", "04:00")]);
    profile.delivery = Some(delivery(hours.clone(), vec![Zone::Radius(6_000)], &[(0, 350)]));
    profile.collection = Some(hours);
    (profile.minimum_order, profile.prep_minutes, profile.accept_window_s) = (1_000, 15, 300);
    let sauces = group(
        "sauce",
        "Sauce",
        0,
        2,
        vec![
            choice("garlic", "Garlic", 0, 1, &[Milk, Eggs]),
            choice("chilli-sauce", "Chilli", 0, 1, &[]),
            choice("no-salad", "No salad", -50, 1, &[]),
        ],
    );
    let grill = vec![
        item("doner", "Döner kebab", "In naan, with salad.", 850, &[Gluten, Milk], vec![sauces]),
        item("parmo", "Parmo", "As in Middlesbrough.", 1_050, &[Gluten, Milk, Eggs], vec![]),
    ];
    let drinks = vec![aged(item("lager", "Lager", "440 ml can.", 380, &[Gluten], vec![]))];
    (profile, menu(vec![category("grill", "Grill", grill), category("drinks", "Drinks", drinks)]))
}

fn brick_lane_curry() -> (Profile, Menu) {
    let mut profile = profile(
        "brick-lane-curry",
        "Brick Lane Curry",
        "Bengali cooking.",
        "92 Brick Lane",
        "E1 6RL",
        (51_520_400, -71_800),
    );
    let hours = week(&[("11:30", "00:00")]);
    profile.delivery = Some(delivery(
        hours.clone(),
        vec![outcode("E1"), outcode("E2"), outcode("EC1A"), outcode("EC2A"), Zone::Radius(2_500)],
        &[(0, 299), (2_500, 0)],
    ));
    profile.collection = Some(hours);
    (profile.minimum_order, profile.prep_minutes, profile.last_orders_minutes) = (1_500, 25, 30);
    let rice = || {
        group(
            "rice",
            "Rice",
            0,
            1,
            vec![choice("plain-rice", "Plain rice", 300, 2, &[]), choice("pilau", "Pilau", 350, 2, &[Milk])],
        )
    };
    let curries = vec![
        item("shatkora", "Beef shatkora", "With the citrus of Sylhet.", 1_095, &[Mustard], vec![rice()]),
        item("fish-jhol", "Fish jhol", "Rohu in a thin sauce.", 1_195, &[Fish, Mustard], vec![rice()]),
        item("korma", "Chicken korma", "Mild, almonds and cream.", 995, &[Milk, Nuts], vec![rice()]),
    ];
    let breads = vec![item("naan", "Naan", "From the tandoor.", 295, &[Gluten, Milk, Eggs], vec![])];
    (profile, menu(vec![category("curries", "Curries", curries), category("breads", "Breads", breads)]))
}

fn soho_sushi() -> (Profile, Menu) {
    let mut profile = profile(
        "soho-sushi",
        "Soho Sushi",
        "A small counter; collection only.",
        "12 Frith Street",
        "W1D 4RD",
        (51_513_900, -131_700),
    );
    profile.collection = Some(week(&[("12:00", "15:00"), ("18:00", "22:30")]));
    (profile.prep_minutes, profile.lead_minutes, profile.last_orders_minutes) = (30, 30, 45);
    profile.slot_capacity = Some(3);
    let pieces = group(
        "pieces",
        "Choose six",
        6,
        6,
        vec![
            choice("salmon", "Salmon", 0, 6, &[Fish]),
            choice("tuna-nigiri", "Tuna", 40, 6, &[Fish]),
            choice("scallop", "Scallop", 90, 6, &[Molluscs]),
            choice("tamago", "Tamago", 0, 6, &[Eggs]),
        ],
    );
    let sets = vec![
        item("nigiri-set", "Nigiri set", "Six pieces of your choice.", 1_490, &[Soya, Gluten, Sulphites], vec![pieces]),
        item("miso", "Miso soup", "With wakame.", 320, &[Soya, Fish], vec![]),
    ];
    let drinks = vec![aged(item("sake", "Sake", "180 ml.", 890, &[Sulphites], vec![]))];
    (profile, menu(vec![category("sets", "Sets", sets), category("drinks", "Drinks", drinks)]))
}

fn profile(
    id: &str,
    name: &str,
    description: &str,
    line: &str,
    postcode: &str,
    (lat_e6, lon_e6): (i32, i32),
) -> Profile {
    Profile {
        slug: slug(id),
        name: name.into(),
        description: description.into(),
        address: vec![line.into()],
        postcode: Postcode::parse(postcode).expect("sample postcodes are well formed"),
        point: Point::new(lat_e6, lon_e6),
        currency: Currency::GBP,
        delivery: None,
        collection: None,
        minimum_order: 0,
        prep_minutes: 15,
        accept_window_s: limits::ACCEPT_WINDOW_S_DEFAULT,
        lead_minutes: 0,
        last_orders_minutes: 0,
        slot_capacity: None,
    }
}

fn delivery(hours: Hours, zones: Vec<Zone>, fees: &[(i64, i64)]) -> Delivery {
    Delivery {
        hours,
        zones,
        fees: fees.iter().map(|(minimum, fee)| FeeBand { minimum: *minimum, fee: *fee }).collect(),
    }
}

fn week(times: &[(&str, &str)]) -> Hours {
    Hours { zone: london(), week: std::array::from_fn(|_| intervals(times)), exceptions: Vec::new() }
}

fn intervals(times: &[(&str, &str)]) -> Vec<Interval> {
    times.iter().map(|(open, close)| Interval::parse(open, close).expect("sample hours are well formed")).collect()
}

fn london() -> TimeZone {
    TimeZone::parse("Europe/London").expect("the built-in database has London")
}

fn date(text: &str) -> Date {
    Date::parse(text).expect("sample dates are well formed")
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("sample names are well formed")
}

fn outcode(text: &str) -> Zone {
    Zone::Outcode(Outcode::parse(text).expect("sample outcodes are well formed"))
}

fn menu(categories: Vec<Category>) -> Menu {
    Menu { currency: Currency::GBP, categories }
}

fn category(id: &str, name: &str, items: Vec<Item>) -> Category {
    Category { id: slug(id), name: name.into(), items }
}

fn item(id: &str, name: &str, description: &str, price: i64, allergens: &[Allergen], groups: Vec<OptionGroup>) -> Item {
    let allergens = AllergenSet::of(allergens.iter().copied());
    Item {
        id: slug(id),
        name: name.into(),
        description: description.into(),
        price,
        allergens,
        age_restricted: false,
        groups,
    }
}

fn aged(item: Item) -> Item {
    Item { age_restricted: true, ..item }
}

fn group(id: &str, name: &str, min: u8, max: u8, options: Vec<Choice>) -> OptionGroup {
    OptionGroup { id: slug(id), name: name.into(), min, max, options }
}

fn choice(id: &str, name: &str, price_delta: i64, max_quantity: u8, allergens: &[Allergen]) -> Choice {
    let allergens = AllergenSet::of(allergens.iter().copied());
    Choice { id: slug(id), name: name.into(), price_delta, max_quantity, allergens }
}

#[cfg(test)]
mod tests {
    use crate::command::Action;
    use crate::{Reply, State};

    #[test]
    fn the_sample_is_taken_as_it_is_and_only_once() {
        let mut state = State::new();
        for round in 0..2 {
            for command in super::commands() {
                let (delta, reply) = state.execute(1_800_000_000_000, &command);
                assert!(matches!(reply, Reply::Restaurant { .. }), "{reply:?}");
                assert_eq!(delta.is_some(), round == 0);
                delta.iter().for_each(|delta| state.apply(delta));
            }
        }
        assert_eq!(state.restaurants().count(), super::restaurants().count());
        assert_eq!(state.restaurant("cathedral-pizza").unwrap().number.get(), 1);
    }

    #[test]
    fn the_last_menu_of_the_sample_comes_last() {
        let Some(Action::PutMenu { restaurant, .. }) = super::commands().pop().map(|command| command.action) else {
            panic!("the last command puts no menu");
        };
        assert_eq!(restaurant.as_str(), super::LAST);
    }
}
