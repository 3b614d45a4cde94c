//! Migrations are embedded: a changed one builds this crate again.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
