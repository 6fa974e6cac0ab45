//! The subject of an image, by a pattern of its name.

use regex_lite::Regex;

/// What stands for the subject in a pattern that is no regular expression.
const SUBJECT: &str = "{subject}";

/// Finds the subject in an image's name.
#[derive(Debug)]
pub(super) struct SubjectRule {
    /// The regular expression; a compiled one is no part of a value that is compared.
    expression: Option<String>,
}

impl SubjectRule {
    /// Reads a pattern: `{subject}_*`, where `*` is any text, or a regular expression with one
    /// group. Without one, each image is a subject of its own.
    pub fn new(pattern: Option<&str>) -> Result<Self, String> {
        let Some(text) = pattern else { return Ok(SubjectRule { expression: None }) };
        let expression = match text.split_once(SUBJECT) {
            Some((before, after)) if !after.contains(SUBJECT) => {
                let any = |text: &str| text.split('*').map(regex_lite::escape).collect::<Vec<_>>().join(".*?");
                format!("^{}(.+?){}$", any(before), any(after))
            }
            Some(_) => return Err(format!("{text:?} holds {SUBJECT} twice")),
            None => text.to_owned(),
        };
        let regex = Regex::new(&expression).map_err(|error| format!("{text:?} is no pattern: {error}"))?;
        if regex.captures_len() != 2 {
            let message = format!("{text:?} must hold {SUBJECT}, or one group in parentheses that is the subject");
            return Err(message);
        }
        Ok(SubjectRule { expression: Some(expression) })
    }

    /// The subject of an image; `None` where the pattern does not fit its name.
    pub fn find(&self, name: &str) -> Option<String> {
        match &self.expression {
            None => Some(name.to_owned()),
            Some(expression) => {
                let regex = Regex::new(expression).expect("compiled before");
                Some(regex.captures(name)?.get(1)?.as_str().to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_named_by_patterns_and_expressions() {
        let of = |pattern, name| SubjectRule::new(pattern).unwrap().find(name);
        assert_eq!(of(None, "a_1").unwrap(), "a_1");
        assert_eq!(of(Some("{subject}_*"), "0016E5_07959").unwrap(), "0016E5");
        assert_eq!(of(Some("*/{subject}-*"), "left/p01-2").unwrap(), "p01");
        assert_eq!(of(Some("{subject}_*"), "none"), None);
        assert_eq!(of(Some(r"^(?:L|R)(\d+)"), "L12x").unwrap(), "12");
        for wrong in ["plain", "(a)(b)", "{subject}{subject}", "(("] {
            assert!(SubjectRule::new(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
