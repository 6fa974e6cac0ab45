//! Modules in SPIR-V, read as far as tests ask of them (SPIR-V specification, section 2.3).

use std::collections::{HashMap, HashSet};

// Numbers of instructions, from section 3.3 (Instructions) of the specification.
const EXTENDED: u16 = 12;
const TYPE_VECTOR: u16 = 23;
const TYPE_ARRAY: u16 = 28;
const TYPE_STRUCT: u16 = 30;
const TYPE_POINTER: u16 = 32;
const CONSTANT: u16 = 43;
const VARIABLE: u16 = 59;
const LOAD: u16 = 61;
const ACCESS_CHAIN: u16 = 65;
const IN_BOUNDS_ACCESS_CHAIN: u16 = 66;
const DIVISIONS: [u16; 5] = [134, 135, 137, 138, 139];
const CONTROL_BARRIER: u16 = 224;
const LOOP_MERGE: u16 = 246;
const LABEL: u16 = 248;
/// Of the extended instructions of GLSL: a x b + c.
const FMA: u32 = 50;
const WORKGROUP: u32 = 4;
const FUNCTION: u32 = 7;
/// Global memory, by address.
const PHYSICAL_STORAGE_BUFFER: u32 = 5349;

/// An instruction and its operands; those that have a type and a result begin with both.
#[derive(Debug)]
pub struct Instruction {
    code: u16,
    operands: Vec<u32>,
}

/// A module, instruction by instruction.
pub struct SpirvModule {
    instructions: Vec<Instruction>,
}

impl SpirvModule {
    /// Reads a module from its words.
    pub fn new(words: &[u32]) -> Self {
        assert_eq!(words[0], 0x0723_0203, "the magic number of SPIR-V");
        let (mut rest, mut instructions) = (&words[5..], Vec::new());
        while let [first, ..] = rest {
            let (count, code) = ((first >> 16) as usize, *first as u16);
            instructions.push(Instruction { code, operands: rest[1..count].to_vec() });
            rest = &rest[count..];
        }
        SpirvModule { instructions }
    }

    fn of(&self, code: u16) -> impl Iterator<Item = &[u32]> {
        self.instructions.iter().filter(move |found| found.code == code).map(|found| found.operands.as_slice())
    }

    /// Returns the values that the compiler knows.
    pub fn constants(&self) -> HashSet<u32> {
        self.of(CONSTANT).map(|operands| operands[1]).collect()
    }

    /// Returns how many values each element of the arrays has that a cube shares, each of them the
    /// one member of a structure.
    pub fn shared(&self) -> Vec<u32> {
        let vectors: HashMap<u32, u32> = self.of(TYPE_VECTOR).map(|operands| (operands[0], operands[2])).collect();
        let elements: HashMap<u32, u32> = self.of(TYPE_ARRAY).map(|operands| (operands[0], operands[1])).collect();
        let targets: HashMap<u32, u32> = self.of(TYPE_POINTER).map(|operands| (operands[0], operands[2])).collect();
        let members: HashMap<u32, u32> = self.of(TYPE_STRUCT).map(|operands| (operands[0], operands[1])).collect();
        let shared = self.of(VARIABLE).filter(|operands| operands[2] == WORKGROUP);
        let element = |operands: &[u32]| elements[&members[&targets[&operands[0]]]];
        shared.map(element).map(|element| vectors.get(&element).copied().unwrap_or(1)).collect()
    }

    /// Returns how many values each load from global memory takes in a part of the module.
    pub fn global_loads(&self, code: &[Instruction]) -> Vec<u32> {
        let vectors: HashMap<u32, u32> = self.of(TYPE_VECTOR).map(|operands| (operands[0], operands[2])).collect();
        let pointers = self.of(TYPE_POINTER).filter(|operands| operands[1] == PHYSICAL_STORAGE_BUFFER);
        let pointers: HashSet<u32> = pointers.map(|operands| operands[0]).collect();
        let made = self.instructions.iter().filter(|found| found.operands.len() > 1);
        let global: HashSet<u32> =
            made.filter(|found| pointers.contains(&found.operands[0])).map(|found| found.operands[1]).collect();
        let loads = code.iter().filter(|found| found.code == LOAD && global.contains(&found.operands[2]));
        loads.map(|found| vectors.get(&found.operands[0]).copied().unwrap_or(1)).collect()
    }

    /// Returns the instructions of the innermost loop around the first barrier.
    pub fn main_loop(&self) -> &[Instruction] {
        let place = |id: u32| {
            self.instructions.iter().position(|found| found.code == LABEL && found.operands[0] == id).expect("a label")
        };
        let barrier = self.instructions.iter().position(|found| found.code == CONTROL_BARRIER).expect("a barrier");
        let loops = self.instructions[..barrier].iter().enumerate().filter(|(_, found)| found.code == LOOP_MERGE);
        let mut around = loops.map(|(start, found)| (start, place(found.operands[0])));
        let (start, end) = around.rfind(|(_, end)| *end > barrier).expect("a loop around the barrier");
        &self.instructions[start..end]
    }

    /// Returns the arrays of a unit's own that are indexed by what is known when the kernel runs,
    /// and not before: such an array is no registers.
    pub fn indexed_in_memory(&self) -> Vec<&Instruction> {
        let constants = self.constants();
        let own: HashSet<u32> =
            self.of(VARIABLE).filter(|operands| operands[2] == FUNCTION).map(|operands| operands[1]).collect();
        let is_indexed = |found: &&Instruction| {
            [ACCESS_CHAIN, IN_BOUNDS_ACCESS_CHAIN].contains(&found.code)
                && own.contains(&found.operands[2])
                && found.operands[3..].iter().any(|index| !constants.contains(index))
        };
        self.instructions.iter().filter(is_indexed).collect()
    }
}

/// Returns the instructions that divide by what is known when the kernel runs, and not before.
pub fn divisions<'a>(code: &'a [Instruction], constants: &HashSet<u32>) -> Vec<&'a Instruction> {
    code.iter().filter(|found| DIVISIONS.contains(&found.code) && !constants.contains(&found.operands[3])).collect()
}

/// Returns how many products are added to sums, each of them of vectors or of single values.
pub fn products(code: &[Instruction]) -> usize {
    code.iter().filter(|found| found.code == EXTENDED && found.operands[3] == FMA).count()
}
