#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| cluster_rs_fuzz::control(input));

/// Without cargo-fuzz there is nothing to run.
#[cfg(not(fuzzing))]
fn main() {}
