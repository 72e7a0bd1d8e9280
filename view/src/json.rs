//! The view as text: the keys of the view object, the same in a file and in a ConfigMap. Private to stores; programs pass `View`.
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, View};
use serde::{Deserialize, Serialize};
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

/// The view as JSON, with a line end.
pub fn write(view: &View) -> String {
    let change = ChangeText {
        cause: view.change.cause,
        suspected_at_ms: view.change.suspected_at,
        decided_at_ms: view.change.decided_at,
    };
    let text = Text {
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
    };
    serde_json::to_string_pretty(&text).expect("maps with string keys always become JSON") + "\n"
}

/// Reads what [`write`] wrote, or what a person made of it. The error says what is wrong, in words.
pub fn read(bytes: &[u8]) -> Result<View, String> {
    let text: Text = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut in_sync = BTreeMap::new();
    for (pod, storage) in text.in_sync {
        let storage: StorageId = hexadecimal("inSync", &storage)?;
        in_sync.insert(pod, storage);
    }
    let view = View {
        group: hexadecimal::<GroupId>("groupId", &text.group_id)?,
        version: text.version,
        epoch: Epoch::new(text.loss_epoch, text.epoch),
        primary: text.primary,
        primary_boot: hexadecimal::<BootId>("primaryBoot", &text.primary_boot)?,
        in_sync,
        members: text.members,
        min_in_sync: text.min_in_sync,
        change: Change {
            cause: text.change.cause,
            suspected_at: text.change.suspected_at_ms,
            decided_at: text.change.decided_at_ms,
        },
    };
    check(&view)?;
    Ok(view)
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
}
