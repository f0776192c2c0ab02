//! The one place that waits for device data. Everything asked for is read in a single batched, asynchronous transaction: in a browser a
//! synchronous read panics, and each read costs a round trip.

use burn::tensor::{Tensor, Transaction};

use super::DeviceError;

/// Tensors to be read together, in the order in which they were added.
#[derive(Default)]
pub struct Reads {
    transaction: Transaction,
    count: usize,
}

impl Reads {
    /// Adds a tensor of any shape; its values come back row by row.
    pub fn add<const D: usize>(&mut self, tensor: Tensor<D>) {
        let transaction = std::mem::take(&mut self.transaction);
        self.transaction = transaction.register(tensor);
        self.count += 1;
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// [`DeviceError::Lost`] when the device fails or, natively, a shader was refused that these values come from; [`DeviceError::Shader`]
    /// when, in a page, any shader was refused since the start.
    pub async fn run(self) -> Result<Vec<Vec<f32>>, DeviceError> {
        if self.count == 0 {
            return Ok(Vec::new());
        }
        let data = self.transaction.execute_async().await.map_err(|error| DeviceError::Lost(error.to_string()))?;
        #[cfg(target_family = "wasm")]
        if let Some(error) = super::shader_log::first_error() {
            return Err(DeviceError::Shader(error));
        }
        data.into_iter().map(|data| data.try_to_vec::<f32>().map_err(|error| DeviceError::Lost(format!("{error:?}")))).collect()
    }
}

/// Reads one tensor.
///
/// # Errors
/// As [`Reads::run`].
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, DeviceError> {
    let mut reads = Reads::default();
    reads.add(tensor);
    Ok(reads.run().await?.swap_remove(0))
}
