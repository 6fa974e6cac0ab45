//! A pickle machine that builds data and calls nothing.
//!
//! Each instruction takes at least a byte and makes at most one value, sequences are moved and
//! never copied, and names are compared, not looked up. Memory and time are thus linear in the
//! length of the pickle.

use std::collections::HashMap;

use super::PthError;
use super::cursor::Cursor;
use super::literal::{decimal, integer, quoted, text, unquoted};
use super::opcode as op;
use super::value::{Heap, Object, Value};

/// Instructions that a pickle may have, for which some 100 MB are taken at most. Torch writes about
/// 40 a tensor.
const MAX_INSTRUCTIONS: usize = 1 << 20;

/// The newest protocol that is understood.
const MAX_PROTOCOL: u8 = 5;

/// Builds the value of the pickle at the cursor, and leaves the cursor behind it.
///
/// # Errors
/// [`PthError::Truncated`], [`PthError::Opcode`] and [`PthError::Pickle`].
pub(super) fn load<'a>(cursor: &mut Cursor<'a>) -> Result<(Heap<'a>, Value<'a>), PthError> {
    let (heap, stack, marks, memo) = (Heap::default(), Vec::new(), Vec::new(), HashMap::new());
    let mut machine = PickleMachine { at: cursor.position(), cursor, heap, stack, marks, memo };
    for _ in 0..MAX_INSTRUCTIONS {
        machine.at = machine.cursor.position();
        let opcode = machine.cursor.byte()?;
        if opcode == op::STOP {
            let top = machine.pop()?;
            return Ok((machine.heap, top));
        }
        machine.step(opcode)?;
    }
    Err(machine.error("too many instructions"))
}

struct PickleMachine<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    heap: Heap<'a>,
    stack: Vec<Value<'a>>,
    /// Heights of the stack where the marks are.
    marks: Vec<usize>,
    memo: HashMap<usize, Value<'a>>,
    /// The place where the present instruction begins.
    at: usize,
}

impl<'a> PickleMachine<'_, 'a> {
    fn step(&mut self, opcode: u8) -> Result<(), PthError> {
        match opcode {
            op::MARK => self.marks.push(self.stack.len()),
            op::POP if self.marks.last() == Some(&self.stack.len()) => drop(self.marks.pop()),
            op::POP => drop(self.pop()?),
            op::POP_MARK => drop(self.pop_to_mark()?),
            op::PROTO => {
                if self.cursor.byte()? > MAX_PROTOCOL {
                    return Err(self.error("a protocol after 5"));
                }
            }
            op::FRAME => drop(self.cursor.take(8)?),
            op::APPEND => {
                let element = self.pop()?;
                self.append(vec![element])?;
            }
            op::APPENDS => {
                let elements = self.pop_to_mark()?;
                self.append(elements)?;
            }
            op::SETITEM => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(vec![(key, value)])?;
            }
            op::SETITEMS => {
                let items = self.pop_pairs()?;
                self.set_items(items)?;
            }
            // Members of a set, which is passed over.
            op::ADDITEMS => {
                self.pop_to_mark()?;
                self.top()?;
            }
            // The state of an object: an OrderedDict's `_metadata`, a parameter's `requires_grad`.
            op::BUILD => {
                let state = self.pop()?;
                let object = self.top()?;
                self.heap.set_state(object, state);
            }
            op::PUT | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => {
                let index = self.memo_index(opcode)?;
                self.memo.insert(index, self.top()?);
            }
            _ => {
                let value = self.value(opcode)?;
                self.stack.push(value);
            }
        }
        Ok(())
    }

    /// The value that an instruction puts on the stack.
    fn value(&mut self, opcode: u8) -> Result<Value<'a>, PthError> {
        Ok(match opcode {
            op::DUP => self.top()?,
            op::GET | op::BINGET | op::LONG_BINGET => {
                let index = self.memo_index(opcode)?;
                *self.memo.get(&index).ok_or_else(|| self.error("nothing under the memo index"))?
            }

            op::NONE => Value::None,
            op::NEWTRUE => Value::Bool(true),
            op::NEWFALSE => Value::Bool(false),
            op::BININT => integer(self.cursor.take(4)?),
            op::BININT1 => Value::Int(self.cursor.byte()?.into()),
            op::BININT2 => Value::Int(u16::from_le_bytes(self.cursor.array()?).into()),
            op::INT | op::LONG => decimal(self.cursor.line()?),
            op::LONG1 => integer(self.counted(1)?),
            op::LONG4 => integer(self.counted(4)?),

            op::STRING => quoted(self.cursor.line()?),
            op::UNICODE => unquoted(self.cursor.line()?),
            op::SHORT_BINSTRING | op::SHORT_BINUNICODE => text(self.counted(1)?),
            op::BINSTRING | op::BINUNICODE => text(self.counted(4)?),
            op::BINUNICODE8 => text(self.counted(8)?),

            op::FLOAT | op::PERSID => opaque(self.cursor.line()?),
            op::BINFLOAT => Value::Float(f64::from_be_bytes(self.cursor.array()?)),
            op::SHORT_BINBYTES => opaque(self.counted(1)?),
            op::BINBYTES => opaque(self.counted(4)?),
            op::BINBYTES8 | op::BYTEARRAY8 => opaque(self.counted(8)?),
            op::EMPTY_SET => Value::Opaque,
            op::FROZENSET => opaque(self.pop_to_mark()?),
            op::EXT1 => opaque(self.cursor.take(1)?),
            op::EXT2 => opaque(self.cursor.take(2)?),
            op::EXT4 => opaque(self.cursor.take(4)?),

            op::EMPTY_LIST | op::EMPTY_TUPLE => self.sequence(Vec::new()),
            op::LIST | op::TUPLE => {
                let elements = self.pop_to_mark()?;
                self.sequence(elements)
            }
            op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                let mut elements = vec![Value::None; (opcode - op::TUPLE1 + 1).into()];
                for element in elements.iter_mut().rev() {
                    *element = self.pop()?;
                }
                self.sequence(elements)
            }
            op::EMPTY_DICT => self.heap.push(Object::Dict { pairs: Value::None, items: Vec::new() }),
            op::DICT => {
                let items = self.pop_pairs()?;
                self.heap.push(Object::Dict { pairs: Value::None, items })
            }

            op::GLOBAL => self.global()?,
            op::STACK_GLOBAL => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => self.heap.push(Object::Global { module, name }),
                _ => Value::Opaque,
            },
            op::REDUCE | op::NEWOBJ => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                self.heap.call(function, arguments)
            }
            op::NEWOBJ_EX => {
                let (_keywords, arguments, class) = (self.pop()?, self.pop()?, self.pop()?);
                self.heap.call(class, arguments)
            }
            op::INST => {
                let class = self.global()?;
                let arguments = self.pop_to_mark()?;
                let arguments = self.sequence(arguments);
                self.heap.call(class, arguments)
            }
            op::OBJ => {
                let mut arguments = self.pop_to_mark()?.into_iter();
                let class = arguments.next().ok_or_else(|| self.error("an object without a class"))?;
                let arguments = self.sequence(arguments.collect());
                self.heap.call(class, arguments)
            }
            op::BINPERSID => {
                let id = self.pop()?;
                self.heap.push(Object::Persistent(id))
            }
            opcode => return Err(PthError::Opcode { opcode, at: self.at }),
        })
    }

    fn error(&self, what: &'static str) -> PthError {
        PthError::Pickle { at: self.at, what }
    }

    /// The top of the stack, if it is above the topmost mark.
    fn top(&self) -> Result<Value<'a>, PthError> {
        let mark = self.marks.last().copied().unwrap_or(0);
        let above = self.stack.get(mark..).unwrap_or_default();
        above.last().copied().ok_or_else(|| self.error("the stack is empty"))
    }

    fn pop(&mut self) -> Result<Value<'a>, PthError> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value<'a>>, PthError> {
        let mark = self.marks.pop().ok_or_else(|| self.error("no mark on the stack"))?;
        Ok(self.stack.split_off(mark))
    }

    /// Keys and values, down to the mark.
    fn pop_pairs(&mut self) -> Result<Vec<(Value<'a>, Value<'a>)>, PthError> {
        let items = self.pop_to_mark()?;
        let (pairs, []) = items.as_chunks() else { return Err(self.error("a key without a value")) };
        Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
    }

    /// Bytes after a count of them, itself of `width` bytes.
    fn counted(&mut self, width: u64) -> Result<&'a [u8], PthError> {
        let count = self.cursor.take(width)?;
        let count = count.iter().rev().fold(0, |count, &byte| count << 8 | u64::from(byte));
        self.cursor.take(count)
    }

    fn memo_index(&mut self, opcode: u8) -> Result<usize, PthError> {
        Ok(match opcode {
            op::BINGET | op::BINPUT => self.cursor.byte()?.into(),
            op::LONG_BINGET | op::LONG_BINPUT => u32::from_le_bytes(self.cursor.array()?) as usize,
            op::MEMOIZE => self.memo.len(),
            _ => {
                let line = self.cursor.line()?;
                let index = std::str::from_utf8(line).ok().and_then(|digits| digits.parse().ok());
                index.ok_or_else(|| self.error("a memo index that is no number"))?
            }
        })
    }

    fn global(&mut self) -> Result<Value<'a>, PthError> {
        let (module, name) = (text(self.cursor.line()?), text(self.cursor.line()?));
        let (Value::Text(module), Value::Text(name)) = (module, name) else { return Ok(Value::Opaque) };
        Ok(self.heap.push(Object::Global { module, name }))
    }

    fn sequence(&mut self, elements: Vec<Value<'a>>) -> Value<'a> {
        self.heap.push(Object::Sequence(elements))
    }

    fn append(&mut self, new: Vec<Value<'a>>) -> Result<(), PthError> {
        let list = self.top()?;
        match self.heap.get_mut(list) {
            Some(Object::Sequence(elements)) => elements.extend(new),
            None if list == Value::Opaque => {}
            _ => return Err(self.error("elements for what is no list")),
        }
        Ok(())
    }

    fn set_items(&mut self, new: Vec<(Value<'a>, Value<'a>)>) -> Result<(), PthError> {
        let dict = self.top()?;
        match self.heap.get_mut(dict) {
            Some(Object::Dict { items, .. }) => items.extend(new),
            None if dict == Value::Opaque => {}
            _ => return Err(self.error("items for what is no dict")),
        }
        Ok(())
    }
}

/// What bytes or values are passed over as.
fn opaque<T>(_: T) -> Value<'static> {
    Value::Opaque
}
