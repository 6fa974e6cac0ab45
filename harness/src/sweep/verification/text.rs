//! A verification for people.

use super::{Agreement, Verification, VerifiedFile, VerifiedRun};
use crate::conclusions::grid::grid;
use crate::support::count::count;
use crate::support::printable::printable;
use std::fmt;

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Agreement::Fits(_) => "fits",
            Agreement::Differs(_) => "differs",
            Agreement::NotChecked(_) => "not checked",
        })
    }
}

impl Agreement {
    fn reason(&self) -> &str {
        let (Agreement::Fits(reason) | Agreement::Differs(reason) | Agreement::NotChecked(reason)) = self;
        reason
    }
}

impl Verification {
    /// How many runs fit, question by question; then the reasons of all that do not.
    pub fn markdown(&self, results: &str) -> String {
        let verdict = match (self.differs(), self.not_checked()) {
            (true, _) => "not as written".to_owned(),
            (false, 0) => "as written".to_owned(),
            (false, left) => {
                format!("as written as far as it could be checked, and {left} of the findings could not be")
            }
        };
        let mut text = format!("# Verification: {verdict}\n\n{} of {results}.\n\n", count(self.runs.len(), "run"));
        let mut lines: Vec<Vec<String>> =
            ["id", "scores", "data", "rerun"].iter().filter_map(|name| self.line(name)).collect();
        let files: Vec<&Agreement> = self.files.iter().map(|file| &file.content).collect();
        lines.extend(line("files", &files));
        text += &grid(&["question", "fits", "differs", "not checked", "how, or why not"], &lines);
        for run in &self.runs {
            for (name, finding) in run.findings().filter(|(_, finding)| matches!(finding, Agreement::Differs(_))) {
                text += &format!("\n- {} ({}): {name} **{finding}**: {}", run.run, run.run_id, finding.reason());
            }
        }
        for VerifiedFile { file, content } in &self.files {
            if matches!(content, Agreement::Differs(_)) {
                text += &format!("\n- {}: **{content}**: {}", printable(file), printable(content.reason()));
            }
        }
        if self.differs() {
            text.push('\n');
        }
        text
    }

    fn line(&self, question: &str) -> Option<Vec<String>> {
        let findings: Vec<&Agreement> = self.runs.iter().filter_map(|run| answer(run, question)).collect();
        line(question, &findings)
    }
}

/// How many findings of a kind fit; `None` where there are none.
fn line(question: &str, findings: &[&Agreement]) -> Option<Vec<String>> {
    if findings.is_empty() {
        return None;
    }
    let count = |wanted: fn(&Agreement) -> bool| findings.iter().filter(|finding| wanted(finding)).count().to_string();
    Some(vec![
        question.into(),
        count(|finding| matches!(finding, Agreement::Fits(_))),
        count(|finding| matches!(finding, Agreement::Differs(_))),
        count(|finding| matches!(finding, Agreement::NotChecked(_))),
        reasons(findings),
    ])
}

fn answer<'r>(run: &'r VerifiedRun, question: &str) -> Option<&'r Agreement> {
    run.findings().find(|(name, _)| *name == question).map(|(_, finding)| finding)
}

/// Each reason once, with how often; those of differences stand below the table.
fn reasons(findings: &[&Agreement]) -> String {
    let mut found: Vec<(&str, usize)> = Vec::new();
    for finding in findings.iter().filter(|finding| !matches!(finding, Agreement::Differs(_))) {
        match found.iter_mut().find(|(reason, _)| *reason == finding.reason()) {
            Some((_, count)) => *count += 1,
            None => found.push((finding.reason(), 1)),
        }
    }
    let shown: Vec<String> = found.iter().take(3).map(|(reason, count)| format!("{reason} ({count})")).collect();
    let rest = if found.len() > 3 { format!("; {} others", found.len() - 3) } else { String::new() };
    shown.join("; ") + &rest
}
