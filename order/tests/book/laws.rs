//! Laws that hold whatever is asked, in whatever order.

use order::State;
use order::command::Action;
use order::delta::{Delta, Record, RecordKey};
use order::payment::PaymentState;
use order::reply::{Refusal, Reply};
use order::stage::Stage;
use proptest::prelude::*;

use crate::fixture::*;
use crate::plans::{plans, play};

fn all_records(state: &State) -> Vec<Record> {
    state.slice(None, usize::MAX).0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn the_same_commands_lead_to_the_same_digest_on_primary_and_backup(plans in plans()) {
        let (mut primary, mut again, mut backup) = (book(), book(), book());
        play(&mut primary, &plans, |_, _, _, delta, _| delta.iter().for_each(|delta| backup.apply(delta)));
        play(&mut again, &plans, |_, _, _, _, _| {});
        prop_assert_eq!(primary.digest(), again.digest());
        prop_assert_eq!(primary.digest(), backup.digest());
        prop_assert!(primary == backup);
    }

    #[test]
    fn no_order_takes_a_step_outside_the_table_and_none_leaves_a_final_stage(plans in plans()) {
        let mut state = book();
        play(&mut state, &plans, |state, _, _, delta, _| {
            for record in delta.iter().flat_map(|delta| &delta.puts) {
                let Record::Order(after) = record else { continue };
                assert!(after.is_sound(), "{:?}", after.history);
                if let Some(before) = state.order(after.id) {
                    assert!(!before.order.stage.is_terminal(), "{after:?}");
                    assert!(after.history.starts_with(&before.order.history), "history is only added to");
                }
            }
        });
    }

    #[test]
    fn money_is_conserved_total_is_lines_and_fee(plans in plans()) {
        let mut state = book();
        play(&mut state, &plans, |_, _, _, _, reply| {
            if let Reply::Placed { order, .. } | Reply::Moved { order, .. } = reply {
                let lines: i64 = order.lines().map(|line| line.amount()).sum();
                assert_eq!(order.order.subtotal, lines);
                assert_eq!(order.order.total(), lines + order.order.fee);
                assert!(lines >= 0 && order.order.fee >= 0);
            }
        });
    }

    #[test]
    fn applying_a_delta_twice_is_applying_it_once(plans in plans()) {
        let (mut state, mut twice) = (book(), book());
        play(&mut state, &plans, |_, _, _, delta, _| {
            for delta in delta.iter().chain(delta) {
                twice.apply(delta);
            }
        });
        prop_assert_eq!(state.digest(), twice.digest());
    }

    #[test]
    fn slices_taken_while_the_state_changes_and_the_deltas_since_are_the_state(plans in plans(), size in 1..5usize) {
        let mut state = book();
        let (mut records, mut deltas): (Vec<Record>, Vec<Delta>) = (Vec::new(), Vec::new());
        let mut cursor: Option<Option<RecordKey>> = Some(None);
        play(&mut state, &plans, |state, _, _, delta, _| {
            if let Some(after) = &cursor {
                let (slice, next) = state.slice(after.as_ref(), size);
                records.extend(slice);
                cursor = next.map(Some);
            }
            deltas.extend(delta.clone());
        });
        while let Some(after) = cursor {
            let (slice, next) = state.slice(after.as_ref(), size);
            records.extend(slice);
            cursor = next.map(Some);
        }
        let mut restored = State::new();
        records.into_iter().for_each(|record| restored.load(record));
        deltas.iter().for_each(|delta| restored.apply(delta));
        prop_assert!(restored == state);
        prop_assert_eq!(restored.digest(), state.digest());
        let listing = order::query::OrdersQuery { limit: 100, ..Default::default() };
        prop_assert_eq!(restored.orders(&listing), state.orders(&listing), "the indexes too");
        prop_assert_eq!(restored.due(u64::MAX, 100), state.due(u64::MAX, 100));
    }

    #[test]
    fn a_repeated_request_is_executed_once(plans in plans()) {
        let mut state = book();
        play(&mut state, &plans, |state, now, command, delta, reply| {
            let (Some(_), Some(delta)) = (&command.keyed, delta) else { return };
            let mut after = state.clone();
            after.apply(delta);
            let (again, repeated) = after.execute(now, command);
            assert!(again.is_none(), "{command:?} was executed twice");
            match (reply, repeated) {
                (Reply::Placed { order: first, .. }, Reply::Placed { order, replayed: true }) => assert_eq!(&order, first),
                (Reply::Moved { order: first, .. }, Reply::Moved { order, replayed: true, .. }) => assert_eq!(&order, first),
                (Reply::Restaurant { .. }, Reply::Restaurant { replayed: true, .. }) => {}
                (Reply::Done, Reply::Done) => {}
                other => panic!("another answer the second time: {other:?}"),
            }
        });
    }

    #[test]
    fn a_move_repeated_after_others_is_answered_as_the_first_time(plans in plans()) {
        let (mut state, mut first) = (book(), Vec::new());
        play(&mut state, &plans, |_, now, command, delta, reply| {
            let (Some(_), Some(_), Reply::Moved { order, .. }) = (&command.keyed, delta, reply) else { return };
            first.push((now, command.clone(), order.clone()));
        });
        for (now, command, moved) in first {
            let (again, Reply::Moved { order, replayed: true, .. }) = state.execute(now, &command) else {
                continue; // A trim has forgotten its key.
            };
            prop_assert!(again.is_none());
            prop_assert_eq!(&*order.order, &*moved.order, "{:?}", command.action);
        }
    }

    #[test]
    fn a_refusal_changes_nothing_and_a_change_is_not_empty(plans in plans()) {
        let mut state = book();
        play(&mut state, &plans, |_, _, _, delta, reply| {
            if matches!(reply, Reply::Refused(_)) {
                assert!(delta.is_none());
            }
            assert!(delta.as_ref().is_none_or(|delta| !delta.puts.is_empty() || !delta.deletes.is_empty()));
        });
    }

    #[test]
    fn the_same_records_in_any_order_have_the_same_digest(plans in plans()) {
        let mut state = book();
        play(&mut state, &plans, |_, _, _, _, _| {});
        let mut backwards = State::new();
        all_records(&state).into_iter().rev().for_each(|record| backwards.load(record));
        prop_assert_eq!(backwards.digest(), state.digest());
    }

    #[test]
    fn nothing_panics_at_any_time_of_any_calendar(plans in plans(), now: u64, huge: u64) {
        let state = book();
        for plan in plans {
            let mut command = plan.command;
            if let Action::Place(order) = &mut command.action {
                order.fulfil_at_ms = Some(huge);
                order.items.iter_mut().for_each(|line| line.quantity = huge as u32);
                order.expect.total = Some(huge as i64);
            }
            state.execute(now, &command);
            state.due(now, huge as usize);
            let Action::Place(order) = &command.action else { continue };
            state.quote(now, order);
        }
    }
}

#[test]
fn the_plans_reach_every_stage_every_end_of_a_payment_and_a_full_kitchen() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut reached, mut paid, mut full): (Vec<Stage>, Vec<PaymentState>, usize) = (Vec::new(), Vec::new(), 0);
    for _ in 0..400 {
        let plans = plans().new_tree(&mut runner).unwrap().current();
        let mut state = crowded();
        play(&mut state, &plans, |_, _, _, delta, reply| {
            match reply {
                Reply::Placed { order, .. } | Reply::Moved { order, .. } => paid.push(order.order.payment.state),
                Reply::Refused(Refusal::Issues(found)) => {
                    full += found.iter().filter(|issue| issue.code() == "slot_full").count();
                }
                _ => {}
            }
            for event in delta.iter().flat_map(|delta| &delta.events) {
                if !reached.contains(&event.stage) {
                    reached.push(event.stage);
                }
            }
        });
    }
    reached.sort_unstable();
    let missing: Vec<&Stage> = Stage::ALL.iter().filter(|stage| !reached.contains(stage)).collect();
    assert!(missing.is_empty(), "never reached: {missing:?}");
    let missing: Vec<&PaymentState> = PaymentState::ALL.iter().filter(|state| !paid.contains(state)).collect();
    assert!(missing.is_empty() && full > 10, "never reached: {missing:?}; {full} times full");
}
