//! Matrix products on a software adapter: a CPU that plays a GPU (Chromium's SwiftShader). cubecl's product there shares tiles between units
//! behind barriers, and a CPU pays for a barrier with a switch between all units of the group: the teacher of W1, three products, took 145 of
//! a step's 165 ms. Here a unit keeps 8 × 4 sums in registers and waits for nobody. A real GPU gets cubecl's product: none of this was
//! measured on one.

use burn::backend::fusion::stream::Context;
use burn::backend::fusion::{FuserProperties, FuserStatus, OperationFuser};
use burn::backend::ir::{FloatOperationIr, MatmulOpIr, OperationIr};
use burn::tensor::DType;
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::fusion::{
    CubeFuser, CubeFusionHandle, CubeOptimization, FallbackOperation, FusedOperation, OptimizationProvider, register, remove,
};
use serde::{Deserialize, Serialize};

/// burn's fusion of a matrix product.
const BUILT_IN: &str = "Matmul";
/// Rows of a unit's block.
const ROWS: u32 = 8;
/// Columns of a unit's block, one vector.
const COLUMNS: usize = 4;
/// Units of a group, along the columns and the rows.
const GROUP: [u32; 2] = [8, 4];

/// Has every matrix product computed here. Must run before the first tensor of the device; later it changes nothing, as at a second opening.
pub(super) fn install() {
    if register(Provider).is_ok() {
        // burn's own takes a product with what follows it, and cannot fuse them without tensor cores.
        let _ = remove(BUILT_IN);
    }
}

struct Provider;

impl OptimizationProvider for Provider {
    type Operation = Product;

    fn fuser(&self, _device: &cubecl::Device) -> CubeFuser {
        CubeFuser::new(Fuser { found: None, closed: false })
    }
}

/// Takes one matrix product and nothing else.
#[derive(Clone)]
struct Fuser {
    found: Option<MatmulOpIr>,
    closed: bool,
}

impl OperationFuser<CubeOptimization> for Fuser {
    fn fuse(&mut self, operation: &OperationIr) {
        if self.closed {
            return;
        }
        self.closed = true;
        if let OperationIr::Float(_, FloatOperationIr::Matmul(product)) = operation {
            self.found = Some(product.clone());
        }
    }

    fn finish(&mut self) -> CubeOptimization {
        CubeOptimization::new(Product(self.found.clone().expect("asked only when ready")))
    }

    fn reset(&mut self) {
        self.found = None;
        self.closed = false;
    }

    fn status(&self) -> FuserStatus {
        if self.closed { FuserStatus::Closed } else { FuserStatus::Open }
    }

    fn properties(&self) -> FuserProperties {
        FuserProperties { score: 1, ready: self.found.is_some() }
    }

    fn len(&self) -> usize {
        usize::from(self.found.is_some())
    }

    fn clone_dyn(&self) -> Box<dyn OperationFuser<CubeOptimization>> {
        Box::new(self.clone())
    }
}

/// One product. Its tensors are named relative to the stream, as everywhere in burn's fusion.
#[derive(Clone, Serialize, Deserialize)]
struct Product(MatmulOpIr);

impl FusedOperation for Product {
    const NAME: &'static str = "SoftwareProduct";

    type State = Self;

    fn num_ops_fused(&self) -> usize {
        1
    }

    fn run(&mut self, context: &mut Context<CubeFusionHandle>, fallback: &dyn Fn(usize) -> Box<dyn FallbackOperation>) {
        let [lhs, rhs, out] = [&self.0.lhs, &self.0.rhs, &self.0.out].map(|tensor| context.tensors[&tensor.id].clone());
        let known = lhs.dtype == DType::F32 && rhs.dtype == DType::F32;
        let strides = |id| context.handles.get_handle_ref(id).filter(|handle| handle.tiles.is_none()).map(|handle| handle.strides.to_vec());
        let sides = strides(&lhs.id).zip(strides(&rhs.id)).and_then(|(left, right)| Sides::new(&lhs.shape, &left, &rhs.shape, &right));
        let Some(sides) = sides.filter(|_| known) else {
            return fallback(0).run(context);
        };
        let left = context.handles.get_handle(&lhs.id, &lhs.status);
        let right = context.handles.get_handle(&rhs.id, &rhs.status);
        let (client, device) = (left.client.clone(), left.device.clone());
        let memory = client.empty(sides.rows * sides.columns * size_of::<f32>());
        let mut strides = left.strides.clone();
        let mut count = 1;
        for (stride, size) in strides.iter_mut().zip(out.shape.iter()).rev() {
            *stride = count;
            count *= *size;
        }
        let result = CubeFusionHandle { client, handle: memory, device, dtype: DType::F32, strides, tiles: None, qparams: None };
        sides.launch(left.into_tensor_arg(lhs.shape), right.into_tensor_arg(rhs.shape), &result, result.clone().into_tensor_arg(out.shape));
        context.handles.register_handle(out.id, result);
    }

    fn to_state(&self) -> Self {
        self.clone()
    }

    fn from_state(_device: &cubecl::Device, state: Self) -> Self {
        state
    }
}

/// `[rows, depth] × [depth, columns]`, and how far apart the numbers of each side lie.
struct Sides {
    rows: usize,
    depth: usize,
    columns: usize,
    /// Of the row, and of the column.
    left: [usize; 2],
    right: [usize; 2],
}

impl Sides {
    /// `None` when a side has batches that are not just more rows of the left one.
    fn new(left: &[usize], left_strides: &[usize], right: &[usize], right_strides: &[usize]) -> Option<Self> {
        let [.., depth, columns] = *right else { return None };
        let [batches @ .., rows, _] = left else { return None };
        let [.., row, column] = *left_strides else { return None };
        let [.., down, across] = *right_strides else { return None };
        if right[..right.len() - 2].iter().any(|&size| size != 1) {
            return None;
        }
        let (mut all, mut next) = (*rows, row * *rows);
        for (&size, &stride) in batches.iter().zip(&left_strides[..batches.len()]).rev() {
            if size != 1 && stride != next {
                return None;
            }
            all *= size;
            next *= size;
        }
        let empty = all == 0 || depth == 0 || columns == 0;
        (!empty).then_some(Self { rows: all, depth, columns, left: [row, column], right: [down, across] })
    }

    fn launch(&self, left: TensorArg, right: TensorArg, result: &CubeFusionHandle, out: TensorArg) {
        let Self { rows, depth, columns, left: [row, column], right: [down, across] } = *self;
        let groups = |count: usize, group: u32| (count as u32).div_ceil(group);
        let count =
            CubeCount::Static(groups(columns.div_ceil(COLUMNS), GROUP[0]), groups((rows as u32).div_ceil(ROWS) as usize, GROUP[1]), 1);
        let dim = CubeDim::new_2d(GROUP[0], GROUP[1]);
        let whole = column == 1 && across == 1 && [depth, columns, row, down].iter().all(|size| size % COLUMNS == 0);
        if whole {
            let [depth, columns, row, down] = [depth, columns, row, down].map(|size| size / COLUMNS);
            by_vectors::launch(&result.client, count, dim, COLUMNS, left, right, out, rows, depth, columns, row, down);
        } else {
            by_numbers::launch(&result.client, count, dim, COLUMNS, left, right, out, rows, depth, columns, row, column, down, across);
        }
    }
}

/// Both sides row by row, in vectors: `depth`, `columns` and the strides count vectors.
#[cube(launch)]
fn by_vectors<N: Size>(
    left: &Tensor<Vector<f32, N>>,
    right: &Tensor<Vector<f32, N>>,
    out: &mut Tensor<Vector<f32, N>>,
    rows: usize,
    depth: usize,
    columns: usize,
    row: usize,
    down: usize,
) {
    let x = ABSOLUTE_POS_X as usize;
    let y = ABSOLUTE_POS_Y as usize * 8;
    if x >= columns || y >= rows {
        terminate!();
    }
    // Rows below the last read that one again and are not stored.
    let last = rows - 1;
    let (r0, r1, r2, r3) = (y * row, min(y + 1, last) * row, min(y + 2, last) * row, min(y + 3, last) * row);
    let (r4, r5, r6, r7) = (min(y + 4, last) * row, min(y + 5, last) * row, min(y + 6, last) * row, min(y + 7, last) * row);
    let mut s0 = Vector::<f32, N>::zeroed();
    let mut s1 = Vector::<f32, N>::zeroed();
    let mut s2 = Vector::<f32, N>::zeroed();
    let mut s3 = Vector::<f32, N>::zeroed();
    let mut s4 = Vector::<f32, N>::zeroed();
    let mut s5 = Vector::<f32, N>::zeroed();
    let mut s6 = Vector::<f32, N>::zeroed();
    let mut s7 = Vector::<f32, N>::zeroed();
    for k in 0..depth {
        let at = k * 4 * down + x;
        let (b0, b1, b2, b3) = (right[at], right[at + down], right[at + 2 * down], right[at + 3 * down]);
        s0 = add_four(s0, left[r0 + k], b0, b1, b2, b3);
        s1 = add_four(s1, left[r1 + k], b0, b1, b2, b3);
        s2 = add_four(s2, left[r2 + k], b0, b1, b2, b3);
        s3 = add_four(s3, left[r3 + k], b0, b1, b2, b3);
        s4 = add_four(s4, left[r4 + k], b0, b1, b2, b3);
        s5 = add_four(s5, left[r5 + k], b0, b1, b2, b3);
        s6 = add_four(s6, left[r6 + k], b0, b1, b2, b3);
        s7 = add_four(s7, left[r7 + k], b0, b1, b2, b3);
    }
    store_vector(out, s0, y, x, rows, columns);
    store_vector(out, s1, y + 1, x, rows, columns);
    store_vector(out, s2, y + 2, x, rows, columns);
    store_vector(out, s3, y + 3, x, rows, columns);
    store_vector(out, s4, y + 4, x, rows, columns);
    store_vector(out, s5, y + 5, x, rows, columns);
    store_vector(out, s6, y + 6, x, rows, columns);
    store_vector(out, s7, y + 7, x, rows, columns);
}

#[cube]
fn add_four<N: Size>(
    sum: Vector<f32, N>,
    a: Vector<f32, N>,
    b0: Vector<f32, N>,
    b1: Vector<f32, N>,
    b2: Vector<f32, N>,
    b3: Vector<f32, N>,
) -> Vector<f32, N> {
    let sum = fma(Vector::broadcast(a.extract(0usize)), b0, sum);
    let sum = fma(Vector::broadcast(a.extract(1usize)), b1, sum);
    let sum = fma(Vector::broadcast(a.extract(2usize)), b2, sum);
    fma(Vector::broadcast(a.extract(3usize)), b3, sum)
}

#[cube]
fn store_vector<N: Size>(out: &mut Tensor<Vector<f32, N>>, sum: Vector<f32, N>, y: usize, x: usize, rows: usize, columns: usize) {
    if y < rows {
        out[y * columns + x] = sum;
    }
}

/// Any strides and sizes, a number at a time.
#[cube(launch)]
fn by_numbers<N: Size>(
    left: &Tensor<f32>,
    right: &Tensor<f32>,
    out: &mut Tensor<f32>,
    rows: usize,
    depth: usize,
    columns: usize,
    row: usize,
    column: usize,
    down: usize,
    across: usize,
) {
    let x = ABSOLUTE_POS_X as usize * 4;
    let y = ABSOLUTE_POS_Y as usize * 8;
    if x >= columns || y >= rows {
        terminate!();
    }
    let last = rows - 1;
    let (r0, r1, r2, r3) = (y * row, min(y + 1, last) * row, min(y + 2, last) * row, min(y + 3, last) * row);
    let (r4, r5, r6, r7) = (min(y + 4, last) * row, min(y + 5, last) * row, min(y + 6, last) * row, min(y + 7, last) * row);
    let end = columns - 1;
    let (c0, c1, c2, c3) = (x * across, min(x + 1, end) * across, min(x + 2, end) * across, min(x + 3, end) * across);
    let mut s0 = Vector::<f32, N>::zeroed();
    let mut s1 = Vector::<f32, N>::zeroed();
    let mut s2 = Vector::<f32, N>::zeroed();
    let mut s3 = Vector::<f32, N>::zeroed();
    let mut s4 = Vector::<f32, N>::zeroed();
    let mut s5 = Vector::<f32, N>::zeroed();
    let mut s6 = Vector::<f32, N>::zeroed();
    let mut s7 = Vector::<f32, N>::zeroed();
    for k in 0..depth {
        let (i, j) = (k * column, k * down);
        let mut b = Vector::<f32, N>::zeroed();
        b.insert(0usize, right[j + c0]);
        b.insert(1usize, right[j + c1]);
        b.insert(2usize, right[j + c2]);
        b.insert(3usize, right[j + c3]);
        s0 = fma(Vector::broadcast(left[i + r0]), b, s0);
        s1 = fma(Vector::broadcast(left[i + r1]), b, s1);
        s2 = fma(Vector::broadcast(left[i + r2]), b, s2);
        s3 = fma(Vector::broadcast(left[i + r3]), b, s3);
        s4 = fma(Vector::broadcast(left[i + r4]), b, s4);
        s5 = fma(Vector::broadcast(left[i + r5]), b, s5);
        s6 = fma(Vector::broadcast(left[i + r6]), b, s6);
        s7 = fma(Vector::broadcast(left[i + r7]), b, s7);
    }
    store_numbers(out, s0, y, x, rows, columns);
    store_numbers(out, s1, y + 1, x, rows, columns);
    store_numbers(out, s2, y + 2, x, rows, columns);
    store_numbers(out, s3, y + 3, x, rows, columns);
    store_numbers(out, s4, y + 4, x, rows, columns);
    store_numbers(out, s5, y + 5, x, rows, columns);
    store_numbers(out, s6, y + 6, x, rows, columns);
    store_numbers(out, s7, y + 7, x, rows, columns);
}

#[cube]
fn store_numbers<N: Size>(out: &mut Tensor<f32>, sum: Vector<f32, N>, y: usize, x: usize, rows: usize, columns: usize) {
    if y < rows {
        let at = y * columns + x;
        out[at] = sum.extract(0usize);
        if x + 1 < columns {
            out[at + 1] = sum.extract(1usize);
        }
        if x + 2 < columns {
            out[at + 2] = sum.extract(2usize);
        }
        if x + 3 < columns {
            out[at + 3] = sum.extract(3usize);
        }
    }
}
