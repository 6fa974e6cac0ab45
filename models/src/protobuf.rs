//! Protocol buffers as they are on disk: what ONNX files and TensorBoard's event files are made of.
//!
//! A message is a list of fields. Each is a number, a type on the wire and a value
//! (protobuf.dev/programming-guides/encoding). Four types and a few messages need no crate that
//! generates code.

/// A message that grows field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtoMessage(Vec<u8>);

/// A value of a field, by its type on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtoValue {
    /// Integers, flags and enumerations.
    Varint(u64),
    /// 64-bit floats.
    Fixed64(u64),
    /// Texts, bytes, messages and packed lists.
    Bytes(Vec<u8>),
    /// 32-bit floats.
    Fixed32(u32),
}

impl ProtoMessage {
    /// Adds an integer.
    pub fn integer(mut self, field: u32, value: i64) -> Self {
        self.tag(field, 0);
        self.varint(value as u64);
        self
    }

    /// Adds a 64-bit float.
    pub fn double(mut self, field: u32, value: f64) -> Self {
        self.tag(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Adds a 32-bit float.
    pub fn float(mut self, field: u32, value: f32) -> Self {
        self.tag(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Adds bytes.
    pub fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.tag(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// Adds a text.
    pub fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// Adds a message.
    pub fn message(self, field: u32, value: &ProtoMessage) -> Self {
        self.bytes(field, &value.0)
    }

    /// Adds a field as often as there are values.
    pub fn each<T>(self, values: impl IntoIterator<Item = T>, add: impl Fn(Self, T) -> Self) -> Self {
        values.into_iter().fold(self, add)
    }

    /// Gives what is written to a file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn tag(&mut self, field: u32, wire_type: u32) {
        self.varint(u64::from(field << 3 | wire_type));
    }

    /// Seven bits a byte, the lowest first; the eighth says that there are more.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// Reads the fields of a message, in their order; `None` where the bytes are none.
pub fn read_fields(mut bytes: &[u8]) -> Option<Vec<(u32, ProtoValue)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = take_varint(&mut bytes)?;
        let value = match tag & 7 {
            0 => ProtoValue::Varint(take_varint(&mut bytes)?),
            1 => ProtoValue::Fixed64(u64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(take_varint(&mut bytes)?).ok()?;
                ProtoValue::Bytes(take(&mut bytes, length)?.to_vec())
            }
            5 => ProtoValue::Fixed32(u32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?)),
            _ => return None,
        };
        fields.push((u32::try_from(tag >> 3).ok()?, value));
    }
    Some(fields)
}

fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the description of the format.
    #[test]
    fn bytes_are_those_of_the_description() {
        assert_eq!(ProtoMessage::default().integer(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(ProtoMessage::default().text(2, "testing").into_bytes(), b"\x12\x07testing");
        let inner = ProtoMessage::default().integer(1, 150);
        assert_eq!(ProtoMessage::default().message(3, &inner).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let negative = [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(ProtoMessage::default().integer(1, -2).into_bytes(), negative);
    }

    #[test]
    fn what_was_written_is_read_and_what_is_cut_is_not() {
        let message = ProtoMessage::default().double(1, 0.5).float(200, -2.0).each([1, 2], |m, v| m.integer(3, v));
        let bytes = message.into_bytes();
        let fields = read_fields(&bytes).unwrap();
        let (double, float) = (ProtoValue::Fixed64(0.5f64.to_bits()), ProtoValue::Fixed32((-2.0f32).to_bits()));
        assert_eq!(fields, [(1, double), (200, float), (3, ProtoValue::Varint(1)), (3, ProtoValue::Varint(2))]);
        for end in [1, 5, 10, 13] {
            assert_eq!(read_fields(&bytes[..end]), None, "{end}");
        }
        assert_eq!(read_fields(&[0x0b]), None);
    }
}
