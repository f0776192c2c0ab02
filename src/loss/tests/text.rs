//! The numbers of `tests/reference/text_losses.py`: losses on texts in float64 PyTorch.

use burn::tensor::{Tensor, TensorData};
use serde::Deserialize;

use super::{Rows, device};
use crate::spec::Preference;

#[derive(Deserialize)]
pub struct Reference {
    pub top_k: TopK,
    pub advantages: Advantages,
    pub surrogate: Surrogate,
    pub preferences: Preferences,
    pub token: Token,
    pub uld: Vec<Uld>,
}

#[derive(Deserialize)]
pub struct TopK {
    pub teacher: Rows,
    pub student: Rows,
    pub cases: Vec<TopKCase>,
}

#[derive(Deserialize)]
pub struct TopKCase {
    pub k: usize,
    pub temperature: f64,
    pub ids: Vec<Vec<i32>>,
    pub log_p: Rows,
    pub value: f64,
    pub gradients: [Vec<Vec<f64>>; 1],
}

#[derive(Deserialize)]
pub struct Advantages {
    pub rewards: Vec<Vec<f64>>,
    pub value: Vec<Vec<f64>>,
    pub undiscounted: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
pub struct Surrogate {
    pub log_q: Vec<f32>,
    pub log_q_old: Vec<f32>,
    pub weights: Vec<f32>,
    pub advantages: Vec<f32>,
    pub mask: Vec<f32>,
    pub cases: Vec<SurrogateCase>,
}

#[derive(Deserialize)]
pub struct SurrogateCase {
    pub clip: Option<f64>,
    pub value: f64,
    pub gradients: [Vec<f64>; 1],
}

#[derive(Deserialize)]
pub struct Preferences {
    pub chosen: Vec<f32>,
    pub rejected: Vec<f32>,
    pub chosen_reference: Vec<f32>,
    pub rejected_reference: Vec<f32>,
    pub chosen_tokens: Vec<f32>,
    pub rejected_tokens: Vec<f32>,
    pub cases: Vec<PreferenceCase>,
}

#[derive(Deserialize)]
pub struct PreferenceCase {
    pub form: Preference,
    pub beta: f64,
    pub margin: f64,
    pub length_norm: bool,
    pub value: f64,
    pub gradients: [Vec<f64>; 2],
}

#[derive(Deserialize)]
pub struct Token {
    pub teacher: Rows,
    pub student: Rows,
    pub mask: Vec<f32>,
    pub beta: f64,
    pub value: f64,
    pub gradients: [Vec<Vec<f64>>; 1],
}

#[derive(Deserialize)]
pub struct Uld {
    pub teacher: Rows,
    pub student: Rows,
    pub value: f64,
    pub gradients: [Vec<Vec<f64>>; 1],
}

pub fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/reference/text_losses.json")).unwrap()
}

/// `[n]` on the autodiff device.
pub fn vector(values: &[f32]) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &device())
}
