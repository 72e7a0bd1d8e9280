//! Whether an object that exists is as planned, and whose it is. Pure.
use super::installation::Installation;
use serde_json::Value;

/// The annotation that tells what was last applied, so that what is no longer planned is noticed.
pub(crate) const PLAN_ANNOTATION: &str = "justhungry.dev/plan";

/// Whether `live` belongs to this installation. What does not is never touched.
pub(crate) fn is_ours(live: &Value, installation: &Installation) -> bool {
    let owners = live.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == installation.uid.as_str()))
}

/// Whether nothing need be applied: everything planned is there, and it was applied from this very plan.
pub(crate) fn covers(live: &Value, planned: &Value) -> bool {
    match (live, planned) {
        (Value::Object(live), Value::Object(planned)) => {
            planned.iter().all(|(key, planned)| live.get(key).is_some_and(|live| covers(live, planned)))
        }
        (Value::Array(live), Value::Array(planned)) => {
            live.len() == planned.len() && live.iter().zip(planned).all(|(live, planned)| covers(live, planned))
        }
        _ => live == planned,
    }
}

/// The plan with the annotation that names it.
pub(crate) fn stamped(mut planned: Value) -> Value {
    let hash = hash(&planned.to_string());
    planned["metadata"]["annotations"][PLAN_ANNOTATION] = format!("{hash:016x}").into();
    planned
}

/// FNV-1a: told apart are plans of our own, not those of an adversary.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_adds_is_no_difference_and_what_people_change_is() {
        let planned = stamped(json!({"metadata": {"name": "x"}, "spec": {"replicas": 3, "ports": [{"port": 1}]}}));
        let mut live = planned.clone();
        live["spec"]["paused"] = false.into();
        live["spec"]["ports"][0]["nodePort"] = 9.into();
        assert!(covers(&live, &planned));
        live["spec"]["replicas"] = 4.into();
        assert!(!covers(&live, &planned));
    }

    #[test]
    fn a_field_that_is_no_longer_planned_is_noticed() {
        let before = stamped(json!({"spec": {"a": 1, "b": 2}}));
        let after = stamped(json!({"spec": {"a": 1}}));
        assert!(!covers(&before, &after));
    }
}
