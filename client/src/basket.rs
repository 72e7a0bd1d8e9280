//! What is ordered, as typed (`margherita:2+extra-cheese`, `12 North Road, DH1 4SG`) and as the API's order body.
//! Pure: reads no files and sends nothing.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) item: String,
    pub(crate) quantity: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) options: Vec<Choice>,
}

/// One option of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    pub(crate) option: String,
    pub(crate) quantity: u32,
}

/// The text is no item.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write ITEM[:QUANTITY][+OPTION[:QUANTITY]]…, like margherita:2+extra-cheese")]
pub(crate) struct NotAnItem(&'static str);

impl FromStr for Item {
    type Err = NotAnItem;

    fn from_str(text: &str) -> Result<Item, NotAnItem> {
        let mut parts = text.split('+').map(counted);
        let (item, quantity) = parts.next().expect("split gives at least one part")?;
        let options = parts.map(|part| part.map(|(option, quantity)| Choice { option, quantity }));
        Ok(Item { item, quantity, options: options.collect::<Result<_, _>>()? })
    }
}

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.item, self.quantity)?;
        self.options.iter().try_for_each(|choice| write!(f, "+{}:{}", choice.option, choice.quantity))
    }
}

fn counted(text: &str) -> Result<(String, u32), NotAnItem> {
    let (name, quantity) = text.split_once(':').unwrap_or((text, "1"));
    match (name.trim(), quantity.trim().parse()) {
        ("", _) => Err(NotAnItem("a name is missing")),
        (_, Err(_)) => Err(NotAnItem("a quantity is not a whole number")),
        (name, Ok(quantity)) => Ok((name.to_owned(), quantity)),
    }
}

/// Where an order goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Address {
    pub(crate) lines: Vec<String>,
    pub(crate) postcode: String,
}

/// The text is no address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the address with commas, the postcode last: \"12 North Road, DH1 4SG\"")]
pub(crate) struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    /// Whether the postcode is one is for the service to say, which knows suggestions.
    fn from_str(text: &str) -> Result<Address, NotAnAddress> {
        let mut lines: Vec<String> =
            text.split(',').map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        let postcode = lines.pop().ok_or(NotAnAddress)?;
        if lines.is_empty() { Err(NotAnAddress) } else { Ok(Address { lines, postcode }) }
    }
}

/// Who ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) phone: String,
}

/// What the customer was shown; the service refuses when it has changed since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Expect {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) menu_revision: Option<u64>,
}

/// The body of `POST /v1/orders` and `POST /v1/quotes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OrderBody {
    pub(crate) restaurant: String,
    pub(crate) service: &'static str,
    pub(crate) items: Vec<Item>,
    pub(crate) customer: Customer,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deliver_to: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<Expect>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allergens_acknowledged: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fulfil_at: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_as_they_are_written() {
        let item: Item = "margherita:2+extra-cheese+basil:3".parse().unwrap();
        assert_eq!(item.to_string(), "margherita:2+extra-cheese:1+basil:3");
        assert_eq!("tea".parse::<Item>().unwrap(), Item { item: "tea".into(), quantity: 1, options: vec![] });
        for wrong in ["", ":2", "tea:", "tea:two", "tea:-1", "tea+", "tea:99999999999"] {
            assert!(wrong.parse::<Item>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_last_part_of_an_address_is_the_postcode() {
        let address: Address = "Flat 2, 12 North Road , DH1 4SG".parse().unwrap();
        assert_eq!(address.lines, ["Flat 2", "12 North Road"]);
        assert_eq!(address.postcode, "DH1 4SG");
        assert_eq!("DH1 4SG".parse::<Address>(), Err(NotAnAddress));
        assert_eq!(",".parse::<Address>(), Err(NotAnAddress));
    }
}
