//! The page about orders says what the table says.

use std::path::Path;

#[test]
fn the_page_about_orders_is_the_table() {
    let page = order::document::orders_page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/orders.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/orders.md is not what the table says; run UPDATE_DOCS=1 cargo test -p order");
}
