//! The JSON schema of specs, by which editors complete and check them.

use super::keys::{NEEDED, NONE, PROTOCOL, PUBLISHED, SpecKey, spec_keys};
use crate::experiment::settings::KeyType;
use serde_json::{Map, Value, json};

/// Writes the schema: a JSON document that ends with a line break.
///
/// # Panics
/// Never: a schema is JSON.
pub fn json_schema() -> String {
    let experiment = experiment();
    let mut defaults = experiment.clone();
    defaults.remove("required");
    if let Some(Value::Object(properties)) = defaults.get_mut("properties") {
        properties.remove("name");
    }
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A spec of atrous: the experiments of a sweep",
        "type": "object",
        "additionalProperties": false,
        "required": ["experiment"],
        "properties": {
            "defaults": defaults,
            "experiment": { "type": "array", "minItems": 1, "items": experiment },
        },
    });
    serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
}

/// The schema of an experiment's table.
fn experiment() -> Map<String, Value> {
    let mut root = table(&[]);
    let keys = spec_keys();
    for key in &keys {
        let path: Vec<&str> = key.path.split('.').collect();
        match path[..] {
            // The two forms of `data` stand beside each other.
            ["data"] => insert(&mut root, "data", json!({ "description": key.doc })),
            ["data", "synthetic", name] => insert(synthetic(&mut root), name, value(key)),
            [name] => insert(&mut root, name, value(key)),
            [inner, name] => insert(inner_table(&mut root, inner), name, value(key)),
            _ => unreachable!("keys have at most three steps"),
        }
    }
    for (parent, path) in keys.iter().filter(|key| key.default == NEEDED).map(|key| split(key.path)) {
        let table = match parent {
            "" => &mut root,
            // What is needed of drawn images may be in the defaults.
            "data.synthetic" => continue,
            parent => inner_table(&mut root, parent),
        };
        if let Some(Value::Array(required)) = table.get_mut("required") {
            required.push(json!(path));
        }
    }
    // Everything may be in the defaults, but for the name.
    root.insert("required".into(), json!(["name"]));
    root
}

/// The table that a key is in, and its name there.
fn split(path: &'static str) -> (&'static str, &'static str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

fn table(required: &[&str]) -> Map<String, Value> {
    let table = json!({ "type": "object", "additionalProperties": false, "required": required, "properties": {} });
    match table {
        Value::Object(table) => table,
        _ => unreachable!("it is an object"),
    }
}

fn properties(table: &mut Map<String, Value>) -> &mut Map<String, Value> {
    match table.get_mut("properties") {
        Some(Value::Object(properties)) => properties,
        _ => unreachable!("a table has properties"),
    }
}

fn insert(table: &mut Map<String, Value>, name: &str, schema: Value) {
    properties(table).insert(name.into(), schema);
}

fn inner_table<'t>(root: &'t mut Map<String, Value>, name: &str) -> &'t mut Map<String, Value> {
    match properties(root).entry(name).or_insert_with(|| Value::Object(table(&[]))) {
        Value::Object(inner) => inner,
        _ => unreachable!("it is a table"),
    }
}

/// The table of drawn images, one of the two forms of `data`.
fn synthetic(root: &mut Map<String, Value>) -> &mut Map<String, Value> {
    let data =
        properties(root).get_mut("data").and_then(Value::as_object_mut).expect("`data` stands before its tables");
    let forms = data.entry("anyOf").or_insert_with(|| {
        let mut drawn = table(&["synthetic"]);
        insert(&mut drawn, "synthetic", Value::Object(table(&[])));
        json!([{ "const": "files" }, drawn])
    });
    let drawn = forms.get_mut(1).and_then(|drawn| drawn.pointer_mut("/properties/synthetic"));
    drawn.and_then(Value::as_object_mut).expect("the second form is a table")
}

/// The schema of one value, with what is known of it.
fn value(key: &SpecKey) -> Value {
    let whole = json!({ "type": "integer", "minimum": 0 });
    let list = |items: &Value| json!({ "type": "array", "minItems": 1, "items": items });
    let pair = |items: &Value| json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": items });
    let mut schema = match key.value {
        KeyType::Text => json!({ "type": "string" }),
        KeyType::Word(_) | KeyType::Network => json!({ "enum": key.value.choices() }),
        // Or a file that describes one.
        KeyType::DataSet => json!({ "anyOf": [{ "enum": key.value.choices() }, { "type": "string" }] }),
        KeyType::Flag => json!({ "type": "boolean" }),
        KeyType::Whole(least) => json!({ "type": "integer", "minimum": least }),
        KeyType::Number => json!({ "type": "number" }),
        KeyType::HeightWidth => pair(&json!({ "type": "integer", "minimum": 1 })),
        KeyType::Range => pair(&json!({ "type": "number" })),
        KeyType::Numbers => list(&json!({ "type": "number" })),
        KeyType::WholeNumbers => list(&whole),
        KeyType::Lists => list(&list(&whole)),
        KeyType::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        KeyType::Images => unreachable!("`data` has two forms"),
        KeyType::Drawing => json!({ "anyOf": [{ "const": "local" }, { "type": "object" }] }),
        KeyType::Answer => json!({ "anyOf": [{ "const": "no-winner" },
            { "type": "object", "additionalProperties": false, "required": ["best"], "properties": { "best": list(&whole) } }] }),
    };
    schema["description"] = json!(description(key));
    schema
}

/// A sentence or two for an editor: what it is, its unit, its default, an example.
fn description(key: &SpecKey) -> String {
    let doc = key.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let unit = if key.unit.is_empty() { String::new() } else { format!("Unit: {}.", key.unit) };
    let default = match &*key.default {
        NEEDED => String::new(),
        NONE => "Default: none.".into(),
        PROTOCOL => "Default: that of the data set's protocol.".into(),
        PUBLISHED => "Default: that of the published network.".into(),
        value => format!("Default: {value}."),
    };
    let example = format!("Example: {}", key.example);
    [doc, unit, default, example].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::spec::EMBEDDED;

    /// The file that editors are pointed to.
    const FILE: &str = "specs/spec.schema.json";

    #[test]
    fn the_file_is_the_schema() {
        let file = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(file == json_schema(), "write it anew: atrous spec --schema > harness/{FILE}");
    }

    /// Whether every key of a table is in the schema of it.
    fn check(schema: &Value, table: &toml::Value, path: &str) {
        match table {
            toml::Value::Table(table) if schema["properties"].is_object() => {
                for (key, value) in table {
                    let inner = &schema["properties"][key];
                    assert!(!inner.is_null(), "{path}.{key} is not in the schema");
                    check(inner, value, &format!("{path}.{key}"));
                }
            }
            toml::Value::Table(_) if schema["anyOf"].is_array() => {
                let form = schema["anyOf"].as_array().unwrap().iter().find(|form| form["type"] == "object").unwrap();
                check(form, table, path);
            }
            toml::Value::Array(items) => items.iter().for_each(|item| check(&schema["items"], item, path)),
            toml::Value::String(word) if schema["enum"].is_array() => {
                assert!(schema["enum"].as_array().unwrap().contains(&json!(word)), "{path} = {word}");
            }
            _ => {}
        }
    }

    #[test]
    fn the_schema_knows_every_embedded_spec() {
        let schema: Value = serde_json::from_str(&json_schema()).unwrap();
        for spec in EMBEDDED {
            check(&schema, &toml::Value::Table(spec.text.parse().unwrap()), spec.name);
        }
    }

    #[test]
    fn what_is_needed_is_said() {
        let schema: Value = serde_json::from_str(&json_schema()).unwrap();
        let experiment = &schema["properties"]["experiment"]["items"];
        assert_eq!(experiment["required"], json!(["name"]));
        assert!(schema["properties"]["defaults"]["properties"]["name"].is_null());
        let lr = experiment["properties"]["train"]["properties"]["lr"]["description"].as_str().unwrap();
        assert_eq!(lr, "Learning rate of the first iteration. Unit: per iteration. Default: 0.01. Example: 0.02");
        let synthetic = &experiment["properties"]["data"]["anyOf"][1]["properties"]["synthetic"];
        assert_eq!(synthetic["properties"]["train"]["minimum"], json!(1));
        assert_eq!(experiment["properties"]["init"]["required"], json!(["weights"]));
    }
}
