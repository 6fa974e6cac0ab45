//! Text and integers as a pickle spells them.

use super::value::Value;

/// UTF-8; anything else is passed over.
pub(super) fn text(characters: &[u8]) -> Value<'_> {
    std::str::from_utf8(characters).map_or(Value::Opaque, Value::Text)
}

/// The rest of a line; one with escapes is passed over.
pub(super) fn unquoted(line: &[u8]) -> Value<'_> {
    if line.contains(&b'\\') { Value::Opaque } else { text(line) }
}

/// A Python literal; one with escapes is passed over.
pub(super) fn quoted(line: &[u8]) -> Value<'_> {
    match line {
        [b'\'', characters @ .., b'\''] | [b'"', characters @ .., b'"'] => unquoted(characters),
        _ => Value::Opaque,
    }
}

/// An integer in decimal, perhaps with the `L` of Python 2. `00` and `01` are booleans.
pub(super) fn decimal(line: &[u8]) -> Value<'_> {
    match line.strip_suffix(b"L").unwrap_or(line) {
        b"00" => Value::Bool(false),
        b"01" => Value::Bool(true),
        digits => {
            let digits = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            digits.map_or(Value::Opaque, Value::Int)
        }
    }
}

/// An integer in two's complement, little endian, of any length.
pub(super) fn integer(digits: &[u8]) -> Value<'_> {
    if digits.len() > 8 {
        return Value::Long(digits);
    }
    let sign = if digits.last().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
    let mut bytes = [sign; 8];
    bytes[..digits.len()].copy_from_slice(digits);
    Value::Int(i64::from_le_bytes(bytes))
}
