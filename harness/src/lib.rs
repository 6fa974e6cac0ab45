//! Sweeps atrous rates over data sets: spec -> runs -> run directories -> rows -> conclusions ->
//! page.
//!
//! The modules are the rooms of a house, from the top floor down. Each imports only those below it:
//! [`cmd`], [`report`], [`measure`], [`sweep`], [`conclusions`], [`run`], [`results`],
//! [`experiment`], [`support`].

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read what they have written themselves"))]

pub mod cmd;
pub mod conclusions;
pub mod experiment;
pub mod measure;
pub mod report;
pub mod results;
pub mod run;
pub mod support;
pub mod sweep;
