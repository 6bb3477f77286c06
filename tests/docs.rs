//! docs/commands.md says what the command table says. `UPDATE_EXPECT=1 cargo test --test docs` writes
//! it anew.

use headcount::command::reference;
use std::fs;
use std::path::Path;

#[test]
fn commands_are_documented_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let wanted = reference::markdown();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &wanted).expect("docs/commands.md is written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == wanted,
        "docs/commands.md is not what the table says: run `UPDATE_EXPECT=1 cargo test --test docs`"
    );
}
