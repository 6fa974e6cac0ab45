//! The program as a user calls it: what it prints, what it writes, how it refuses, how it goes on.

#![allow(clippy::disallowed_methods, reason = "tests read what they have written themselves")]

mod attacks;
mod bench;
mod command_line;
mod commands;
mod controls;
mod corpus;
mod damage;
mod described;
mod descriptions;
mod device_faults;
mod disk_errors;
mod erf;
mod exports;
mod faults;
mod faults_page;
mod gate;
mod hostile;
mod inputs;
mod jobs;
mod kills;
mod layouts;
mod limits;
mod mounts;
mod outcome;
mod place;
mod plausible;
mod properties;
mod rates;
mod refusals;
mod report;
mod results;
mod resume;
mod rooms;
mod scoring;
mod shards;
mod signals;
mod specs;
mod status;
mod talk;
mod tamper;
mod tensorboard;
mod terminals;
mod verify;
mod weights;
