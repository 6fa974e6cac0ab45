//! Tensors as torch describes them: a storage, and where in it the elements are.

use super::element::ElementType;
use super::error::{TensorFault, shown};
use super::storage::StorageId;
use super::value::{Function, Heap, Value};

/// Axes that a tensor may have, as in torch.
const MAX_AXES: usize = 64;

/// Elements up to which a tensor may have more than its storage (by strides of 0).
const EXPANDED_ELEMENTS: u128 = 1 << 16;

/// Functions around the one that describes a tensor, such as that of its being a parameter.
const MAX_WRAPPERS: usize = 8;

/// A view of a storage.
#[derive(Debug)]
pub(super) struct TensorView<'a> {
    pub storage: StorageId<'a>,
    pub element: ElementType,
    /// In elements, as the strides.
    offset: usize,
    pub shape: Vec<usize>,
    strides: Vec<usize>,
}

impl<'a> TensorView<'a> {
    /// The tensor that a value stands for; `None` where it is something else.
    ///
    /// # Errors
    /// [`TensorFault::Unsupported`] and [`TensorFault::Description`].
    pub fn of(heap: &Heap<'a>, value: Value<'a>) -> Result<Option<Self>, TensorFault> {
        let Some((mut function, mut arguments)) = heap.made_by(value) else { return Ok(None) };
        for _ in 0..MAX_WRAPPERS {
            let described = heap.sequence(arguments).ok_or(TensorFault::Description)?;
            (function, arguments) = match (function, described) {
                (Function::Tensor, [storage, offset, shape, strides, rest @ ..]) => {
                    no_flags(heap, rest.get(2))?;
                    return Self::new(heap, *storage, *offset, [*shape, *strides], None).map(Some);
                }
                (Function::TypedTensor, [storage, offset, shape, strides, _, _, element, rest @ ..]) => {
                    no_flags(heap, rest.first())?;
                    return Self::new(heap, *storage, *offset, [*shape, *strides], Some(*element)).map(Some);
                }
                (Function::Parameter, [tensor, ..]) => heap.made_by(*tensor).ok_or(TensorFault::Description)?,
                (Function::FromType, [function, _class, arguments, ..]) => {
                    (heap.function(*function).ok_or(TensorFault::Description)?, *arguments)
                }
                (Function::OtherTensor(name), _) => return Err(unsupported("a tensor made by ", name)),
                _ => return Err(TensorFault::Description),
            };
        }
        Err(TensorFault::Description)
    }

    fn new(
        heap: &Heap<'a>,
        storage: Value<'a>,
        offset: Value<'a>,
        [shape, strides]: [Value<'a>; 2],
        element: Option<Value<'a>>,
    ) -> Result<Self, TensorFault> {
        let storage = StorageId::of(heap, storage).ok_or(TensorFault::Description)?;
        let element_name = match element {
            Some(element) => heap.global(element).ok_or(TensorFault::Description)?.1,
            None => storage.class,
        };
        let element = match ElementType::of(element_name) {
            Some(ElementType::Other(_)) | None => return Err(unsupported("element type ", element_name)),
            Some(element) => element,
        };
        let (shape, mut strides) = (counts(heap, shape)?, counts(heap, strides)?);
        if shape.len() != strides.len() {
            return Err(TensorFault::Description);
        }
        for (stride, _) in strides.iter_mut().zip(&shape).filter(|(_, size)| **size == 1) {
            *stride = 0;
        }
        Ok(Self { storage, element, offset: count(offset)?, shape, strides })
    }

    /// How many elements there are.
    fn elements(&self) -> u128 {
        if self.shape.contains(&0) {
            return 0;
        }
        self.shape.iter().fold(1, |product: u128, &size| product.saturating_mul(size as u128))
    }

    /// The elements of a floating-point tensor in row-major order, rounded to f32; none of another.
    ///
    /// # Errors
    /// [`TensorFault::StorageTooShort`], and [`TensorFault::Expanded`] if there are far more than
    /// the storage has.
    pub fn read(&self, storage: &[u8]) -> Result<Vec<f32>, TensorFault> {
        let storage = self.storage.viewed(storage, self.element.size())?;
        let (elements, found) = (self.elements(), storage.len() / self.element.size());
        if elements == 0 {
            return Ok(Vec::new());
        }
        let reach = self.shape.iter().zip(&self.strides).map(|(&size, &stride)| (size as u128 - 1) * stride as u128);
        let needed = reach.fold(self.offset as u128 + 1, u128::saturating_add);
        if needed > found as u128 {
            return Err(TensorFault::StorageTooShort { needed, found });
        }
        if elements > EXPANDED_ELEMENTS.max(found as u128) {
            return Err(TensorFault::Expanded { elements, found });
        }
        let elements = elements as usize;
        if self.is_contiguous() {
            return Ok(self.element.gather(storage, self.offset..self.offset + elements));
        }
        let (mut place, mut index) = (self.offset, vec![0; self.shape.len()]);
        let places = (0..elements).map(|_| {
            let present = place;
            for (axis, index) in index.iter_mut().enumerate().rev() {
                *index += 1;
                place += self.strides[axis];
                if *index < self.shape[axis] {
                    break;
                }
                place -= self.strides[axis] * self.shape[axis];
                *index = 0;
            }
            present
        });
        Ok(self.element.gather(storage, places))
    }

    /// Whether a tensor that is not empty has its elements side by side, in row-major order.
    fn is_contiguous(&self) -> bool {
        let mut stride = 1;
        self.shape.iter().zip(&self.strides).rev().filter(|(size, _)| **size > 1).all(|(&size, &found)| {
            let expected = stride;
            stride *= size;
            found == expected
        })
    }
}

/// Flags say that elements are negated or conjugated with respect to the storage.
fn no_flags<'a>(heap: &Heap<'a>, flags: Option<&Value<'a>>) -> Result<(), TensorFault> {
    match flags.is_some_and(|flags| heap.has_entries(*flags)) {
        true => Err(TensorFault::Unsupported("a negated or conjugated view".into())),
        false => Ok(()),
    }
}

/// The sizes or strides of all axes.
fn counts<'a>(heap: &Heap<'a>, values: Value<'a>) -> Result<Vec<usize>, TensorFault> {
    let values = heap.sequence(values).filter(|values| values.len() <= MAX_AXES);
    values.ok_or(TensorFault::Description)?.iter().map(|value| count(*value)).collect()
}

fn count(value: Value) -> Result<usize, TensorFault> {
    match value {
        Value::Int(value) => value.try_into().map_err(|_| TensorFault::Description),
        _ => Err(TensorFault::Description),
    }
}

fn unsupported(what: &str, name: &str) -> TensorFault {
    TensorFault::Unsupported(format!("{what}{}", shown(name)))
}
