#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| atrous_fuzz::files::spec(bytes));
