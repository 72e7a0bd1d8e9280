//! The store in a ConfigMap against an API server that is slow, away, set back, or says no. Time is the test's own.
use crate::fake::{Api, Fault, NAME, NAMESPACE};
use crate::laws::Place;
use crate::views::{first, promoted, sees, sees_view};
use group::{Epoch, View, Writer};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use view::kubernetes::ConfigMapStore;
use view::{Denial, Outcome, Sight, StoreError, ViewStore};

async fn born(api: &Api) -> ConfigMapStore {
    let store = api.open();
    assert!(store.create(first()).await.is_written());
    sees_view(&store, &first()).await;
    store
}

fn second() -> View {
    promoted(&first(), 2)
}

async fn swap(store: &ConfigMapStore) -> Outcome {
    store.compare_and_swap(1, second(), Writer::Controller).await
}

#[tokio::test(start_paused = true)]
async fn a_swap_on_what_was_seen_is_one_request_that_names_the_version() {
    let api = Api::new();
    let store = born(&api).await;
    let before = api.object()["metadata"].clone();
    api.requests();
    assert!(swap(&store).await.is_written());
    assert_eq!(api.requests(), ["PUT configmaps"]);
    assert_eq!(api.object()["metadata"]["uid"], before["uid"]);
    let third = promoted(&second(), 3);
    assert!(store.compare_and_swap(2, third, Writer::Controller).await.is_written());
    assert_eq!(api.requests(), ["PUT configmaps"], "nor on what was written by itself");
}

#[tokio::test(start_paused = true)]
async fn labels_and_owners_are_given_at_birth_and_left_alone_later() {
    let api = Api::new();
    let owner = json!({"apiVersion": "v1", "kind": "JustHungry", "name": "x", "uid": "u-x"});
    let owner = serde_json::from_value(owner).unwrap();
    let labels = [("app.kubernetes.io/instance".to_owned(), "x".to_owned())].into();
    let store = ConfigMapStore::open(api.client(), NAMESPACE, NAME).born_with(labels, vec![owner]);
    assert!(store.create(first()).await.is_written());
    sees_view(&store, &first()).await;
    api.edit(|object| object["metadata"]["annotations"] = json!({"note": "by hand"}));
    assert!(swap(&store).await.is_written());
    let metadata = &api.object()["metadata"];
    assert_eq!(metadata["labels"]["app.kubernetes.io/instance"], "x");
    assert_eq!(metadata["ownerReferences"][0]["uid"], "u-x");
    assert_eq!(metadata["annotations"]["note"], "by hand");
}

#[tokio::test(start_paused = true)]
async fn a_new_label_is_no_other_view() {
    let api = Api::new();
    let store = born(&api).await;
    // The store has not heard of the label when it writes.
    let _deaf = api.silence_watches();
    api.edit(|object| object["metadata"]["labels"] = json!({"seen": "no"}));
    assert!(swap(&store).await.is_written());
    assert_eq!(api.object()["metadata"]["labels"]["seen"], "no");
}

#[tokio::test(start_paused = true)]
async fn another_write_behind_its_back_is_a_loss() {
    let api = Api::new();
    let store = born(&api).await;
    let _deaf = api.silence_watches();
    api.edit(|object| object["data"] = json!(view::json::to_map(&promoted(&first(), 9))));
    assert!(matches!(swap(&store).await, Outcome::Lost));
    assert_eq!(store.get().await.unwrap(), Some(promoted(&first(), 9)));
}

#[tokio::test(start_paused = true)]
async fn v4_a_write_without_an_answer_is_unknown_and_may_land_later() {
    let api = Api::new();
    let store = born(&api).await;
    let gate = Arc::new(Notify::new());
    api.fails(Fault::Late(gate.clone()));
    let began = Instant::now();
    let outcome = swap(&store).await;
    assert!(matches!(outcome, Outcome::Unknown(StoreError::Late { .. })), "{outcome:?}");
    assert!(began.elapsed() <= Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(store.get().await.unwrap(), Some(first()), "a read that shows the base settles nothing");
    gate.notify_one();
    sees_view(&store, &second()).await;
}

#[tokio::test(start_paused = true)]
async fn v4_a_late_write_loses_to_one_that_forced_an_end() {
    let api = Api::new();
    let store = born(&api).await;
    let gate = Arc::new(Notify::new());
    api.fails(Fault::Late(gate.clone()));
    assert!(matches!(swap(&store).await, Outcome::Unknown(_)));
    let forced = promoted(&first(), 3);
    assert!(store.compare_and_swap(1, forced.clone(), Writer::Controller).await.is_written());
    gate.notify_one();
    tokio::task::yield_now().await;
    assert_eq!(store.get().await.unwrap(), Some(forced));
}

#[tokio::test(start_paused = true)]
async fn v4_a_broken_connection_and_a_failing_server_leave_it_unknown() {
    for fault in [Fault::Cut, Fault::Status(500, "InternalError"), Fault::Status(503, "ServiceUnavailable")] {
        let api = Api::new();
        let store = born(&api).await;
        api.fails(fault.clone());
        let outcome = swap(&store).await;
        let Outcome::Unknown(error) = outcome else { panic!("{outcome:?}") };
        assert!(error.to_string().starts_with("write ConfigMap ns/x-view: "), "{error}");
        let landed = matches!(fault, Fault::Cut);
        assert_eq!(store.get().await.unwrap(), Some(if landed { second() } else { first() }));
    }
}

#[tokio::test(start_paused = true)]
async fn what_admission_forbids_is_refused_in_its_own_words() {
    for (code, reason) in [(403, "Forbidden"), (422, "Invalid"), (401, "Unauthorized")] {
        let api = Api::new();
        let store = born(&api).await;
        api.fails(Fault::Status(code, reason));
        let outcome = swap(&store).await;
        let why = format!("the fake says {reason}");
        assert!(matches!(&outcome, Outcome::Refused(denial) if *denial == Denial::Server { code, why }), "{outcome:?}");
        assert_eq!(store.get().await.unwrap(), Some(first()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_with_its_own_first_sending_is_no_loss() {
    let api = Api::new();
    let store = born(&api).await;
    api.fails(Fault::Twice);
    assert!(swap(&store).await.is_written());
}

#[tokio::test(start_paused = true)]
async fn an_object_that_was_made_anew_is_not_the_one_that_was_read() {
    let api = Api::new();
    let store = born(&api).await;
    let _deaf = api.silence_watches();
    api.delete();
    assert!(matches!(swap(&store).await, Outcome::Lost), "it is gone");
    assert!(api.open().create(promoted(&first(), 9)).await.is_written());
    assert!(matches!(swap(&store).await, Outcome::Lost), "it is another one");
}

#[tokio::test(start_paused = true)]
async fn v3_an_outage_shows_what_was_seen_last_and_never_that_the_view_is_missing() {
    let api = Api::new();
    let (store, other) = (born(&api).await, api.open());
    let mut watch = store.watch();
    watch.borrow_and_update();
    api.is_down(true);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!watch.has_changed().unwrap());
    assert!(matches!(store.get().await, Err(StoreError::Api { .. })));
    assert!(matches!(swap(&store).await, Outcome::Unknown(_)));
    assert!(api.requests().len() < 300, "nobody hammers at it");
    api.is_down(false);
    assert!(swap(&other).await.is_written());
    sees_view(&store, &second()).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_opened_during_an_outage_has_read_nothing_yet() {
    let api = Api::new();
    drop(born(&api).await);
    api.is_down(true);
    let store = api.open();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(*store.watch().borrow(), Sight::Unread);
    api.is_down(false);
    sees_view(&store, &first()).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_ends_a_watch_it_is_begun_anew() {
    let api = Api::new();
    let (store, other) = (born(&api).await, api.open());
    let mut current = first();
    for round in 0..8 {
        match round % 2 {
            0 => api.cut_watches(),
            _ => {
                // Too old a version: the server forgets its history while nobody watches.
                api.compact();
                api.cut_watches();
            }
        }
        let next = promoted(&current, 10 + round);
        assert!(other.compare_and_swap(current.version, next.clone(), Writer::Controller).await.is_written());
        sees_view(&store, &next).await;
        current = next;
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_went_silent_is_given_up_in_time() {
    let api = Api::new();
    let (store, other) = (born(&api).await, api.open());
    let _deaf = api.silence_watches();
    let began = Instant::now();
    assert!(swap(&other).await.is_written());
    sees_view(&store, &second()).await;
    assert!(began.elapsed() < Duration::from_secs(13), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn v3_a_server_set_back_to_an_earlier_backup_is_noticed() {
    let api = Api::new();
    let store = born(&api).await;
    assert!(swap(&store).await.is_written());
    sees_view(&store, &second()).await;
    api.restore(&first(), 1);
    sees_view(&store, &first()).await;
}

#[tokio::test(start_paused = true)]
async fn anothers_object_under_our_name_is_never_obeyed_nor_overwritten() {
    let api = Api::new();
    api.occupy(json!({"theirs": "yes"}));
    let store = api.open();
    let seen = sees(&store, |sight| *sight != Sight::Unread).await;
    assert!(matches!(&seen, Sight::Unreadable(why) if why.contains("ConfigMap ns/x-view")), "{seen:?}");
    assert!(matches!(store.create(first()).await, Outcome::Lost));
    assert!(matches!(store.get().await, Err(StoreError::Damaged { version: 0, .. })));
    let again = View { version: 3, epoch: Epoch::new(1, 2), ..first() };
    let outcome = store.rebuild(Some(0), again).await;
    assert!(matches!(outcome, Outcome::Refused(Denial::Foreign { .. })), "{outcome:?}");
    assert_eq!(api.object()["data"], json!({"theirs": "yes"}));
}

#[tokio::test(start_paused = true)]
async fn a_view_whose_keys_were_emptied_can_be_rebuilt() {
    let api = Api::new();
    let store = born(&api).await;
    api.edit(|object| drop(object.as_object_mut().unwrap().remove("data")));
    sees(&store, |sight| matches!(sight, Sight::Unreadable(_))).await;
    let again = View { version: 2, epoch: Epoch::new(1, 2), ..first() };
    assert!(store.rebuild(Some(0), again.clone()).await.is_written());
    sees_view(&store, &again).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_followed_for_a_store_that_is_gone() {
    let api = Api::new();
    drop(born(&api).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    api.requests();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(api.requests(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_once_with_the_cause_behind_it() {
    let failing = Fault::Status(500, "InternalError");
    for (fault, cause) in [(Fault::Cut, "connection reset"), (failing, "the fake says InternalError (500)")] {
        let api = Api::new();
        let store = born(&api).await;
        api.fails(fault);
        let Outcome::Unknown(error) = swap(&store).await else { panic!("{cause}") };
        assert_eq!(error.to_string().matches(cause).count(), 1, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn v2_a_birth_ends_as_the_api_server_says() {
    let api = Api::new();
    let store = api.open();
    for (code, reason) in [(404, "NotFound"), (403, "Forbidden")] {
        api.fails(Fault::Status(code, reason));
        let outcome = store.create(first()).await;
        let refused = matches!(&outcome, Outcome::Refused(Denial::Server { code: said, .. }) if *said == code);
        assert!(refused, "without a namespace nothing was lost to another: {outcome:?}");
    }
    api.fails(Fault::Status(500, "InternalError"));
    assert!(matches!(store.create(first()).await, Outcome::Unknown(_)));
    api.fails(Fault::Cut);
    assert!(matches!(store.create(first()).await, Outcome::Unknown(_)));
    assert!(matches!(store.create(first()).await, Outcome::Lost), "it was made before the connection broke");
}

#[tokio::test(start_paused = true)]
async fn v3_a_rebuild_ends_as_the_api_server_says() {
    let again = View { version: 3, epoch: Epoch::new(1, 2), ..first() };
    let conflict = Fault::Status(409, "Conflict");
    for (fault, wanted) in [(conflict, "Lost"), (Fault::Status(422, "Invalid"), "Refused"), (Fault::Cut, "Unknown")] {
        let api = Api::new();
        let store = born(&api).await;
        api.fails(fault);
        let outcome = format!("{:?}", store.rebuild(Some(1), again.clone()).await);
        assert!(outcome.starts_with(wanted), "{outcome}");
    }
    let api = Api::new();
    let store = born(&api).await;
    api.is_down(true);
    assert!(matches!(store.rebuild(Some(1), again).await, Outcome::Unknown(_)), "nobody knows what is there");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_never_answered_is_given_up() {
    let api = Api::new();
    let store = born(&api).await;
    api.is_deaf_to(Some("GET"));
    let read = tokio::time::timeout(Duration::from_secs(10), store.get()).await.expect("it ends");
    assert!(matches!(read, Err(StoreError::Late { .. })), "{read:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_and_a_watch_that_are_never_answered_are_asked_for_again() {
    for verb in ["GET", "WATCH"] {
        let api = Api::new();
        drop(born(&api).await);
        api.is_deaf_to(Some(verb));
        let store = api.open();
        tokio::time::sleep(Duration::from_secs(1)).await;
        api.is_deaf_to(None);
        // What the list shows is not enough: it must be followed from there.
        sees_view(&store, &first()).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let began = Instant::now();
        assert!(swap(&api.open()).await.is_written());
        sees_view(&store, &second()).await;
        assert!(began.elapsed() < Duration::from_secs(1), "{verb}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_fails_is_asked_again_at_once_and_then_ever_more_rarely() {
    let api = Api::new();
    let store = born(&api).await;
    api.is_down(true);
    tokio::time::sleep(Duration::from_secs(60)).await;
    api.requests();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let asked = api.requests().len();
    assert!((15..=25).contains(&asked), "twice a second: {asked}");
    api.is_down(false);
    // A watch that lived makes it a new trouble, which may be over in a moment.
    tokio::time::sleep(Duration::from_secs(5)).await;
    sees_view(&store, &first()).await;
    api.is_down(true);
    tokio::time::sleep(Duration::from_millis(10)).await;
    api.is_down(false);
    let began = Instant::now();
    assert!(swap(&api.open()).await.is_written());
    sees_view(&store, &second()).await;
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_every_watch_at_once_is_not_asked_all_the_time() {
    let api = Api::new();
    let store = born(&api).await;
    api.is_brief(true);
    api.cut_watches();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(api.requests().len() < 300, "a list and a watch, twice a second");
    assert!(swap(&api.open()).await.is_written());
    sees_view(&store, &second()).await;
}
