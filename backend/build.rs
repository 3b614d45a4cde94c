//! The web app is embedded: a server that was built before it, or with an older one, is built again.

fn main() {
    println!("cargo::rerun-if-changed=../frontend/dist");
    println!("cargo::rerun-if-changed=../migrations");
}
