//! Commands as bytes. Their values are those that `record` writes too.
use crate::wire::{coded, coded_enum};
use order::command::{Action, Command, Destination, Expect, Given, LineWish, OptionWish, PlaceOrder, Step, Tender};

coded!(Command { actor, keyed, if_match, action });
coded_enum!(Action {
    0 => Place(place),
    1 => Step { order, step },
    2 => PutRestaurant(profile),
    3 => PutMenu { restaurant, menu },
    4 => SetAvailability { restaurant, name, availability },
    5 => Pause { restaurant, until_ms },
    6 => Resume { restaurant },
    7 => Outage { from_ms, to_ms },
    8 => Postpone { order },
    9 => Trim { before_ms },
    10 => Begin { secret },
});
coded_enum!(Step {
    0 => Release,
    1 => Accept { ready_by_ms },
    2 => Reject { reason, items },
    3 => Expire,
    4 => Start,
    5 => Ready,
    6 => Claim,
    7 => Assign { courier },
    8 => Unassign,
    9 => Arrive,
    10 => PickUp,
    11 => Deliver,
    12 => HandOver { code },
    13 => Fail { reason },
    14 => Redeliver { deliver_to },
    15 => Cancel { reason },
    16 => Delay { ready_by_ms },
});
coded!(PlaceOrder {
    restaurant,
    service,
    items,
    name,
    phone,
    deliver_to,
    note,
    expect,
    allergens_acknowledged,
    age_confirmed,
    fulfil_at_ms,
    tender,
    quote,
    random,
});
coded_enum!(Tender { 0 => Cash, 1 => Card { token } });
coded!(LineWish { item, quantity, options });
coded!(OptionWish { option, quantity });
coded!(Destination { lines, postcode });
coded_enum!(Given { 0 => Place(place), 1 => NotAPostcode(text) });
coded!(Expect { total, menu_revision });
