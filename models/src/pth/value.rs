//! What a pickle builds here: plain data, and names that are never looked up.

/// A value of a pickle. Text and digits are those of the file; what has parts is in the [`Heap`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// An integer of more than 64 bits: two's complement, little endian.
    Long(&'a [u8]),
    Float(f64),
    Text(&'a str),
    Object(usize),
    /// Passed over: bytes, sets, and whatever a function that is not in [`Function`] would
    /// have made.
    Opaque,
}

/// A value with parts.
#[derive(Debug)]
pub(super) enum Object<'a> {
    /// A list or a tuple.
    Sequence(Vec<Value<'a>>),
    Dict {
        /// A sequence of pairs that the dict was made from, as Python 2 writes it.
        pairs: Value<'a>,
        items: Vec<(Value<'a>, Value<'a>)>,
    },
    /// A class or a function, by name only.
    Global { module: &'a str, name: &'a str },
    /// One of the known functions and its arguments. Nothing has been called.
    Call { function: Function<'a>, arguments: Value<'a> },
    /// What is stored outside the pickle, by its persistent id.
    Persistent(Value<'a>),
    /// A configuration of mmengine or mmcv as an object, and the state that it was given.
    Configuration(Value<'a>),
}

/// The functions that a tensor of a state dict may be made by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function<'a> {
    /// Storage, offset, shape, strides, two that do not matter, and flags that must be empty.
    Tensor,
    /// A tensor whose element type stands before the flags.
    TypedTensor,
    /// A parameter: its first argument is the tensor.
    Parameter,
    /// Another of these functions, a class, and that function's arguments.
    FromType,
    /// Makes a tensor that is not read: sparse, quantised, without storage.
    OtherTensor(&'a str),
}

impl<'a> Function<'a> {
    fn of(module: &str, name: &'a str) -> Option<Self> {
        match (module, name) {
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Some(Self::Tensor),
            ("torch._utils", "_rebuild_tensor_v3") => Some(Self::TypedTensor),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => Some(Self::Parameter),
            ("torch.nn.parameter", "Parameter") => Some(Self::Parameter),
            ("torch._tensor", "_rebuild_from_type_v2") => Some(Self::FromType),
            ("torch._utils" | "torch._tensor", name) if name.starts_with("_rebuild_") => Some(Self::OtherTensor(name)),
            _ => None,
        }
    }
}

/// Whether a module has the classes that configurations are objects of.
fn is_configuration(module: &str) -> bool {
    ["mmengine.config", "mmcv.utils.config", "addict"].iter().any(|known| module.starts_with(known))
}

/// The objects of one pickle. [`Value::Object`] is an index; objects may contain each other, and
/// themselves.
#[derive(Debug, Default)]
pub(super) struct Heap<'a> {
    objects: Vec<Object<'a>>,
}

impl<'a> Heap<'a> {
    pub fn push(&mut self, object: Object<'a>) -> Value<'a> {
        self.objects.push(object);
        Value::Object(self.objects.len() - 1)
    }

    /// Notes what calling `function` would give, as far as it matters here. Nothing is called.
    pub fn call(&mut self, function: Value<'a>, arguments: Value<'a>) -> Value<'a> {
        match self.global(function) {
            Some(("collections", "OrderedDict")) => {
                let pairs = self.sequence(arguments).and_then(|arguments| arguments.first());
                let pairs = pairs.copied().unwrap_or(Value::None);
                self.push(Object::Dict { pairs, items: Vec::new() })
            }
            Some((module, "ConfigDict" | "Dict")) if is_configuration(module) => {
                let made_of = self.sequence(arguments).and_then(|arguments| arguments.first()).copied();
                let dict = made_of.filter(|made_of| self.entries(*made_of).is_some());
                dict.unwrap_or_else(|| self.push(Object::Dict { pairs: Value::None, items: Vec::new() }))
            }
            Some((module, "Config")) if is_configuration(module) => self.push(Object::Configuration(Value::None)),
            Some((module, name)) => match Function::of(module, name) {
                Some(function) => self.push(Object::Call { function, arguments }),
                None => Value::Opaque,
            },
            None => Value::Opaque,
        }
    }

    fn get(&self, value: Value<'a>) -> Option<&Object<'a>> {
        let Value::Object(index) = value else { return None };
        self.objects.get(index)
    }

    pub fn get_mut(&mut self, value: Value<'a>) -> Option<&mut Object<'a>> {
        let Value::Object(index) = value else { return None };
        self.objects.get_mut(index)
    }

    /// Gives a configuration the state that stands for it; the state of other objects is passed
    /// over.
    pub fn set_state(&mut self, object: Value<'a>, new: Value<'a>) {
        if let Some(Object::Configuration(state)) = self.get_mut(object) {
            *state = new;
        }
    }

    /// The dict of a configuration that is an object; any other value itself.
    pub fn unwrapped(&self, value: Value<'a>) -> Value<'a> {
        let Some(Object::Configuration(state)) = self.get(value) else { return value };
        if let Some(state) = self.sequence(*state) {
            return state.first().copied().unwrap_or(Value::None);
        }
        let entries = self.entries(*state).into_iter().flatten();
        let dict = entries.filter(|(key, _)| *key == Value::Text("_cfg_dict")).last();
        dict.map_or(Value::None, |(_, dict)| dict)
    }

    /// The elements of a list or tuple.
    pub fn sequence(&self, value: Value<'a>) -> Option<&[Value<'a>]> {
        match self.get(value)? {
            Object::Sequence(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries of a dict in the order of writing; a later one replaces an earlier one of the
    /// same key.
    pub fn entries(&self, value: Value<'a>) -> Option<impl Iterator<Item = (Value<'a>, Value<'a>)>> {
        let Object::Dict { pairs, items } = self.get(value)? else { return None };
        let pairs = self.sequence(*pairs).unwrap_or_default().iter().filter_map(|pair| match self.sequence(*pair) {
            Some(&[key, value]) => Some((key, value)),
            _ => None,
        });
        Some(pairs.chain(items.iter().copied()))
    }

    /// Whether a value is a dict with something in it.
    pub fn has_entries(&self, value: Value<'a>) -> bool {
        match self.get(value) {
            Some(Object::Dict { pairs, items }) => {
                !items.is_empty() || self.sequence(*pairs).is_some_and(|s| !s.is_empty())
            }
            _ => false,
        }
    }

    /// Module and name of a class or function.
    pub fn global(&self, value: Value<'a>) -> Option<(&'a str, &'a str)> {
        match self.get(value)? {
            Object::Global { module, name } => Some((module, name)),
            _ => None,
        }
    }

    /// The known function that a value names.
    pub fn function(&self, value: Value<'a>) -> Option<Function<'a>> {
        self.global(value).and_then(|(module, name)| Function::of(module, name))
    }

    /// The known function that made a value, and its arguments.
    pub fn made_by(&self, value: Value<'a>) -> Option<(Function<'a>, Value<'a>)> {
        match self.get(value)? {
            Object::Call { function, arguments } => Some((*function, *arguments)),
            _ => None,
        }
    }

    /// The persistent id that stands for a value.
    pub fn persistent_id(&self, value: Value<'a>) -> Option<Value<'a>> {
        match self.get(value)? {
            Object::Persistent(id) => Some(*id),
            _ => None,
        }
    }

    /// Every value that is stored outside the pickle, in the order of reading.
    pub fn persistent(&self) -> impl Iterator<Item = Value<'a>> {
        let is_persistent =
            |(index, object): (usize, &Object)| matches!(object, Object::Persistent(_)).then_some(Value::Object(index));
        self.objects.iter().enumerate().filter_map(is_persistent)
    }
}
