//! Products and convolutions on a software adapter: a CPU that plays a GPU (Chromium's SwiftShader). cubecl's own share tiles between units
//! behind barriers, and a CPU pays for a barrier with a switch between all units of the group: the teacher of W1, three products, took 145 of
//! a step's 165 ms. Here a unit keeps its sums in registers and waits for nobody. A real GPU gets cubecl's kernels: none of this was
//! measured on one.

mod convolution;
mod product;

use std::sync::atomic::{AtomicBool, Ordering};

use burn::backend::fusion::stream::Context;
use burn::backend::fusion::{FuserProperties, FuserStatus, OperationFuser};
use burn::backend::ir::{FloatOperationIr, MatmulOpIr, ModuleOperationIr, OperationIr, TensorIr};
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::fusion::{
    CubeFuser, CubeFusionHandle, CubeOptimization, FallbackOperation, FusedOperation, OptimizationProvider, register, remove,
};
use serde::{Deserialize, Serialize};

use convolution::Convolution;

/// burn's fusion of a matrix product.
const BUILT_IN: &str = "Matmul";

/// Has every matrix product and convolution computed here. Must run before the first tensor of the device; later it changes nothing, as at a
/// second opening.
pub(super) fn install() {
    INSTALLED.store(true, Ordering::Relaxed);
    if register(Provider).is_ok() {
        // burn's own takes a product with what follows it, and cannot fuse them without tensor cores.
        let _ = remove(BUILT_IN);
    }
}

/// Whether the GPU is a CPU that plays one.
pub fn is_installed() -> bool {
    INSTALLED.load(Ordering::Relaxed)
}

static INSTALLED: AtomicBool = AtomicBool::new(false);

struct Provider;

impl OptimizationProvider for Provider {
    type Operation = Steps;

    fn fuser(&self, _device: &cubecl::Device) -> CubeFuser {
        CubeFuser::new(Fuser::new())
    }
}

/// Takes one operation, and what stands before it when that is a single operation on numbers one by one: burn's own fusion waits with such a
/// one for a second, and when a product comes instead, runs both by themselves.
#[derive(Clone)]
struct Fuser {
    before: usize,
    found: Option<Single>,
    closed: bool,
}

impl OperationFuser<CubeOptimization> for Fuser {
    fn fuse(&mut self, operation: &OperationIr) {
        if self.closed {
            return;
        }
        self.found = match operation {
            OperationIr::Float(_, FloatOperationIr::Matmul(product)) => Some(Single::Product(product.clone())),
            OperationIr::Module(ModuleOperationIr::Conv2d(forward)) => Some(Single::Convolution(Convolution::Forward(forward.clone()))),
            OperationIr::Module(ModuleOperationIr::Conv2dXBackward(backward)) => {
                Some(Single::Convolution(Convolution::InputGradient(backward.clone())))
            }
            OperationIr::Module(ModuleOperationIr::Conv2dWeightBackward(backward)) => {
                Some(Single::Convolution(Convolution::WeightGradient(backward.clone())))
            }
            _ => None,
        };
        let waits = self.found.is_none() && self.before == 0 && matches!(operation, OperationIr::NumericFloat(..));
        self.before += usize::from(waits);
        self.closed = !waits;
    }

    fn finish(&mut self) -> CubeOptimization {
        CubeOptimization::new(Steps { before: self.before, last: self.found.clone().expect("asked only when ready") })
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn status(&self) -> FuserStatus {
        if self.closed { FuserStatus::Closed } else { FuserStatus::Open }
    }

    fn properties(&self) -> FuserProperties {
        FuserProperties { score: 1, ready: self.found.is_some() }
    }

    fn len(&self) -> usize {
        self.before + usize::from(self.found.is_some())
    }

    fn clone_dyn(&self) -> Box<dyn OperationFuser<CubeOptimization>> {
        Box::new(self.clone())
    }
}

impl Fuser {
    fn new() -> Self {
        Self { before: 0, found: None, closed: false }
    }
}

/// What is computed here. Its tensors are named relative to the stream, as everywhere in burn's fusion.
#[derive(Clone, Serialize, Deserialize)]
enum Single {
    Product(MatmulOpIr),
    Convolution(Convolution),
}

/// `before` operations by themselves, and then one that is computed here.
#[derive(Clone, Serialize, Deserialize)]
struct Steps {
    before: usize,
    last: Single,
}

impl FusedOperation for Steps {
    const NAME: &'static str = "Software";

    type State = Self;

    fn num_ops_fused(&self) -> usize {
        self.before + 1
    }

    fn run(&mut self, context: &mut Context<CubeFusionHandle>, fallback: &dyn Fn(usize) -> Box<dyn FallbackOperation>) {
        for index in 0..self.before {
            fallback(index).run(context);
        }
        let done = match &self.last {
            Single::Product(product) => product::run(product, context),
            Single::Convolution(convolution) => convolution.run(context),
        };
        if done.is_none() {
            fallback(self.before).run(context);
        }
    }

    fn to_state(&self) -> Self {
        self.clone()
    }

    fn from_state(_device: &cubecl::Device, state: Self) -> Self {
        state
    }
}

/// A tensor of f32 in rows, with its true shape. Looking leaves it where it is.
struct Seen {
    named: TensorIr,
    strides: Vec<usize>,
}

/// `None` when the kernels here cannot read it.
fn look(context: &mut Context<CubeFusionHandle>, relative: &TensorIr) -> Option<Seen> {
    // The context's own status is that of the last operation that waits, which may read the tensor again after this one.
    let named = TensorIr { status: relative.status, ..context.tensors[&relative.id].clone() };
    let handle = context.handles.get_handle_ref(&named.id)?;
    (named.dtype == DType::F32 && handle.tiles.is_none()).then(|| Seen { strides: handle.strides.to_vec(), named: named.clone() })
}

/// Takes the tensor out, as its last reader may.
fn take(context: &mut Context<CubeFusionHandle>, seen: &Seen) -> CubeFusionHandle {
    context.handles.get_handle(&seen.named.id, &seen.named.status)
}

/// Memory for `count` numbers beside `other`'s, to be read with these strides.
fn beside(other: &CubeFusionHandle, count: usize, strides: &[usize]) -> CubeFusionHandle {
    let (client, device) = (other.client.clone(), other.device.clone());
    let handle = client.empty(count * size_of::<f32>());
    CubeFusionHandle { client, handle, device, dtype: DType::F32, strides: strides.into(), tiles: None, qparams: None }
}

/// Strides of a tensor that lies without gaps, the last axis innermost.
fn in_order(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}
