//! Products of matrices that lie in slices, on the caller's thread: those of a kernel are small, and there is one for every image or head.

use gemm::{Parallelism, gemm};

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
        assert!((rows - 1) * strides[0] + (columns - 1) * strides[1] < values.len(), "a matrix lies within its slice");
        Self { values, rows, columns, strides }
    }

    pub fn transposed(self) -> Self {
        let Self { values, rows, columns, strides: [down, right] } = self;
        Self { values, rows: columns, columns: rows, strides: [right, down] }
    }
}

/// Writes `a·b` to `out`, which is row by row.
pub fn product(out: &mut [f32], a: Matrix, b: Matrix) {
    multiply(out, a, b, false);
}

/// Adds `a·b` to `out`, which is row by row.
pub fn add_product(out: &mut [f32], a: Matrix, b: Matrix) {
    multiply(out, a, b, true);
}

fn multiply(out: &mut [f32], a: Matrix, b: Matrix, add: bool) {
    assert!(a.columns == b.rows && out.len() == a.rows * b.columns, "sizes of a product fit");
    let [a_strides, b_strides] = [a, b].map(|matrix| matrix.strides.map(|stride| stride as isize));
    // SAFETY: each matrix lies within its slice, as [`Matrix`] is made, and `out` has the size asserted; it is borrowed by nobody else.
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            b.columns as isize,
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
            Parallelism::None,
        );
    }
}
