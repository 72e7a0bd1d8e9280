//! Laws that hold whatever a controller sees: what it decides is admitted, adds no disk, and is not decided on a lost view.
use super::*;
use crate::view::Writer;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    Link(usize, Link),
    Answer(usize, Says),
    Told(usize, u128, Sign),
    Ask,
    Obey,
    Stored(u8, bool),
}

/// How a status differs from that of a sound member.
#[derive(Clone, Debug)]
struct Says {
    boot: u128,
    storage: u128,
    seq: Seq,
    commit: Seq,
    role: Role,
    flags: u8,
    suspects: Vec<(usize, Sign)>,
    lags: u64,
}

fn signs() -> impl Strategy<Value = Sign> {
    prop_oneof![Just(Sign::Silent), Just(Sign::Refused), Just(Sign::Reborn)]
}

fn says() -> impl Strategy<Value = Says> {
    let roles = [Role::Waiting, Role::Backup, Role::Learner, Role::Primary, Role::Draining, Role::Halted];
    let disk = (0..3u128, prop_oneof![9 => Just(0u128), 1 => Just(50u128)]);
    let suspects = proptest::collection::vec((0..3usize, signs()), 0..2);
    let flags = prop_oneof![6 => Just(0u8), 1 => 0..32u8];
    (disk, 40..60u64, 40..60u64, proptest::sample::select(roles.to_vec()), flags, suspects, 0..3u64).prop_map(
        |((boot, storage), seq, commit, role, flags, suspects, lags)| Says {
            boot,
            storage,
            seq,
            commit: commit.min(seq),
            role,
            flags,
            suspects,
            lags,
        },
    )
}

fn events() -> impl Strategy<Value = Event> {
    let links = proptest::sample::select(vec![Link::Up, Link::Up, Link::Up, Link::Closed, Link::Refused, Link::Silent]);
    prop_oneof![
        2 => (0..900u64).prop_map(Event::Pass),
        4 => (0..3usize, links).prop_map(|(n, link)| Event::Link(n, link)),
        8 => (0..3usize, says()).prop_map(|(n, says)| Event::Answer(n, says)),
        1 => (0..3usize, 0..3u128, signs()).prop_map(|(n, boot, sign)| Event::Told(n, boot, sign)),
        2 => Just(Event::Ask),
        3 => Just(Event::Obey),
        1 => (0..4u8, any::<bool>()).prop_map(|(what, afresh)| Event::Stored(what, afresh)),
    ]
}

/// What a member says, given the newest view that there is.
fn spoken(n: usize, says: &Says, newest: Option<&View>) -> Status {
    let mut status = if newest.is_none() || says.flags & 1 != 0 { blank(n) } else { status(n) };
    status.me.boot.0 += says.boot * 1_000;
    status.me.storage.0 += says.storage;
    status.role = says.role;
    status.stalled = says.flags & 2 != 0;
    status.unhealthy = (says.flags & 4 != 0).then(|| "unsound".into());
    status.suspects = says.suspects.iter().map(|(n, sign)| Suspect { pod: pod(*n), sign: *sign }).collect();
    if let (Some(newest), true) = (newest, status.group.is_some()) {
        let version = newest.version.saturating_sub(says.lags).max(1);
        status.group = Some(newest.group);
        status.promised = newest.epoch;
        status.view = Some(View { version, ..newest.clone() });
        tail(&mut status, newest.epoch.number, says.seq);
        status.commit = says.commit;
    }
    status
}

/// Checks a decision against the laws and, if it is to be carried out, does so.
fn obey(story: &mut Story, newest: &mut Option<View>, decision: Decision) {
    match decision {
        Decision::Write { base, next } => {
            let current = story.seen.view().expect("a view is written on a view").clone();
            assert_eq!(base, current.version);
            assert_eq!(current.admits(&next, &Writer::Controller), Ok(()));
            assert!(next.pairs().all(|(pod, storage)| current.holds(pod, storage)), "a disk was added");
            let known = story
                .seen
                .members()
                .filter(|(_, member)| member.status.as_ref().is_some_and(|s| s.group == Some(current.group)));
            for (pod, member) in known {
                assert!(
                    member.knows().is_none_or(|knows| knows <= (current.epoch, current.version)),
                    "{pod} knows more"
                );
            }
            *newest = Some(next.clone());
            story.store(Store::Is(next));
        }
        Decision::Birth(first) => {
            assert_eq!(*story.seen.store(), Store::Missing);
            assert_eq!(first.members.len(), first.in_sync.len());
            for (_, member) in story.seen.members() {
                assert!(member.status.as_ref().is_none_or(|status| status.group.is_none()));
            }
            *newest = Some(first.clone());
            story.store(Store::Is(first));
        }
        Decision::ReadStore => {
            story.pass(1);
            let store = newest.clone().map_or(Store::Missing, Store::Is);
            story.store(store);
        }
        Decision::Ask { pods, until } => {
            assert!(!pods.is_empty() && until > story.now);
            story.seen.asked(&pods, story.now);
        }
        Decision::Wait { until, .. } => assert!(until.is_none_or(|until| until > story.now), "a wait for the past"),
        Decision::Nothing | Decision::Lost(_) => {}
    }
}

fn happens(story: &mut Story, newest: &mut Option<View>, event: Event) {
    match event {
        Event::Pass(ms) => drop(story.pass(ms)),
        Event::Link(n, link) => drop(story.link(n, link)),
        Event::Answer(n, says) => story.seen.answered(spoken(n, &says, newest.as_ref()), story.now),
        Event::Told(n, boot, sign) => {
            let boot = BootId(100 + n as u128 + 1_000 * boot);
            story.seen.told("front", &pod(n), boot, sign, story.now);
        }
        Event::Ask => {
            let decision = story.decide();
            if matches!(decision, Decision::Ask { .. }) {
                obey(story, newest, decision);
            }
        }
        Event::Obey => {
            let decision = story.decide();
            obey(story, newest, decision);
        }
        Event::Stored(what, afresh) => {
            let store = match (what, &*newest) {
                (0, _) => Store::Missing,
                (1, _) => Store::Unreadable("damaged".into()),
                (2, Some(view)) => Store::Is(View { version: view.version.saturating_sub(1).max(1), ..view.clone() }),
                (_, Some(view)) => Store::Is(view.clone()),
                (_, None) => Store::Missing,
            };
            story.seen.stored(store, afresh, story.now);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_is_admitted_and_adds_no_disk(
        born in any::<bool>(),
        jitter in 0..60u64,
        min in 1..4usize,
        events in proptest::collection::vec(events(), 1..120),
    ) {
        let mut story = if born { Story::well() } else { Story::begin() };
        (story.wish.jitter_ms, story.wish.min_in_sync) = (jitter, min);
        let mut newest = born.then(view);
        for event in events {
            happens(&mut story, &mut newest, event);
            story.decide();
        }
    }
}
