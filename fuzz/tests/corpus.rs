//! Tries all that the fuzzers have found worth keeping, without them.

use std::fs;
use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        println!("{}", file.display());
        check(&fs::read(file).unwrap());
        files += 1;
    }
    assert!(files > 0);
}

#[test]
fn frames() {
    replay("frames", cluster_rs_fuzz::frames);
}

#[test]
fn control() {
    replay("control", cluster_rs_fuzz::control);
}
