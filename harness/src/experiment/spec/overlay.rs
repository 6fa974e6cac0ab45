//! One table over another.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Keys that say what kind of thing a table describes. What is below a table of another kind means
/// nothing in it: windows for whole images, the widths of another network.
const KINDS: [&str; 2] = ["mode", "kind"];

/// Lays a table over another. Where both have a key, its value is that of the upper one; tables of
/// the same kind are laid over each other in the same way. Values and keys keep their places in the
/// text.
pub(super) fn overlay<'t>(mut lower: DeTable<'t>, upper: DeTable<'t>) -> DeTable<'t> {
    for (key, above) in upper {
        let value = match lower.remove(key.get_ref().as_ref()) {
            Some(below) => overlay_value(below, above),
            None => above,
        };
        lower.insert(key, value);
    }
    lower
}

fn overlay_value<'t>(below: Spanned<DeValue<'t>>, above: Spanned<DeValue<'t>>) -> Spanned<DeValue<'t>> {
    let place = above.span();
    let value = match (below.into_inner(), above.into_inner()) {
        (DeValue::Table(below), DeValue::Table(above)) if of_a_kind(&below, &above) => {
            DeValue::Table(overlay(below, above))
        }
        (_, above) => above,
    };
    Spanned::new(place, value)
}

/// Whether no key tells that the tables describe different things.
fn of_a_kind(below: &DeTable, above: &DeTable) -> bool {
    let kind =
        |table: &DeTable, key: &str| table.get(key).and_then(|value| value.get_ref().as_str().map(str::to_owned));
    KINDS.iter().all(|key| match (kind(below, key), kind(above, key)) {
        (Some(below), Some(above)) => below == above,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(lower: &str, upper: &str) -> String {
        let table = |text| DeTable::parse(text).unwrap().into_inner();
        let merged = overlay(table(lower), table(upper));
        let table: toml::Table =
            serde::Deserialize::deserialize(toml::de::Deserializer::from(Spanned::new(0..0, merged))).unwrap();
        table.to_string()
    }

    #[test]
    fn tables_are_merged_and_everything_else_is_replaced() {
        let lower = "crop = [1, 2]\ntrain = { lr = 1.0, batch = 2 }\n";
        let found = merged(lower, "crop = [3, 4]\ntrain = { batch = 5 }\nseeds = [0]\n");
        assert_eq!(found, "crop = [3, 4]\nseeds = [0]\n\n[train]\nbatch = 5\nlr = 1.0\n");
    }

    #[test]
    fn a_table_of_another_kind_starts_anew() {
        let lower = "infer = { mode = \"slide\", stride = [1, 1] }\n";
        assert_eq!(merged(lower, "infer = { mode = \"whole\" }\n"), "[infer]\nmode = \"whole\"\n");
        let same = "[infer]\nflip = true\nmode = \"slide\"\nstride = [1, 1]\n";
        assert_eq!(merged(lower, "infer = { flip = true }\n"), same);
        assert_eq!(merged(lower, "infer = { flip = true, mode = \"slide\" }\n"), same);
    }
}
