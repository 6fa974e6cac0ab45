//! In what a state and a network differ.

use std::collections::BTreeMap;

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
    /// Makes an error of it unless nothing differs.
    pub(super) fn into_result(self) -> Result<(), StateError> {
        let same = self.missing.is_empty() && self.superfluous.is_empty() && self.misshapen.is_empty();
        if same { Ok(()) } else { Err(StateError::Mismatch(self)) }
    }
}

impl Mismatch {
    /// Says where a state and a network have different first convolutions.
    fn stem(&self) -> Option<&'static str> {
        let lacks = |name: &str| self.missing.iter().any(|key| key == name);
        let has = |name: &str| self.superfluous.iter().any(|key| key == name);
        if has("backbone.conv1.0.weight") {
            return Some("the file is of a ResNet-D (as timm's resnet18d), which is not built");
        }
        if has("backbone.conv1.weight") && lacks("backbone.stem.0.weight") {
            return Some(
                "the file has the plain stem, one 7x7 convolution, as torchvision and timm have it: \
                 model.stem = \"plain\" fits",
            );
        }
        let deep = has("backbone.stem.0.weight") && lacks("backbone.conv1.weight");
        deep.then_some("the file has the deep stem, three 3x3 convolutions (ResNetV1c): model.stem = \"deep\" fits")
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shape =
            |(key, found, wanted): &(String, Vec<usize>, Vec<usize>)| format!("{key} is {found:?}, not {wanted:?}");
        let keys: Vec<String> = self.misshapen.iter().map(|(key, ..)| key.clone()).collect();
        let shapes = match self.misshapen.first() {
            // One example: widths differ all over.
            Some(first) if keys.len() > SINGLE_KEYS => format!("{}, as one example of {}", shape(first), listed(&keys)),
            _ => self.misshapen.iter().map(shape).collect::<Vec<_>>().join(", "),
        };
        let parts =
            [("missing", listed(&self.missing)), ("superfluous", listed(&self.superfluous)), ("misshapen", shapes)];
        let counts = [self.missing.len(), self.superfluous.len(), self.misshapen.len()];
        let parts: Vec<String> = parts
            .into_iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .map(|((what, keys), count)| format!("{count} {what}: {keys}"))
            .collect();
        f.write_str(&parts.join("; "))?;
        self.stem().map_or(Ok(()), |stem| write!(f, "; {stem}"))
    }
}

/// Keys of one kind that a message names one by one; more of them are counted by part.
const SINGLE_KEYS: usize = 12;

/// Names all keys, in one line.
fn listed(keys: &[String]) -> String {
    if keys.len() <= SINGLE_KEYS {
        return keys.join(", ");
    }
    let mut parts: BTreeMap<String, usize> = BTreeMap::new();
    for key in keys {
        let part: Vec<&str> = key.split('.').take(2).collect();
        *parts.entry(part.join(".")).or_default() += 1;
    }
    parts.iter().map(|(part, count)| format!("{part} ({count})")).collect::<Vec<_>>().join(", ")
}

/// The differences between a state and a network that are allowed: keys, or the parts before a dot
/// in them, such as `auxiliary_head`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// What the state may lack: the network keeps its own values there.
    pub missing: Vec<String>,
    /// What the state may have and the network has no use for, by its name or by its shape. A key
    /// that is named in both and does not fit is left as the network has it.
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
