//! The stores from outside. What holds for every store is a law (`laws.rs`), tested on both; what only one of them can do wrong is tested beside it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]
mod addresses;
mod config_map;
mod fake;
mod file;
mod laws;
mod views;

/// Every law on every store.
macro_rules! laws {
    ($($law:ident)*) => {
        mod on_files {
            $(#[tokio::test] async fn $law() { crate::laws::$law(&crate::file::Directory::new()).await })*
        }
        mod on_config_maps {
            $(#[tokio::test] async fn $law() { crate::laws::$law(&crate::fake::Api::new()).await })*
        }
    };
}

laws! {
    v2_a_view_is_created_once_and_never_over_another
    an_empty_store_has_no_view_and_swaps_nothing
    the_store_itself_refuses_what_the_rules_forbid
    of_eight_writers_on_one_base_exactly_one_wins_each_time
    v3_a_deleted_and_a_rolled_back_view_are_reported
    v3_a_rebuilt_view_replaces_a_missing_and_an_older_one_and_nothing_else
    v3_a_rebuilt_view_is_of_a_higher_version_than_the_stored_one
    whoever_begins_to_watch_late_is_told_what_is_there
    what_one_writes_all_others_see
    a_damaged_view_is_an_error_and_never_passed_over
    a_write_goes_on_when_whoever_asked_is_gone
}
