//! Which runner runs a test: the same tests run natively and, compiled to wasm, under Node.

#[cfg(not(target_family = "wasm"))]
pub use {core::prelude::v1::test, pollster_macro::test as test_async};
#[cfg(target_family = "wasm")]
pub use {wasm_bindgen_test::wasm_bindgen_test as test, wasm_bindgen_test::wasm_bindgen_test as test_async};
