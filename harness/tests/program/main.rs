//! The program as a user calls it: what it prints, what it writes, how it refuses, how it goes on.

mod bench;
mod commands;
mod controls;
mod corpus;
mod device_faults;
mod erf;
mod faults;
mod gate;
mod hostile;
mod jobs;
mod kills;
mod limits;
mod mounts;
mod outcome;
mod place;
mod properties;
mod rates;
mod refusals;
mod report;
mod results;
mod resume;
mod scoring;
mod shards;
mod signals;
mod verify;
mod weights;
