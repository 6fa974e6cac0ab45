//! The plan's crops and rates, and the contrasts that its endpoints are.

/// Crops: the sizes of the input.
pub const CROPS: [usize; 3] = [32, 64, 128];

/// Largest rates of the lists that are there at every crop.
pub const LARGEST_RATES: [usize; 5] = [6, 12, 24, 48, 96];

/// A crop with the largest rate of a list: a cell of the design.
pub type Cell = (usize, usize);

/// An endpoint: a sum of cells with weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    pub name: &'static str,
    pub question: &'static str,
    pub weights: Vec<(f64, Cell)>,
}

/// The largest rate of the list whose 3x3 branches see padding alone at a crop.
pub fn dead_rate(crop: usize) -> usize {
    3 * crop
}

/// P1, does the context of the ASPP matter? The lists with r / F of 0.1875, 0.375 and 0.75 minus
/// the dead list, the mean of the crops.
pub fn context() -> Endpoint {
    let crops = CROPS.len() as f64;
    let weights = CROPS.iter().flat_map(|&crop| {
        let live = [3, 6, 12].map(|sixteenths| (1.0 / (3.0 * crops), (crop, crop * sixteenths / 16)));
        live.into_iter().chain([(-1.0 / crops, (crop, dead_rate(crop)))])
    });
    Endpoint { name: "P1", question: "live minus dead", weights: weights.collect() }
}

/// What the context of one list is worth: it minus the dead list of its crop.
pub fn context_of(cell: Cell) -> Endpoint {
    let dead = (cell.0, dead_rate(cell.0));
    Endpoint { name: "context", question: "list minus dead", weights: vec![(1.0, cell), (-1.0, dead)] }
}

/// P2, size or objects? What r = 48 has before r = 12 at the largest crop, minus the same at the
/// smallest.
pub fn size_or_objects() -> Endpoint {
    let weights = vec![(1.0, (128, 48)), (-1.0, (128, 12)), (-1.0, (32, 48)), (1.0, (32, 12))];
    Endpoint { name: "P2", question: "size or objects", weights }
}

/// P3, do objects decide? Of scores of images at half scale minus the same at full scale: what
/// r = 12 has before r = 48, the mean of the crops.
pub fn halved_objects() -> Endpoint {
    let share = 1.0 / CROPS.len() as f64;
    let weights = CROPS.iter().flat_map(|&crop| [(share, (crop, 12)), (-share, (crop, 48))]);
    Endpoint { name: "P3", question: "objects decide", weights: weights.collect() }
}
