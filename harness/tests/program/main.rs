//! The program as a user calls it: what it prints, what it writes, how it refuses, how it goes on.

mod bench;
mod commands;
mod controls;
mod corpus;
mod erf;
mod gate;
mod hostile;
mod jobs;
mod limits;
mod outcome;
mod place;
mod rates;
mod refusals;
mod report;
mod results;
mod resume;
mod scoring;
mod weights;
