//! Reads server-sent events from bytes as they come. Pure; knows the event stream format and nothing else.

/// The most bytes one event may have before the stream is given up.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// The cursor to resume from, if this event has one.
    pub(crate) id: Option<String>,
    /// `message` where the stream does not say.
    pub(crate) name: String,
    pub(crate) data: String,
}

/// An event grew beyond all measure.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {EVENT_BYTES_MAX} bytes")]
pub(crate) struct TooLarge;

/// Collects bytes into events.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    buffer: Vec<u8>,
    event: Event,
}

impl Reader {
    /// The events that `bytes` complete. An event without data (an id alone keeps the connection alive) is given too.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLarge> {
        self.buffer.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            self.line(line.trim_end_matches(['\n', '\r']), &mut events);
        }
        match self.buffer.len() + self.event.data.len() {
            0..=EVENT_BYTES_MAX => Ok(events),
            _ => Err(TooLarge),
        }
    }

    fn line(&mut self, line: &str, events: &mut Vec<Event>) {
        if line.is_empty() {
            let mut event = std::mem::take(&mut self.event);
            if event.data.ends_with('\n') {
                event.data.pop();
            }
            if event.name.is_empty() {
                event.name.push_str("message");
            }
            if event.id.is_some() || !event.data.is_empty() || event.name != "message" {
                events.push(event);
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                self.event.data.push_str(value);
                self.event.data.push('\n');
            }
            // Comments (an empty field name), `retry`, and what a later version may add.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_the_bytes_are_cut() {
        let stream = "id: c1\nevent: order\ndata: {\"a\":\ndata: 1}\n\n: hello\n\nid: c2\r\n\r\ndata:x\n\n".as_bytes();
        for cut in 1..stream.len() {
            let mut reader = Reader::default();
            let mut events = reader.push(&stream[..cut]).unwrap();
            events.extend(reader.push(&stream[cut..]).unwrap());
            let first = Event { id: Some("c1".into()), name: "order".into(), data: "{\"a\":\n1}".into() };
            let second = Event { id: Some("c2".into()), name: "message".into(), data: String::new() };
            let third = Event { id: None, name: "message".into(), data: "x".into() };
            assert_eq!(events, [first, second, third], "cut at {cut}");
        }
    }

    #[test]
    fn an_endless_event_is_given_up() {
        let mut reader = Reader::default();
        assert_eq!(reader.push(&vec![b'x'; EVENT_BYTES_MAX + 1]), Err(TooLarge));
    }
}
