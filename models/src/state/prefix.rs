//! What wrappers put before the keys of a network.

use std::collections::BTreeMap;

/// Parts that stand before every key of a network that was wrapped: by `DataParallel`, by
/// `torch.compile`, and by trainers that hold the network, or a running mean of it, as a member.
const WRAPPERS: [&str; 4] = ["module.", "_orig_mod.", "model.", "ema."];

/// Takes off what all keys have in common of them, however many there are.
pub(super) fn unwrapped<T>(mut tensors: BTreeMap<String, T>) -> BTreeMap<String, T> {
    while let Some(prefix) = WRAPPERS.into_iter().find(|prefix| {
        !tensors.is_empty() && tensors.keys().all(|key| key.len() > prefix.len() && key.starts_with(prefix))
    }) {
        tensors = tensors.into_iter().map(|(key, values)| (key[prefix.len()..].to_owned(), values)).collect();
    }
    tensors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> Vec<String> {
        unwrapped(keys.iter().map(|key| ((*key).to_owned(), ())).collect()).into_keys().collect()
    }

    #[test]
    fn what_all_keys_share_comes_off() {
        assert_eq!(keys(&["module.a", "module.module.b"]), ["a", "module.b"]);
        assert_eq!(keys(&["module._orig_mod.a.b", "module._orig_mod.c"]), ["a.b", "c"]);
        assert_eq!(keys(&["ema.module.model.a", "ema.module.model.b"]), ["a", "b"]);
        assert_eq!(keys(&["module.a", "b"]), ["b", "module.a"]);
        assert_eq!(keys(&["model.a", "ema.a"]), ["ema.a", "model.a"]);
        assert_eq!(keys(&["module.", "module.a"]), ["module.", "module.a"]);
        assert!(keys(&[]).is_empty());
    }
}
