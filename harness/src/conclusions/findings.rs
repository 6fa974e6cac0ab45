//! An audit's findings, each as a test that the formulas of before fail: a copy of them stands
//! beside the one that holds. docs/notes/verdicts.md has the table.

mod evidence;
mod former;
mod sections;
