pub mod hard {
    use burn::tensor::*;
    pub fn cross_entropy(l: Tensor<2>, t: Tensor<2>) -> Tensor<1> {
        -(activation::log_softmax(l, 1) * t).sum_dim(1).mean()
    }
    pub fn smooth(t: Tensor<2>, e: f64) -> Tensor<2> {
        t * (1.0 - e)
    }
}
pub mod soft {
    use crate::spec::Distill;
    use burn::tensor::*;
    pub fn scale(d: &Distill) -> f64 {
        if d.t_squared { d.temperature * d.temperature } else { 1.0 }
    }
    pub fn soft_loss(t: Tensor<2>, s: Tensor<2>, _x: Tensor<2>, d: &Distill) -> Tensor<1> {
        let lp = activation::log_softmax(t / d.temperature, 1);
        let lq = activation::log_softmax(s / d.temperature, 1);
        (lp.clone().exp() * (lp - lq)).sum_dim(1).mean()
    }
}
pub mod features {
    use burn::tensor::*;
    pub fn hint(a: Tensor<2>, b: Tensor<2>) -> Tensor<1> {
        (a - b).square().mean()
    }
    pub fn attention_transfer(a: Tensor<4>, _b: Tensor<4>) -> Tensor<1> {
        a.mean()
    }
}
pub mod teachers {
    use burn::tensor::*;
    pub fn average(mut l: Vec<Tensor<2>>) -> Tensor<2> {
        l.swap_remove(0)
    }
}
pub fn combine(
    h: burn::tensor::Tensor<1>,
    s: burn::tensor::Tensor<1>,
    _a: Option<burn::tensor::Tensor<1>>,
    _b: Option<burn::tensor::Tensor<1>>,
    d: &crate::spec::Distill,
) -> burn::tensor::Tensor<1> {
    h * d.alpha + s * ((1.0 - d.alpha) * soft::scale(d))
}
