//! The program as a user calls it: what it prints, what it writes, how it refuses, how it goes on.

mod bench;
mod commands;
mod controls;
mod device_faults;
mod erf;
mod faults;
mod gate;
mod jobs;
mod kills;
mod mounts;
mod outcome;
mod place;
mod rates;
mod refusals;
mod report;
mod results;
mod resume;
mod scoring;
mod signals;
mod weights;
