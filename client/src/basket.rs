//! Reads what is ordered as it is typed (`margherita:2+extra-cheese`, `12 North Road, DH1 4SG`). Pure: reads no files
//! and sends nothing.

use api::v1::place::{Address, Choice, Item};

/// The text is no item.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write ITEM[:QUANTITY][+OPTION[:QUANTITY]]…, like margherita:2+extra-cheese")]
pub(crate) struct NotAnItem(&'static str);

/// `ITEM[:QUANTITY][+OPTION[:QUANTITY]]…`
pub(crate) fn item(text: &str) -> Result<Item, NotAnItem> {
    let mut parts = text.split('+').map(counted);
    let (item, quantity) = parts.next().expect("split gives at least one part")?;
    let options = parts.map(|part| part.map(|(option, quantity)| Choice { option, quantity }));
    Ok(Item { item, quantity, options: options.collect::<Result<_, _>>()? })
}

/// An item as [`item`] reads it.
pub(crate) fn item_text(item: &Item) -> String {
    let name = format!("{}:{}", item.item, item.quantity);
    item.options.iter().fold(name, |text, choice| format!("{text}+{}:{}", choice.option, choice.quantity))
}

fn counted(text: &str) -> Result<(String, u32), NotAnItem> {
    let (name, quantity) = text.split_once(':').unwrap_or((text, "1"));
    match (name.trim(), quantity.trim().parse()) {
        ("", _) => Err(NotAnItem("a name is missing")),
        (_, Err(_)) => Err(NotAnItem("a quantity is not a whole number")),
        (name, Ok(quantity)) => Ok((name.to_owned(), quantity)),
    }
}

/// The text is no address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the address with commas, the postcode last: \"12 North Road, DH1 4SG\"")]
pub(crate) struct NotAnAddress;

/// `LINE, …, POSTCODE`. Whether the postcode is one is for the service to say, which knows suggestions.
pub(crate) fn address(text: &str) -> Result<Address, NotAnAddress> {
    let parts = text.split(',').map(|line| line.trim().to_owned());
    let mut lines: Vec<String> = parts.filter(|line| !line.is_empty()).collect();
    let postcode = lines.pop().ok_or(NotAnAddress)?;
    if lines.is_empty() { Err(NotAnAddress) } else { Ok(Address { lines, postcode }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_as_they_are_written() {
        assert_eq!(
            item_text(&item("margherita:2+extra-cheese+basil:3").unwrap()),
            "margherita:2+extra-cheese:1+basil:3"
        );
        assert_eq!(item("tea").unwrap(), Item { item: "tea".into(), quantity: 1, options: vec![] });
        for wrong in ["", ":2", "tea:", "tea:two", "tea:-1", "tea+", "tea:99999999999"] {
            assert!(item(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_last_part_of_an_address_is_the_postcode() {
        let found = address("Flat 2, 12 North Road , DH1 4SG").unwrap();
        assert_eq!(found.lines, ["Flat 2", "12 North Road"]);
        assert_eq!(found.postcode, "DH1 4SG");
        assert_eq!(address("DH1 4SG"), Err(NotAnAddress));
        assert_eq!(address(","), Err(NotAnAddress));
    }
}
