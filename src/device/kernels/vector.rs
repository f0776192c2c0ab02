//! What the kernels do with the vectors of the machine. All is `inline(always)`: what is not inlined into the function that `with_simd` compiles
//! for the machine calls a function per instruction, and that was slower than no SIMD. So closures are left out, too.

use macerator::{Scalar, Simd, Vector, vload_unaligned, vstore_unaligned};

/// No machine has more numbers in a vector (ARM's scalable ones are not used).
const MOST_LANES: usize = 16;

/// How many numbers a vector has.
#[inline(always)]
pub fn lanes<S: Simd>() -> usize {
    <f32 as Scalar>::lanes::<S>()
}

/// The numbers from `at`; behind the last one `rest`.
#[inline(always)]
pub fn load<S: Simd>(x: &[f32], at: usize, rest: f32) -> Vector<S, f32> {
    if at + lanes::<S>() <= x.len() {
        // SAFETY: the slice has that many numbers.
        return unsafe { vload_unaligned::<S, _>(x.as_ptr().add(at)) };
    }
    let mut pad = [rest; MOST_LANES];
    for (to, from) in pad.iter_mut().zip(&x[at..]) {
        *to = *from;
    }
    // SAFETY: the pad holds a vector.
    unsafe { vload_unaligned::<S, _>(pad.as_ptr()) }
}

/// Puts numbers from `at`, as many as there is room for.
#[inline(always)]
pub fn store<S: Simd>(out: &mut [f32], at: usize, value: Vector<S, f32>) {
    if at + lanes::<S>() <= out.len() {
        // SAFETY: the slice has that many numbers.
        return unsafe { vstore_unaligned::<S, _>(out.as_mut_ptr().add(at), value) };
    }
    let mut pad = [0.0; MOST_LANES];
    // SAFETY: the pad holds a vector.
    unsafe { vstore_unaligned::<S, _>(pad.as_mut_ptr(), value) };
    for (to, from) in out[at..].iter_mut().zip(pad) {
        *to = from;
    }
}

/// A polynomial of these coefficients, highest first (Horner). A loop, because an iterator's `fold` is not inlined either.
#[inline(always)]
pub fn polynomial<S: Simd, const N: usize>(x: Vector<S, f32>, coefficients: [f32; N]) -> Vector<S, f32> {
    let mut sum = coefficients[0].splat::<S>();
    let mut next = 1;
    while next < N {
        sum = sum.mul_add(x, coefficients[next].splat());
        next += 1;
    }
    sum
}

/// eˣ for x ≤ 0: `2ᵏ·eʳ` with |r| ≤ ½·ln 2, eʳ by the polynomial of Cephes' `expf`. Below e⁻⁸⁷ it is 0, since numbers that are smaller than normal
/// ones make whatever multiplies them slow. What is no number stays none.
#[inline(always)]
pub fn exp<S: Simd>(x: Vector<S, f32>) -> Vector<S, f32> {
    let least = (-87.0_f32).splat::<S>();
    let within = x.lt(least).select(least, x);
    let k = (within * std::f32::consts::LOG2_E.splat()).round_ties_even();
    // ln 2 in two parts, so that the subtraction loses nothing.
    let r = k.mul_add(2.121_944_4e-4_f32.splat(), k.mul_add((-0.693_359_4_f32).splat(), within));
    let series = polynomial(r, [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5]);
    let small = (r * r).mul_add(series, r + 1.0_f32.splat());
    // 2ᵏ is its exponent bits.
    let power = (k.round_to_int() + 127_i32.splat()) * (1_i32 << 23).splat();
    x.lt(least).select(0.0_f32.splat(), small * power.reinterpret::<f32>())
}
