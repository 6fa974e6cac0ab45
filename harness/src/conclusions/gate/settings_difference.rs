//! The keys in which two settings differ.

use crate::experiment::settings::RunSettings;
use serde_json::Value;

/// The keys whose values decide the result and differ, as `train.lr is 0.1 and was 0.01`. Rates and
/// seed are left out.
pub fn differences(now: &RunSettings, before: &RunSettings) -> Vec<String> {
    let value = |settings: &RunSettings| {
        serde_json::to_value(settings.deciding().protocol()).expect("settings hold nothing that JSON cannot")
    };
    let mut found = Vec::new();
    compare("", Some(&value(now)), Some(&value(before)), &mut found);
    found
}

fn compare(key: &str, now: Option<&Value>, before: Option<&Value>, found: &mut Vec<String>) {
    if let (Some(Value::Object(now)), Some(Value::Object(before))) = (now, before) {
        let new_keys = now.keys().filter(|name| !before.contains_key(*name));
        for name in before.keys().chain(new_keys) {
            let inner = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            compare(&inner, now.get(name), before.get(name), found);
        }
    } else if now != before {
        let text = |value: Option<&Value>| value.map_or_else(|| "unset".to_owned(), Value::to_string);
        found.push(format!("{key} is {} and was {}", text(now), text(before)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::tests::example;

    #[test]
    fn keys_are_named() {
        assert!(differences(&example(), &example()).is_empty());
        let mut now = example();
        now.train.lr = 0.1;
        now.train.dice_weight = 3.0;
        now.crop = [32, 96];
        let found = differences(&now, &example());
        assert_eq!(
            found,
            [
                "crop is [32,96] and was [64,96]",
                "train.lr is 0.1 and was 0.01",
                "train.dice_weight is 3.0 and was unset"
            ]
        );
    }

    #[test]
    fn what_decides_nothing_is_no_difference() {
        let mut now = example();
        now.experiment = "other".into();
        (now.seed, now.rates) = (9, vec![1, 2]);
        now.train.checkpoint_every = 1;
        assert!(differences(&now, &example()).is_empty());
    }
}
