//! The view as text: the keys of the view object, the same in a file and in a ConfigMap. Private to stores; programs pass `View`.
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, View};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

/// The view's keys as people read them. Disks, processes and groups are hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    group_id: String,
    version: u64,
    epoch: u64,
    loss_epoch: u64,
    primary: Pod,
    primary_boot: String,
    in_sync: BTreeMap<Pod, String>,
    members: BTreeSet<Pod>,
    min_in_sync: usize,
    change: ChangeText,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeText {
    cause: Cause,
    suspected_at_ms: u64,
    decided_at_ms: u64,
}

/// Keys whose text in a map of strings stands for itself. The text of every other key is JSON.
const PLAIN: [&str; 3] = ["groupId", "primary", "primaryBoot"];

/// The view as JSON, with a line end.
pub fn write(view: &View) -> String {
    serde_json::to_string_pretty(&Text::of(view)).expect("maps with string keys always become JSON") + "\n"
}

/// The view as one string a key, for a ConfigMap.
pub fn to_map(view: &View) -> BTreeMap<String, String> {
    let value = serde_json::to_value(Text::of(view)).expect("maps with string keys always become JSON");
    let Value::Object(keys) = value else { unreachable!("a struct becomes an object") };
    let text = |value| if let Value::String(plain) = value { plain } else { value.to_string() };
    keys.into_iter().map(|(key, value)| (key, text(value))).collect()
}

/// Reads what [`to_map`] wrote, or what a person made of it. The error says what is wrong, in words.
pub fn from_map(map: &BTreeMap<String, String>) -> Result<View, String> {
    let mut keys = serde_json::Map::new();
    for (key, text) in map {
        let value = if PLAIN.contains(&key.as_str()) {
            Value::String(text.clone())
        } else {
            // What is not JSON may still be of a key that is not ours; of ours, the type is wrong and is told below.
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        };
        keys.insert(key.clone(), value);
    }
    serde_json::from_value::<Text>(Value::Object(keys)).map_err(|error| error.to_string())?.view()
}

/// Reads what [`write`] wrote, or what a person made of it. The error says what is wrong, in words.
pub fn read(bytes: &[u8]) -> Result<View, String> {
    serde_json::from_slice::<Text>(bytes).map_err(|error| error.to_string())?.view()
}

impl Text {
    fn of(view: &View) -> Text {
        let change = ChangeText {
            cause: view.change.cause,
            suspected_at_ms: view.change.suspected_at,
            decided_at_ms: view.change.decided_at,
        };
        Text {
            group_id: view.group.to_string(),
            version: view.version,
            epoch: view.epoch.number,
            loss_epoch: view.epoch.loss,
            primary: view.primary.clone(),
            primary_boot: view.primary_boot.to_string(),
            in_sync: view.pairs().map(|(pod, storage)| (pod.clone(), storage.to_string())).collect(),
            members: view.members.clone(),
            min_in_sync: view.min_in_sync,
            change,
        }
    }

    fn view(self) -> Result<View, String> {
        let mut in_sync = BTreeMap::new();
        for (pod, storage) in self.in_sync {
            let storage: StorageId = hexadecimal("inSync", &storage)?;
            in_sync.insert(pod, storage);
        }
        let view = View {
            group: hexadecimal::<GroupId>("groupId", &self.group_id)?,
            version: self.version,
            epoch: Epoch::new(self.loss_epoch, self.epoch),
            primary: self.primary,
            primary_boot: hexadecimal::<BootId>("primaryBoot", &self.primary_boot)?,
            in_sync,
            members: self.members,
            min_in_sync: self.min_in_sync,
            change: Change {
                cause: self.change.cause,
                suspected_at: self.change.suspected_at_ms,
                decided_at: self.change.decided_at_ms,
            },
        };
        check(&view)?;
        Ok(view)
    }
}

fn hexadecimal<T: FromStr<Err: Display>>(key: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{key} has {text:?}, which is not a hexadecimal number: {error}"))
}

/// What holds for every view that a store may keep, whoever wrote it.
fn check(view: &View) -> Result<(), String> {
    if !view.in_sync.contains_key(&view.primary) {
        return Err(format!("the primary {} is not in inSync", view.primary));
    }
    if view.min_in_sync == 0 {
        return Err("minInSync is 0".into());
    }
    if view.version == 0 || view.epoch.number == 0 {
        return Err("version and epoch begin at 1".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;

    pub(crate) fn sample() -> View {
        let pods = ["replica-0", "replica-1", "replica-2"];
        View {
            group: GroupId(7),
            version: 3,
            epoch: Epoch::new(0, 2),
            primary: pods[0].into(),
            primary_boot: BootId(u128::MAX),
            in_sync: [(pods[0].into(), StorageId(10)), (pods[1].into(), StorageId(11))].into(),
            members: pods.map(Pod::new).into(),
            min_in_sync: 2,
            change: Change { cause: Cause::Died, suspected_at: 1_700_000_000_000, decided_at: 1_700_000_000_004 },
        }
    }

    #[test]
    fn a_view_written_and_read_is_the_same() {
        assert_eq!(read(write(&sample()).as_bytes()), Ok(sample()));
    }

    #[test]
    fn the_keys_are_those_of_the_view_object() {
        let value: serde_json::Value = serde_json::from_str(&write(&sample())).unwrap();
        for key in "groupId version epoch lossEpoch primary primaryBoot inSync members minInSync".split(' ') {
            assert!(value.get(key).is_some(), "{key} is missing");
        }
    }

    #[test]
    fn a_view_is_the_same_one_string_a_key() {
        let map = to_map(&sample());
        let shown = map.iter().map(|(key, text)| format!("{key}: {text}\n")).collect::<String>();
        let wanted = [
            r#"change: {"cause":"died","decidedAtMs":1700000000004,"suspectedAtMs":1700000000000}"#,
            "epoch: 2",
            "groupId: 00000000000000000000000000000007",
            r#"inSync: {"replica-0":"0000000000000000000000000000000a","replica-1":"0000000000000000000000000000000b"}"#,
            "lossEpoch: 0",
            r#"members: ["replica-0","replica-1","replica-2"]"#,
            "minInSync: 2",
            "primary: replica-0",
            "primaryBoot: ffffffffffffffffffffffffffffffff",
            "version: 3",
            "",
        ];
        assert_eq!(shown, wanted.join("\n"));
        assert_eq!(from_map(&map), Ok(sample()));
    }

    #[test]
    fn a_map_of_anything_else_is_refused_with_the_reason() {
        for (key, text, reason) in [
            ("version", "three", "invalid type: string \"three\""),
            ("inSync", "replica-0", "invalid type: string \"replica-0\""),
            ("inSync", "{}", "the primary replica-0 is not in inSync"),
            ("groupId", "cat", "not a hexadecimal number"),
            ("change", "null", "invalid type: null"),
        ] {
            let mut map = to_map(&sample());
            map.insert(key.into(), text.into());
            let error = from_map(&map).unwrap_err();
            assert!(error.contains(reason), "{key}: {error}");
        }
        assert!(from_map(&BTreeMap::new()).unwrap_err().contains("missing field"));
        let mut more = to_map(&sample());
        more.insert("note".into(), "do not touch".into());
        assert_eq!(from_map(&more), Ok(sample()), "what is not ours is passed over");
    }

    #[test]
    fn a_hand_edited_view_is_refused_with_the_reason() {
        let good = write(&sample());
        for (from, to, reason) in [
            ("\"minInSync\": 2", "\"minInSync\": 0", "minInSync is 0"),
            ("\"minInSync\": 2", "\"minInSync\": -1", "invalid value"),
            ("\"primary\": \"replica-0\"", "\"primary\": \"replica-9\"", "replica-9 is not in inSync"),
            ("\"version\": 3", "\"version\": 0", "begin at 1"),
            ("\"version\"", "\"verzion\"", "missing field `version`"),
            ("0000000000000000000000000000000a", "dog", "not a hexadecimal number"),
            ("\"died\"", "\"bored\"", "unknown variant"),
            ("}\n", "", "EOF"),
        ] {
            assert!(good.contains(from), "{from}");
            let error = read(good.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{to}: {error}");
        }
        assert!(read(&[0xff, 0xfe, 0]).is_err());
        assert!(read(b"").is_err());
    }

    fn cases() -> u32 {
        std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000)
    }

    const WORDS: &[&str] =
        &["", "0", "1", "-1", "1e99", "18446744073709551616", "null", "{}", "[]", "\"\"", "[\"replica-0\"]"];

    /// What may stand where something else belongs.
    fn anything() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(WORDS).prop_map(str::to_owned),
            ".{0,12}",
            any::<u64>().prop_map(|number| number.to_string())
        ]
    }

    /// What is accepted keeps the rules, and comes back as it went.
    fn check_read(read: Result<View, String>) -> Result<(), TestCaseError> {
        match read {
            Ok(view) => {
                prop_assert!(check(&view).is_ok());
                prop_assert_eq!(super::read(write(&view).as_bytes()), Ok(view.clone()));
                prop_assert_eq!(from_map(&to_map(&view)), Ok(view));
            }
            Err(why) => prop_assert!(!why.is_empty()),
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

        #[test]
        fn a_view_with_something_else_under_any_key_is_read_or_refused_in_words(which: Index, text in anything(), gone: bool) {
            let mut map = to_map(&sample());
            let key = map.keys().nth(which.index(map.len())).unwrap().clone();
            map.insert(key.clone(), text);
            if gone {
                map.remove(&key);
            }
            check_read(from_map(&map))?;
        }

        #[test]
        fn a_view_whose_bytes_are_damaged_is_read_or_refused_in_words(
            changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4), cut in prop::option::of(any::<Index>()),
        ) {
            let mut bytes = write(&sample()).into_bytes();
            changes.iter().for_each(|(place, byte)| *place.get_mut(&mut bytes) = *byte);
            let end = cut.map_or(bytes.len(), |cut| cut.index(bytes.len()));
            check_read(super::read(&bytes[..end]))?;
        }
    }
}
