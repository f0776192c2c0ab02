//! Products of matrices that lie in slices in any order. burn-flex's own begin by zeros that are copied once more.

use std::marker::PhantomData;

use gemm::{Parallelism, gemm};

/// Multiplications that another thread is asked for, some 10 µs of work.
#[cfg(not(target_family = "wasm"))]
const WORTH_A_THREAD: usize = 1 << 19;

/// Numbers as a matrix.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    /// Between neighbours in a column, and in a row.
    strides: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// Row by row.
    pub fn rows(values: &'a [f32], columns: usize) -> Self {
        Self { values, rows: values.len() / columns, columns, strides: [columns, 1] }
    }

    /// With any distance between rows and between columns.
    pub fn strided(values: &'a [f32], [rows, columns]: [usize; 2], strides: [usize; 2]) -> Self {
        let fits = rows * columns == 0 || (rows - 1) * strides[0] + (columns - 1) * strides[1] < values.len();
        assert!(fits, "a matrix lies within its slice");
        Self { values, rows, columns, strides }
    }

    pub fn transposed(self) -> Self {
        let Self { values, rows, columns, strides: [down, right] } = self;
        Self { values, rows: columns, columns: rows, strides: [right, down] }
    }
}

/// A matrix that is written: columns side by side in one slice or, of heads, in parts of one.
pub struct MatrixMut<'a> {
    first: *mut f32,
    rows: usize,
    columns: usize,
    /// Between neighbours in a column.
    stride: usize,
    values: PhantomData<&'a mut [f32]>,
}

// SAFETY: it is a `&mut` of numbers that no other has.
unsafe impl Send for MatrixMut<'_> {}

impl<'a> MatrixMut<'a> {
    /// Row by row.
    pub fn rows(values: &'a mut [f32], [rows, columns]: [usize; 2]) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix fills its slice");
        Self { first: values.as_mut_ptr(), rows, columns, stride: columns, values: PhantomData }
    }

    /// `[rows, head]` of each head of each sequence, the heads of a sequence behind one another. `values` are `[batch, heads, rows, head]`, or where
    /// heads lie `side_by_side` `[batch, rows, heads, head]`.
    pub fn heads(values: &'a mut [f32], [rows, heads, head]: [usize; 3], side_by_side: bool) -> Vec<Self> {
        let (next, stride) = if side_by_side { (head, heads * head) } else { (rows * head, head) };
        let of_sequence = |sequence: &'a mut [f32]| {
            let first = sequence.as_mut_ptr();
            // SAFETY: within the sequence, since it has `heads` heads. Their rows are apart from each other.
            (0..heads).map(move |index| unsafe { first.add(index * next) })
        };
        let firsts = values.chunks_exact_mut(rows * heads * head).flat_map(of_sequence);
        firsts.map(|first| Self { first, rows, columns: head, stride, values: PhantomData }).collect()
    }
}

/// Writes `a·b` to `out` on the caller's thread: one of the products that there are for every image or head.
pub fn product(out: MatrixMut, a: Matrix, b: Matrix) {
    multiply(out, a, b, false, Parallelism::None);
}

/// Adds `a·b` to `out`, as [`product`] writes it.
pub fn add_product(out: MatrixMut, a: Matrix, b: Matrix) {
    multiply(out, a, b, true, Parallelism::None);
}

/// Writes `a·b` to `out`, or adds it, on all threads where there are threads.
pub fn shared_product(out: MatrixMut, a: Matrix, b: Matrix, add: bool) {
    #[cfg(target_family = "wasm")]
    let threads = Parallelism::None;
    #[cfg(not(target_family = "wasm"))]
    let threads = match (a.rows * a.columns * b.columns / WORTH_A_THREAD).min(rayon::current_num_threads()) {
        0 | 1 => Parallelism::None,
        threads => Parallelism::Rayon(threads),
    };
    multiply(out, a, b, add, threads);
}

fn multiply(out: MatrixMut, a: Matrix, b: Matrix, add: bool, threads: Parallelism) {
    assert!(a.columns == b.rows && [out.rows, out.columns] == [a.rows, b.columns], "sizes of a product fit");
    let [a_strides, b_strides] = [a, b].map(|matrix| matrix.strides.map(|stride| stride as isize));
    // SAFETY: each matrix lies within its slice, as it is made, and `out` has the size asserted; it is borrowed by nobody else.
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            out.first,
            1,
            out.stride as isize,
            add,
            a.values.as_ptr(),
            a_strides[1],
            a_strides[0],
            b.values.as_ptr(),
            b_strides[1],
            b_strides[0],
            1.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}
