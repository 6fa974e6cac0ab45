//! In what a state and a network differ.

use super::StateError;

/// The keys in which a state and a network differ.
#[derive(Debug, Default)]
pub struct Mismatch {
    pub missing: Vec<String>,
    pub superfluous: Vec<String>,
    /// Key, shape in the state, shape in the network.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatch {
    /// An error unless nothing differs.
    pub(super) fn into_result(self) -> Result<(), StateError> {
        let same = self.missing.is_empty() && self.superfluous.is_empty() && self.misshapen.is_empty();
        if same { Ok(()) } else { Err(StateError::Mismatch(self)) }
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shapes = self.misshapen.iter().map(|(key, found, wanted)| format!("{key} is {found:?}, not {wanted:?}"));
        let parts = [
            ("missing", self.missing.clone()),
            ("superfluous", self.superfluous.clone()),
            ("misshapen", shapes.collect()),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, keys)| !keys.is_empty())
            .map(|(what, keys)| {
                let shown = keys.iter().take(SHOWN_KEYS).cloned().collect::<Vec<_>>().join(", ");
                let more = keys.len().saturating_sub(SHOWN_KEYS);
                let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{} {what}: {shown}{rest}", keys.len())
            })
            .collect();
        f.write_str(&parts.join("; "))
    }
}

/// Keys of each kind that a message names.
const SHOWN_KEYS: usize = 3;

/// Where a state may differ from the network: keys, or the parts before a dot in them, such as `auxiliary_head`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// What the state may lack: the network keeps its own values there.
    pub missing: Vec<String>,
    /// What the state may have and the network has no use for. What is named in both is left as the network has it.
    pub superfluous: Vec<String>,
}

impl Tolerance {
    pub(super) fn does_without(&self, key: &str) -> bool {
        self.missing.iter().any(|part| is_part(part, key))
    }

    pub(super) fn passes_over(&self, key: &str) -> bool {
        self.superfluous.iter().any(|part| is_part(part, key))
    }
}

fn is_part(part: &str, key: &str) -> bool {
    key.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
