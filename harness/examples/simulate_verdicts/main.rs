//! How often verdicts err on made-up sections of which the truth is known: the same analysis as
//! that of real runs, from pixel counts on.
//!
//!     cargo run --release --example simulate_verdicts -- --rounds 2000
//!
//! prints the tables of docs/notes/verdicts.md.

mod section;
mod table;

use clap::Parser;

/// Simulate sections of which the truth is known, and count the verdicts that are wrong
#[derive(Debug, Parser)]
struct Args {
    /// Sections per line of the tables
    #[arg(long, default_value_t = 2000)]
    rounds: u64,
}

fn main() {
    let Args { rounds } = Args::parse();
    println!(
        "{rounds} sections per cell; the standard error of 5 % is {:.1} %.",
        100.0 * (0.05 * 0.95 / rounds as f64).sqrt()
    );
    for table in table::all() {
        print!("\n{}", table.text(rounds));
    }
}

#[cfg(test)]
mod tests;
