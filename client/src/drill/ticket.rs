//! The orders a drill places: one prepared request of which only key and note change. Knows the order's content, so that
//! it can tell later whether it came back unchanged.

use api::v1::order::Order;
use api::v1::place::{Address, Choice, Customer, Item, PlaceOrder, Service};

/// Part of the sample data: always open, never out of stock, no limit on orders.
pub(super) const RESTAURANT: &str = "cathedral-pizza";
const ITEM: &str = "margherita";
const OPTION: &str = "extra-cheese";
const QUANTITY: u32 = 2;
const NAME: &str = "Drill";

/// `00000000-0000-0000-0000-000000000000`
const KEY_BYTES: usize = 36;

/// Everything about the orders of one drill.
#[derive(Debug, Clone)]
pub(super) struct Tickets {
    /// A random number that tells this drill's orders from all others.
    run: u32,
    request: Vec<u8>,
    key_at: usize,
    note_at: usize,
}

impl Tickets {
    /// `authority` is the `host:port` the orders are sent to.
    pub(super) fn new(authority: &str, run: u32) -> Tickets {
        let note = note(run, 0);
        let body = serde_json::to_string(&order(note.clone())).expect("an order body is always JSON");
        let key = "k".repeat(KEY_BYTES);
        let length = body.len();
        let request = format!(
            "POST /v1/orders HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
             Idempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let key_at = request.find(&key).expect("the key was just put there");
        let note_at = request.find(&note).expect("the note was just put there");
        Tickets { run, request: request.into_bytes(), key_at, note_at }
    }

    /// The whole request of order `seq`, made at wall time `wall_ms`, written over what `buffer` held.
    pub(super) fn write(&self, seq: u64, wall_ms: u64, buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.extend_from_slice(&self.request);
        let key = self.key(seq, wall_ms);
        buffer[self.key_at..self.key_at + KEY_BYTES].copy_from_slice(key.as_bytes());
        let note = note(self.run, seq);
        buffer[self.note_at..self.note_at + note.len()].copy_from_slice(note.as_bytes());
    }

    /// A UUIDv7 made of time, drill and number: unique without asking for random bits for every order.
    pub(super) fn key(&self, seq: u64, wall_ms: u64) -> String {
        let mut random = [0; 10];
        random[..2].copy_from_slice(&self.run.to_be_bytes()[..2]);
        random[2..].copy_from_slice(&seq.to_be_bytes());
        // The first two bits of the last eight are the variant's: the drill's number fills what `seq` leaves free.
        random[3..5].copy_from_slice(&self.run.to_be_bytes()[2..]);
        uuid::Builder::from_unix_timestamp_millis(wall_ms, &random).into_uuid().to_string()
    }

    /// The number of the order that has this note, if it is one of this drill's.
    pub(super) fn seq_of(&self, note: &str) -> Option<u64> {
        let number = note.strip_prefix(&format!("drill {:08x} ", self.run))?;
        number.parse().ok()
    }

    /// Whether `found` is order `seq` just as it was sent.
    pub(super) fn is_unchanged(&self, seq: u64, found: &Order) -> bool {
        let [line] = found.lines.as_slice() else { return false };
        let [choice] = line.options.as_slice() else { return false };
        let note = note(self.run, seq);
        found.restaurant == RESTAURANT
            && found.service == Service::Delivery
            && found.note.as_deref() == Some(note.as_str())
            && found.customer.name == NAME
            && (line.item.as_str(), line.quantity) == (ITEM, QUANTITY)
            && (choice.option.as_str(), choice.quantity) == (OPTION, 1)
            && line.total.amount == line.unit_price.amount * i64::from(QUANTITY)
            && found.totals.total.amount == line.total.amount + found.totals.delivery_fee.amount
    }
}

/// The same length for every order.
fn note(run: u32, seq: u64) -> String {
    format!("drill {run:08x} {seq:012}")
}

fn order(note: String) -> PlaceOrder {
    PlaceOrder {
        restaurant: RESTAURANT.to_owned(),
        service: Service::Delivery,
        items: vec![Item {
            item: ITEM.to_owned(),
            quantity: QUANTITY,
            options: vec![Choice { option: OPTION.to_owned(), quantity: 1 }],
        }],
        customer: Customer { name: NAME.to_owned(), phone: "+441913341234".to_owned() },
        deliver_to: Some(Address { lines: vec!["12 North Road".to_owned()], postcode: "DH1 4SG".to_owned() }),
        note: Some(note),
        expect: None,
        allergens_acknowledged: None,
        age_confirmed: false,
        fulfil_at: None,
        payment: None,
        quote: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_order_has_its_own_key_and_note_and_the_same_length() {
        let tickets = Tickets::new("127.0.0.1:1", 0xdead_beef);
        let mut lengths = HashSet::new();
        let mut keys = HashSet::new();
        for seq in [0, 1, 65_535, 65_536, 1 << 33, 999_999_999_999] {
            let mut buffer = Vec::new();
            tickets.write(seq, 1_800_000_000_000, &mut buffer);
            let text = String::from_utf8(buffer).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}", body.len())));
            let order: PlaceOrder = serde_json::from_str(body).unwrap();
            assert_eq!(tickets.seq_of(&order.note.unwrap()), Some(seq));
            keys.insert(tickets.key(seq, 1_800_000_000_000));
            lengths.insert(text.len());
        }
        assert_eq!((lengths.len(), keys.len()), (1, 6));
        assert_eq!(tickets.seq_of("drill 00000000 000000000001"), None);
    }
}
