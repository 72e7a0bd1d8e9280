//! Says everything that is wrong with a JSON body at once, by the schema that also describes it to callers. Used only
//! after parsing has failed, so it may take its time. Knows shapes; what values mean is order's business.
use crate::limits;
use api::v1::issue::Issue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Everything about `body` that does not fit the schema of `T`, with JSON pointers.
pub fn issues<T: ToSchema>(body: &Value) -> Vec<Issue> {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    let known = schemas.into_iter().map(|(name, schema)| (name, to_json(&schema))).collect();
    let mut check = Check { known, issues: Vec::new() };
    check.value(&to_json(&T::schema()), body, &mut String::new());
    check.issues
}

fn to_json(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).expect("a schema is a tree of texts and numbers")
}

struct Check {
    known: Map<String, Value>,
    issues: Vec<Issue>,
}

impl Check {
    fn value(&mut self, schema: &Value, value: &Value, at: &mut String) {
        if self.issues.len() >= limits::ISSUES {
            return;
        }
        let schema = self.resolve(schema);
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            // Only `null or this` is written so: check against the one that is not null.
            let wished = choices.iter().find(|choice| choice.get("type") != Some(&Value::from("null")));
            if let (Some(wished), false) = (wished, value.is_null()) {
                self.value(wished, value, at);
            }
            return;
        }
        if !fits(&schema, value) {
            let issue = Issue::new("type_wrong", at.as_str(), format!("this is {}", kind(value)));
            return self.issues.push(issue.remedy(format!("give {}", wanted(&schema))));
        }
        match value {
            Value::Object(fields) => self.object(&schema, fields, at),
            Value::Array(elements) => self.array(&schema, elements, at),
            Value::String(_) => self.word(&schema, value, at),
            Value::Number(_) => self.number(&schema, value, at),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn resolve(&self, schema: &Value) -> Value {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        match name.and_then(|name| self.known.get(name)) {
            Some(found) => found.clone(),
            None => schema.clone(),
        }
    }

    fn object(&mut self, schema: &Value, fields: &Map<String, Value>, at: &mut String) {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                let issue = Issue::new("field_missing", format!("{at}/{name}"), format!("`{name}` is required"));
                let wish = properties.get(name).map(|property| wanted(&self.resolve(property)));
                self.issues.push(issue.remedy(format!("give {}", wish.unwrap_or_default())));
            }
        }
        for (name, value) in fields {
            let end = at.len();
            at.push('/');
            at.push_str(&name.replace('~', "~0").replace('/', "~1"));
            match properties.get(name) {
                Some(property) => self.value(property, value, at),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
                    let issue = Issue::new("field_unknown", at.as_str(), format!("there is no field `{name}` here"));
                    self.issues.push(issue.remedy(format!("leave it out, or use one of: {}", names.join(", "))));
                }
                None => {}
            }
            at.truncate(end);
        }
    }

    fn array(&mut self, schema: &Value, elements: &[Value], at: &mut String) {
        let Some(items) = schema.get("items") else { return };
        for (place, element) in elements.iter().enumerate() {
            let end = at.len();
            at.push_str(&format!("/{place}"));
            self.value(items, element, at);
            at.truncate(end);
        }
    }

    fn word(&mut self, schema: &Value, value: &Value, at: &str) {
        let Some(words) = schema.get("enum").and_then(Value::as_array) else { return };
        if !words.contains(value) {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            let issue = Issue::new("value_unknown", at, format!("{value} is not one of the words allowed here"));
            self.issues.push(issue.remedy(format!("use one of: {}", words.join(", "))));
        }
    }

    fn number(&mut self, schema: &Value, value: &Value, at: &str) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let number = value.as_f64().unwrap_or(f64::NAN);
        let (least, most) = (bound("minimum").unwrap_or(f64::MIN), bound("maximum").unwrap_or(f64::MAX));
        if !(least..=most).contains(&number) || !holds(schema, value) {
            let issue = Issue::new("number_range", at, format!("{value} is out of range"));
            self.issues.push(issue.remedy("give a smaller whole number, 0 or more"));
        }
    }
}

/// Whether the whole number fits the bits that the format names.
fn holds(schema: &Value, value: &Value) -> bool {
    match schema.get("format").and_then(Value::as_str) {
        Some("int32") => {
            value.as_i64().is_some_and(|n| i32::try_from(n).is_ok())
                || value.as_u64().is_some_and(|n| u32::try_from(n).is_ok())
        }
        Some("int64") => value.as_i64().is_some() || value.as_u64().is_some(),
        _ => true,
    }
}

fn fits(schema: &Value, value: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => is_a(name, value),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(|name| is_a(name, value)),
        _ => true,
    }
}

fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => true,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number that is not whole (or beyond 64 bits)",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn wanted(schema: &Value) -> String {
    let name = match schema.get("type") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        Some(Value::String(name)) => Some(name.as_str()),
        _ => None,
    };
    let words: Vec<&str> =
        schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    match name {
        Some("string") if !words.is_empty() => format!("one of: {}", words.join(", ")),
        Some("string") if schema.get("format") == Some(&Value::from("date-time")) => {
            "a time like 2026-11-21T18:00:00Z".to_owned()
        }
        Some("string") => "a text".to_owned(),
        Some("integer") => "a whole number".to_owned(),
        Some("number") => "a number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("array") => "a list".to_owned(),
        _ => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::v1::place::PlaceOrder;
    use serde_json::json;

    fn found(body: Value) -> Vec<(String, String)> {
        issues::<PlaceOrder>(&body).into_iter().map(|issue| (issue.code.into_owned(), issue.pointer)).collect()
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_place() {
        let body = json!({"restaurant": 7, "service": "drone", "items": [{"item": "a", "quantity": "two"}, {"quantity": 1e99}, 3],
            "customer": {"name": "Ada", "phone": null, "age": 3}, "deliver_to": null, "no/te": 1});
        let expected = [
            ("type_wrong", "/customer/phone"),
            ("field_unknown", "/customer/age"),
            ("type_wrong", "/items/0/quantity"),
            ("field_missing", "/items/1/item"),
            ("type_wrong", "/items/1/quantity"),
            ("type_wrong", "/items/2"),
            ("field_unknown", "/no~1te"),
            ("type_wrong", "/restaurant"),
            ("value_unknown", "/service"),
        ];
        let mut found = found(body);
        let mut expected = expected.map(|(code, pointer)| (code.to_owned(), pointer.to_owned())).to_vec();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_body_that_is_no_object_and_an_empty_one_are_told_apart() {
        assert_eq!(found(json!([])), [("type_wrong".to_owned(), String::new())]);
        let missing: Vec<String> = found(json!({})).into_iter().map(|(_, pointer)| pointer).collect();
        assert_eq!(missing, ["/restaurant", "/service", "/items", "/customer"]);
    }

    #[test]
    fn a_good_body_has_no_issues() {
        let body = json!({"restaurant": "a", "service": "delivery", "items": [{"item": "b", "quantity": 1}],
            "customer": {"name": "Ada", "phone": "+1"}, "deliver_to": {"lines": ["x"], "postcode": "DH1 4SG"}, "expect": {"total": 3}});
        assert_eq!(found(body), []);
    }
}
