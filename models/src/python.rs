//! Python literals, as configurations are written in them. Nothing is executed: what is no literal
//! is [`PythonLiteral::Other`].

/// Brackets that may stand in each other.
const MOST_NESTED: usize = 64;

/// A literal of Python.
#[derive(Clone, Debug, PartialEq)]
pub enum PythonLiteral {
    None,
    Bool(bool),
    Number(f64),
    Text(String),
    /// A list or a tuple.
    List(Vec<PythonLiteral>),
    /// `dict(a=1)` or `{'a': 1}`; a later entry replaces an earlier one of the same key.
    Dict(Vec<(String, PythonLiteral)>),
    /// What would have to be computed or looked up.
    Other,
}

impl PythonLiteral {
    /// Gives the entry of a dict.
    pub fn get(&self, key: &str) -> Option<&PythonLiteral> {
        let Self::Dict(entries) = self else { return None };
        entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Gives whole numbers of at least 0: those of a list, or the number alone.
    pub fn whole_numbers(&self) -> Option<Vec<usize>> {
        match self {
            Self::List(values) => values.iter().map(Self::whole_number).collect(),
            number => number.whole_number().map(|number| vec![number]),
        }
    }

    /// Gives a whole number of at least 0.
    pub fn whole_number(&self) -> Option<usize> {
        match self {
            Self::Number(number) if number.fract() == 0.0 && (0.0..1e15).contains(number) => Some(*number as usize),
            _ => None,
        }
    }

    /// Gives the texts of a list.
    pub fn texts(&self) -> Option<Vec<String>> {
        let Self::List(values) = self else { return None };
        let text = |value: &Self| if let Self::Text(text) = value { Some(text.clone()) } else { None };
        values.iter().map(text).collect()
    }

    /// Gives the value of a `NAME = ...` of a file's first level; of several the last.
    ///
    /// # Errors
    /// The line in which that statement cannot be read. Others are passed over.
    pub fn assigned(source: &str, name: &str) -> Result<Option<PythonLiteral>, usize> {
        let mut found = None;
        for (start, line) in first_level(source) {
            let Some((left, _)) = line.split_once('=') else { continue };
            if left.trim() != name || line[left.len() + 1..].starts_with('=') {
                continue;
            }
            found = Some(Self::read(source, start + left.len() + 1)?);
        }
        Ok(found)
    }

    /// Reads the literal that begins at this place of a text.
    ///
    /// # Errors
    /// The line where it cannot be read.
    pub fn read(source: &str, start: usize) -> Result<PythonLiteral, usize> {
        let mut reader = Reader { source, at: start, nested: 0 };
        reader
            .value()
            .ok_or_else(|| 1 + source.as_bytes()[..reader.at.min(source.len())].iter().filter(|b| **b == b'\n').count())
    }
}

/// The lines that begin in the first column, and where they do; those inside brackets are indented.
fn first_level(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    source.split('\n').filter_map(move |line| {
        let at = start;
        start += line.len() + 1;
        line.starts_with(|first: char| first.is_alphabetic() || first == '_').then_some((at, line))
    })
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    nested: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Passes over blanks, line ends and comments.
    fn skip(&mut self) {
        while let Some(next) = self.peek() {
            if next == '#' {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if next.is_whitespace() || next == '\\' {
                self.at += next.len_utf8();
            } else {
                return;
            }
        }
    }

    /// Takes this character, behind blanks, where it is the next one.
    fn takes(&mut self, wanted: char) -> bool {
        self.skip();
        let taken = self.peek() == Some(wanted);
        self.at += if taken { wanted.len_utf8() } else { 0 };
        taken
    }

    fn word(&mut self) -> &str {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let length = self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len());
        self.at += length;
        &self.source[self.at - length..self.at]
    }

    /// A value, and what is computed with it, which makes it none that is known.
    fn value(&mut self) -> Option<PythonLiteral> {
        let mut value = self.operand()?;
        loop {
            // A line end outside of brackets ends the value.
            let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
            let next = self.rest()[blanks..].chars().next();
            match next {
                Some('+' | '-' | '*' | '/' | '%' | '|') => {
                    self.at += blanks + 1;
                    while self.peek() == next {
                        self.at += 1;
                    }
                    self.operand()?;
                    value = PythonLiteral::Other;
                }
                Some('(' | '[') => {
                    self.at += blanks + 1;
                    self.entries(if next == Some('(') { ')' } else { ']' })?;
                    value = PythonLiteral::Other;
                }
                _ => break,
            }
        }
        Some(value)
    }

    fn operand(&mut self) -> Option<PythonLiteral> {
        self.nested += 1;
        let value = if self.nested > MOST_NESTED { None } else { self.plain_operand() };
        self.nested -= 1;
        value
    }

    fn plain_operand(&mut self) -> Option<PythonLiteral> {
        self.skip();
        match self.peek()? {
            '(' => {
                self.at += 1;
                let before = self.at;
                let entries = self.entries(')')?;
                // `(a)` is a in brackets, `(a,)` is a tuple.
                let inside = self.source[before..self.at - 1].trim_end();
                match <[_; 1]>::try_from(entries) {
                    Ok([(None, value)]) if !inside.ends_with(',') => Some(value),
                    Ok([entry]) => list(vec![entry]),
                    Err(entries) => list(entries),
                }
            }
            '[' => {
                self.at += 1;
                list(self.entries(']')?)
            }
            '{' => {
                self.at += 1;
                self.braces()
            }
            '\'' | '"' => self.text(),
            '-' | '+' => {
                let negative = self.peek() == Some('-');
                self.at += 1;
                Some(match self.operand()? {
                    PythonLiteral::Number(number) => PythonLiteral::Number(if negative { -number } else { number }),
                    _ => PythonLiteral::Other,
                })
            }
            digit if digit.is_ascii_digit() || digit == '.' => self.number(),
            first if first.is_alphabetic() || first == '_' => self.named(),
            _ => None,
        }
    }

    fn named(&mut self) -> Option<PythonLiteral> {
        let word = self.word().to_owned();
        if matches!(word.as_str(), "r" | "b" | "u" | "f" | "R") && matches!(self.peek(), Some('\'' | '"')) {
            return self.text();
        }
        Some(match word.as_str() {
            "None" | "null" => PythonLiteral::None,
            "True" | "true" => PythonLiteral::Bool(true),
            "False" | "false" => PythonLiteral::Bool(false),
            "dict" | "ConfigDict" if self.peek() == Some('(') => {
                self.at += 1;
                let entries = self.entries(')')?;
                let named = |(key, value): (Option<String>, PythonLiteral)| key.map(|key| (key, value));
                entries.into_iter().map(named).collect::<Option<_>>().map_or(PythonLiteral::Other, PythonLiteral::Dict)
            }
            "list" | "tuple" if self.peek() == Some('(') => {
                self.at += 1;
                match <[_; 1]>::try_from(self.entries(')')?) {
                    Ok([(None, list @ PythonLiteral::List(_))]) => list,
                    _ => PythonLiteral::Other,
                }
            }
            _ => PythonLiteral::Other,
        })
    }

    /// What stands between brackets, apart by commas: values, or names and values.
    fn entries(&mut self, close: char) -> Option<Vec<(Option<String>, PythonLiteral)>> {
        let mut entries = Vec::new();
        while !self.takes(close) {
            self.skip();
            if self.peek() == Some('*') {
                // What is unpacked could be anything.
                self.at += 1;
                self.takes('*');
                self.value()?;
                entries.push((None, PythonLiteral::Other));
            } else {
                let start = self.at;
                let word = self.word().to_owned();
                let named = !word.is_empty() && self.takes('=') && self.peek() != Some('=');
                if !named {
                    self.at = start;
                }
                let value = self.value()?;
                entries.push((named.then_some(word), value));
            }
            if !self.takes(',') && !self.closes(close) {
                return None;
            }
        }
        Some(entries)
    }

    /// A dict in braces; a set is none that is known.
    fn braces(&mut self) -> Option<PythonLiteral> {
        let (mut entries, mut known) = (Vec::new(), true);
        while !self.takes('}') {
            let key = self.value()?;
            if self.takes(':') {
                let value = self.value()?;
                match key {
                    PythonLiteral::Text(key) => entries.push((key, value)),
                    _ => known = false,
                }
            } else {
                known = false;
            }
            if !self.takes(',') && !self.closes('}') {
                return None;
            }
        }
        Some(if known { PythonLiteral::Dict(entries) } else { PythonLiteral::Other })
    }

    fn closes(&mut self, close: char) -> bool {
        self.skip();
        self.peek() == Some(close)
    }

    fn number(&mut self) -> Option<PythonLiteral> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        let mut length = self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len());
        // 1e-05
        if self.rest()[..length].ends_with(['e', 'E']) && self.rest()[length..].starts_with(['-', '+']) {
            length += 1;
            length += self.rest()[length..].find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest().len() - length);
        }
        let digits = self.rest()[..length].replace('_', "");
        self.at += length;
        Some(digits.parse().map_or(PythonLiteral::Other, PythonLiteral::Number))
    }

    /// A text, and those that stand directly behind it.
    fn text(&mut self) -> Option<PythonLiteral> {
        let mut text = String::new();
        loop {
            let quote = self.peek()?;
            let triple: String = [quote; 3].iter().collect();
            let end = if self.rest().starts_with(&triple) { triple } else { quote.to_string() };
            self.at += end.len();
            while !self.rest().starts_with(&end) {
                let mut next = self.peek()?;
                self.at += next.len_utf8();
                if next == '\\' {
                    next = self.peek()?;
                    self.at += next.len_utf8();
                    next = match next {
                        'n' => '\n',
                        't' => '\t',
                        other => other,
                    };
                }
                text.push(next);
            }
            self.at += end.len();
            let here = self.at;
            self.skip();
            if !matches!(self.peek(), Some('\'' | '"')) {
                self.at = here;
                return Some(PythonLiteral::Text(text));
            }
        }
    }
}

/// A list of values without names.
fn list(entries: Vec<(Option<String>, PythonLiteral)>) -> Option<PythonLiteral> {
    let value = |(name, value): (Option<String>, PythonLiteral)| name.is_none().then_some(value);
    entries.into_iter().map(value).collect::<Option<_>>().map(PythonLiteral::List)
}

#[cfg(test)]
mod tests {
    use super::PythonLiteral::{Bool, Dict, List, None, Number, Other, Text};
    use super::*;

    fn read(source: &str) -> PythonLiteral {
        PythonLiteral::read(source, 0).unwrap()
    }

    #[test]
    fn literals_are_read() {
        assert_eq!(read("(1, 2,\n 4, 8, )"), List([1.0, 2.0, 4.0, 8.0].map(Number).into()));
        assert_eq!(read("(3,)"), List(vec![Number(3.0)]));
        assert_eq!(read("(3)"), Number(3.0));
        assert_eq!(read("[-1.5e-05, 1_000, .5]"), List([-1.5e-5, 1000.0, 0.5].map(Number).into()));
        assert_eq!(read("'a\\'b' \"c\""), Text("a'bc".into()));
        assert_eq!(read("'''a\nb'''"), Text("a\nb".into()));
        let wanted = Dict(vec![("a".into(), None), ("b".into(), Dict(vec![("c".into(), Bool(true))]))]);
        assert_eq!(read("dict(a=None, # what\n b={'c': True})"), wanted);
        assert_eq!(
            read("[1, f(2, x=[3])[0], 2 * 3, mmseg.models.ASPPHead]"),
            List(vec![Number(1.0), Other, Other, Other])
        );
        assert_eq!(read("dict(**base, a=1)"), Other);
        assert_eq!(read("{'a', 'b'}"), Other);
    }

    #[test]
    fn statements_of_the_first_level_are_found() {
        let source = "_base_ = ['x.py']\nimport os\nmodel = dict(\n    model=1,\n    type='A')\nx = [\nmodel == 3\n";
        let model = PythonLiteral::assigned(source, "model").unwrap().unwrap();
        assert_eq!(model.get("type"), Some(&Text("A".into())));
        assert_eq!(PythonLiteral::assigned(source, "absent"), Ok(Option::None));
        assert_eq!(PythonLiteral::assigned("a = 1\nmodel = dict(\n  a=$)", "model"), Err(3));
        assert_eq!(PythonLiteral::assigned("model = dict(a=1", "model"), Err(1));
        let deep = format!("model = {}", "[".repeat(100_000));
        assert_eq!(PythonLiteral::assigned(&deep, "model"), Err(1));
        let signs = format!("model = {}1", "-".repeat(100_000));
        assert_eq!(PythonLiteral::assigned(&signs, "model"), Err(1));
    }
}
