//! A check as JUnit XML, which CI servers show as tests: a cell is a test case.

use super::{CellCheck, Check, Status};
use crate::support::printable::printable;
use anyhow::Result;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

const SUITE: &str = "atrous check";

/// A test case: class, name, verdict, reason, what it says.
type Case = (String, String, Status, Option<String>, String);

impl Check {
    /// The text of the file. Worse and changed cells are failures, those that were not judged are
    /// errors.
    ///
    /// # Errors
    /// None that a check can cause.
    pub fn junit(&self) -> Result<Vec<u8>> {
        let cases = self.cases();
        let count = |wanted: &[Status]| cases.iter().filter(|case| wanted.contains(&case.2)).count().to_string();
        let (tests, failures) = (cases.len().to_string(), count(&[Status::Worse, Status::Changed]));
        let errors = count(&[Status::NotJudged]);
        let totals = [("name", SUITE), ("tests", &tests), ("failures", &failures), ("errors", &errors)];

        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        writer.write_event(Event::Start(BytesStart::new("testsuites").with_attributes(totals)))?;
        writer.write_event(Event::Start(BytesStart::new("testsuite").with_attributes(totals)))?;
        for case in &cases {
            write(&mut writer, case)?;
        }
        writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
        writer.write_event(Event::End(BytesEnd::new("testsuites")))?;
        let mut text = writer.into_inner();
        text.push(b'\n');
        Ok(text)
    }

    fn cases(&self) -> Vec<Case> {
        let cell = |cell: &CellCheck| {
            let said = serde_json::to_string(cell).unwrap_or_default();
            (cell.experiment.clone(), cell.rates.clone(), cell.status, cell.reason.clone(), said)
        };
        let overall = self.overall.iter().map(|overall| {
            let said = serde_json::to_string(overall).unwrap_or_default();
            ("all cells".to_owned(), "mean".to_owned(), overall.status, overall.reason.clone(), said)
        });
        let set = self.set.iter().map(|set| {
            let said = serde_json::to_string(set).unwrap_or_default();
            let reason = (!set.obstacles.is_empty()).then(|| set.obstacles.join("; "));
            let status = if reason.is_some() { Status::NotJudged } else { Status::InLine };
            ("all runs".to_owned(), "set".to_owned(), status, reason, said)
        });
        set.chain(self.cells.iter().map(cell)).chain(overall).collect()
    }
}

fn write(writer: &mut Writer<Vec<u8>>, (class, name, status, reason, said): &Case) -> Result<()> {
    let case =
        BytesStart::new("testcase").with_attributes([("classname", &*printable(class)), ("name", &*printable(name))]);
    writer.write_event(Event::Start(case))?;
    let tag = match status {
        Status::InLine => None,
        Status::NotJudged => Some("error"),
        Status::Changed | Status::Worse => Some("failure"),
    };
    if let Some(tag) = tag {
        let message = printable(reason.as_deref().unwrap_or_default());
        let (kind, message) = (status.to_string(), message.as_str());
        let start = BytesStart::new(tag).with_attributes([("type", kind.as_str()), ("message", message)]);
        writer.write_event(Event::Start(start))?;
        writer.write_event(Event::Text(BytesText::new(message)))?;
        writer.write_event(Event::End(BytesEnd::new(tag)))?;
    }
    writer.write_event(Event::Start(BytesStart::new("system-out")))?;
    writer.write_event(Event::Text(BytesText::new(&printable(said))))?;
    writer.write_event(Event::End(BytesEnd::new("system-out")))?;
    writer.write_event(Event::End(BytesEnd::new("testcase")))?;
    Ok(())
}
