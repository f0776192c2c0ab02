//! Matrix products: a unit keeps the sums of a block in registers.

use burn::backend::fusion::stream::Context;
use burn::backend::ir::MatmulOpIr;
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::fusion::CubeFusionHandle;

use super::{beside, in_order, look, take};

/// Numbers of a vector.
pub(super) const LANES: usize = 4;
/// Units of a group, along the columns and the rows.
const GROUP: [u32; 2] = [4, 4];
/// Products of a batch at most: groups along an axis that WebGPU promises.
const BATCHES: usize = 65_535;
/// Units that are worth a larger block.
const ENOUGH: usize = 64;

/// `None`, and nothing touched, when the product is of another kind than the kernels here.
pub(super) fn run(product: &MatmulOpIr, context: &mut Context<CubeFusionHandle>) -> Option<()> {
    let out = context.tensors[&product.out.id].clone();
    let (lhs, rhs) = (look(context, &product.lhs)?, look(context, &product.rhs)?);
    let sides = Sides::new(&lhs.named.shape, &lhs.strides, &rhs.named.shape, &rhs.strides)?;
    let (left, right) = (take(context, &lhs), take(context, &rhs));
    let result = beside(&left, out.shape.iter().product(), &in_order(&out.shape));
    sides.launch(
        left.into_tensor_arg(lhs.named.shape),
        right.into_tensor_arg(rhs.named.shape),
        &result,
        result.clone().into_tensor_arg(out.shape),
    );
    context.handles.register_handle(out.id, result);
    Some(())
}

/// `[outer, inner, rows, depth] × [outer, inner, depth, columns]`, and how far apart the numbers of each side lie along each of its axes.
struct Sides {
    outer: usize,
    inner: usize,
    rows: usize,
    depth: usize,
    columns: usize,
    left: [usize; 4],
    right: [usize; 4],
}

impl Sides {
    /// Batches of the left side alone are more rows of it. `None` where these do not lie one behind another, with more than two axes of
    /// batches, and where there is nothing to compute.
    fn new(left: &[usize], left_strides: &[usize], right: &[usize], right_strides: &[usize]) -> Option<Self> {
        let ([batches @ .., rows, _], [others @ .., depth, columns]) = (left, right) else { return None };
        let ([apart @ .., row, column], [.., down, across]) = (left_strides, right_strides) else { return None };
        if rows * depth * columns * batches.iter().chain(others).product::<usize>() == 0 {
            return None;
        }
        if others.iter().all(|&size| size == 1) {
            let (mut all, mut next) = (*rows, row * rows);
            for (&size, &stride) in batches.iter().zip(apart).rev() {
                if size != 1 && stride != next {
                    return None;
                }
                all *= size;
                next *= size;
            }
            let (left, right) = ([0, 0, *row, *column], [0, 0, *down, *across]);
            return Some(Self { outer: 1, inner: 1, rows: all, depth: *depth, columns: *columns, left, right });
        }
        let (sizes, apart) = pair(batches, apart)?;
        let (others, others_apart) = pair(others, right_strides)?;
        let fits = sizes.iter().zip(others).all(|(&one, other)| one == other || one == 1 || other == 1);
        let [outer, inner] = [sizes[0].max(others[0]), sizes[1].max(others[1])];
        let (left, right) = ([apart[0], apart[1], *row, *column], [others_apart[0], others_apart[1], *down, *across]);
        (fits && outer * inner <= BATCHES).then_some(Self { outer, inner, rows: *rows, depth: *depth, columns: *columns, left, right })
    }

    fn launch(&self, left: TensorArg, right: TensorArg, result: &CubeFusionHandle, out: TensorArg) {
        let Self { outer, inner, rows, depth, columns, left: [lo, li, row, column], right: [ro, ri, down, across] } = *self;
        let (tall, wide) = block(rows, columns, outer * inner);
        let groups = |count: usize, block: usize, group: u32| (count.div_ceil(block) as u32).div_ceil(group);
        let count = CubeCount::Static(groups(columns, wide * LANES, GROUP[0]), groups(rows, tall, GROUP[1]), (outer * inner) as u32);
        let dim = CubeDim::new_2d(GROUP[0], GROUP[1]);
        let whole = column == 1 && across == 1 && [depth, columns, row, down, lo, li, ro, ri].iter().all(|size| size % LANES == 0);
        let step = if whole { LANES } else { 1 };
        let [row, down, lo, li, ro, ri] = [row, down, lo, li, ro, ri].map(|stride| stride / step);
        let batches = BatchesLaunch::new(inner, lo, li, ro, ri);
        if whole {
            let (depth, columns) = (depth / LANES, columns / LANES);
            by_vectors::launch(&result.client, count, dim, LANES, left, right, out, batches, rows, depth, columns, row, down, tall, wide);
        } else {
            by_numbers::launch(
                &result.client,
                count,
                dim,
                LANES,
                left,
                right,
                out,
                batches,
                rows,
                depth,
                columns,
                row,
                column,
                down,
                across,
                tall,
                wide,
            );
        }
    }
}

/// Rows and vectors of columns that a unit sums. A number that is read costs as much as several that are added, so a block is as large as
/// leaves every core something to do.
fn block(rows: usize, columns: usize, batches: usize) -> (usize, usize) {
    let units = |(tall, wide): (usize, usize)| rows.div_ceil(tall) * columns.div_ceil(wide * LANES) * batches;
    [(16, 2), (8, 2), (8, 1)].into_iter().find(|&block| units(block) >= ENOUGH).unwrap_or((4, 1))
}

/// Sizes and strides of at most two axes, with axes of one before them.
fn pair(sizes: &[usize], strides: &[usize]) -> Option<([usize; 2], [usize; 2])> {
    let mut found = ([1; 2], [0; 2]);
    let free = 2_usize.checked_sub(sizes.len())?;
    for (axis, (&size, &stride)) in sizes.iter().zip(strides).enumerate().filter(|(_, (size, _))| **size != 1) {
        (found.0[free + axis], found.1[free + axis]) = (size, stride);
    }
    Some(found)
}

/// How far apart the products of a batch lie, on each side and along each of two axes.
#[derive(CubeLaunch, CubeType)]
struct Batches {
    inner: usize,
    left_outer: usize,
    left_inner: usize,
    right_outer: usize,
    right_inner: usize,
}

/// Both sides row by row, in vectors: `depth`, `columns` and the strides count vectors.
#[cube(launch)]
fn by_vectors<N: Size>(
    left: &Tensor<Vector<f32, N>>,
    right: &Tensor<Vector<f32, N>>,
    out: &mut Tensor<Vector<f32, N>>,
    batches: Batches,
    rows: usize,
    depth: usize,
    columns: usize,
    row: usize,
    down: usize,
    #[comptime] tall: usize,
    #[comptime] wide: usize,
) {
    let x = ABSOLUTE_POS_X as usize * wide;
    let y = ABSOLUTE_POS_Y as usize * tall;
    if x >= columns || y >= rows {
        terminate!();
    }
    let batch = CUBE_POS_Z as usize;
    let first = batch / batches.inner * batches.left_outer + batch % batches.inner * batches.left_inner;
    let above = batch / batches.inner * batches.right_outer + batch % batches.inner * batches.right_inner;
    // What lies past the end reads the last again and is not stored.
    let mut starts = Array::<usize>::new(tall);
    #[unroll]
    for i in 0..tall {
        starts[i] = first + min(y + i, rows - 1) * row;
    }
    let mut sums = Array::<Vector<f32, N>>::new(comptime!(tall * wide));
    #[unroll]
    for i in 0..comptime!(tall * wide) {
        sums[i] = Vector::zeroed();
    }
    let mut seen = Array::<Vector<f32, N>>::new(comptime!(4 * wide));
    for k in 0..depth {
        #[unroll]
        for c in 0..wide {
            let at = above + k * 4 * down + min(x + c, columns - 1);
            #[unroll]
            for i in 0..4 {
                seen[c * 4 + i] = right[at + i * down];
            }
        }
        #[unroll]
        for i in 0..tall {
            let a = left[starts[i] + k];
            #[unroll]
            for c in 0..wide {
                sums[i * wide + c] = add_four(sums[i * wide + c], a, seen[c * 4], seen[c * 4 + 1], seen[c * 4 + 2], seen[c * 4 + 3]);
            }
        }
    }
    #[unroll]
    for i in 0..tall {
        #[unroll]
        for c in 0..wide {
            if y + i < rows && x + c < columns {
                out[(batch * rows + y + i) * columns + x + c] = sums[i * wide + c];
            }
        }
    }
}

/// Adds `a × b`, `b` in four rows.
#[cube]
pub(super) fn add_four<N: Size>(
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

/// Any strides and sizes, a number at a time.
#[cube(launch)]
fn by_numbers<N: Size>(
    left: &Tensor<f32>,
    right: &Tensor<f32>,
    out: &mut Tensor<f32>,
    batches: Batches,
    rows: usize,
    depth: usize,
    columns: usize,
    row: usize,
    column: usize,
    down: usize,
    across: usize,
    #[comptime] tall: usize,
    #[comptime] wide: usize,
) {
    let x = ABSOLUTE_POS_X as usize * comptime!(wide * 4);
    let y = ABSOLUTE_POS_Y as usize * tall;
    if x >= columns || y >= rows {
        terminate!();
    }
    let batch = CUBE_POS_Z as usize;
    let first = batch / batches.inner * batches.left_outer + batch % batches.inner * batches.left_inner;
    let above = batch / batches.inner * batches.right_outer + batch % batches.inner * batches.right_inner;
    let mut starts = Array::<usize>::new(tall);
    #[unroll]
    for i in 0..tall {
        starts[i] = first + min(y + i, rows - 1) * row;
    }
    let mut tops = Array::<usize>::new(comptime!(wide * 4));
    #[unroll]
    for c in 0..comptime!(wide * 4) {
        tops[c] = above + min(x + c, columns - 1) * across;
    }
    let mut sums = Array::<Vector<f32, N>>::new(comptime!(tall * wide));
    #[unroll]
    for i in 0..comptime!(tall * wide) {
        sums[i] = Vector::zeroed();
    }
    let mut seen = Array::<Vector<f32, N>>::new(wide);
    for k in 0..depth {
        #[unroll]
        for c in 0..wide {
            let mut b = Vector::<f32, N>::zeroed();
            #[unroll]
            for i in 0..4 {
                b.insert(i, right[tops[c * 4 + i] + k * down]);
            }
            seen[c] = b;
        }
        #[unroll]
        for i in 0..tall {
            let a = Vector::broadcast(left[starts[i] + k * column]);
            #[unroll]
            for c in 0..wide {
                sums[i * wide + c] = fma(a, seen[c], sums[i * wide + c]);
            }
        }
    }
    #[unroll]
    for i in 0..tall {
        let to = (batch * rows + y + i) * columns + x;
        #[unroll]
        for c in 0..comptime!(wide * 4) {
            if y + i < rows && x + c < columns {
                out[to + c] = sums[i * wide + c / 4].extract(c % 4);
            }
        }
    }
}
