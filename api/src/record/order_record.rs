//! Orders as bytes. What is read is checked against the table of transitions.
use crate::wire::{Coded, Garbled, Reader, coded};
use order::order::{Located, Moment, MovedTo, Order, Part, Rare};
use order::texts::Texts;

coded!(Part { index, quantity, is_option });
coded!(Located { fetched_at_ms, point, postcode, standing, freshness, precision });
coded!(Moment { after_ms, event, stage, by });
coded!(Rare { courier, reason, missing, moved_to });
coded!(MovedTo { lines, source, place });

impl Coded for Texts {
    fn write(&self, out: &mut Vec<u8>) {
        for text in [self.name(), self.note(), self.source(), self.principal()] {
            crate::wire::write_text(text, out);
        }
        crate::wire::write_count(self.lines().count(), out);
        self.lines().for_each(|line| crate::wire::write_text(line, out));
    }
    fn read(input: &mut Reader<'_>) -> Result<Texts, Garbled> {
        let (name, note, source, principal) = (input.text()?, input.text()?, input.text()?, input.text()?);
        let lines = Vec::<Box<str>>::read(input)?;
        Texts::new(name, note, &lines, source, principal).ok_or(Garbled::Value("texts of that length"))
    }
}

coded!(Order {
    id,
    key,
    fingerprint,
    subtotal,
    fee,
    due_ms,
    phone,
    parts,
    texts,
    history,
    place,
    rare,
    menu_revision,
    version,
    first_due_after_ms,
    fulfil_after_ms,
    ready_after_ms,
    outages,
    slot,
    acknowledged,
    currency,
    stage,
    leg,
    service,
    payment,
} if Order::is_sound);
