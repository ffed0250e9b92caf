//! Tensors as arrays of a stored state, and back.

use detector::{State, StateError, StoredArray};
use ndarray::{ArrayD, IxDyn};
use tch::{Device, Kind, Tensor, nn};

use crate::TrainingError;

/// `state` with a copy of a tensor as the array `name`, in the tensor's own number type.
///
/// # Errors
/// [`TrainingError::Torch`] where the numbers cannot be read back from their device,
/// [`TrainingError::Model`] for number types that no array has.
pub fn with_tensor(state: State, name: &str, tensor: &Tensor) -> Result<State, TrainingError> {
    Ok(state.with_stored(name, stored(tensor)?))
}

fn stored(tensor: &Tensor) -> Result<StoredArray, TrainingError> {
    let shape: Vec<usize> = tensor.size().iter().map(|&side| side as usize).collect();
    let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?;
    let flat = flat.f_contiguous()?.f_reshape([-1])?;
    macro_rules! array {
        ($variant:ident) => {
            ArrayD::from_shape_vec(IxDyn(&shape), Vec::try_from(&flat)?).map(StoredArray::$variant)
        };
    }
    let array = match tensor.kind() {
        Kind::Float => array!(F32),
        Kind::Double => array!(F64),
        Kind::Uint8 => array!(U8),
        Kind::Int64 => array!(I64),
        other => {
            let reason = format!("tensors of {other:?} cannot be stored");
            return Err(TrainingError::Model(reason.into()));
        }
    };
    array.map_err(|e| TrainingError::Model(e.into()))
}

/// The array `name` of `state` as a tensor on `device`.
///
/// # Errors
/// [`TrainingError::State`] where it is missing or of a number type that tensors do not have,
/// [`TrainingError::Torch`] where the device is absent or full.
pub fn tensor(state: &State, name: &str, device: Device) -> Result<Tensor, TrainingError> {
    let array = state.stored(name)?;
    let shape: Vec<i64> = array.shape().iter().map(|&side| side as i64).collect();
    let flat = match array {
        StoredArray::F32(x) => x.as_slice().map(Tensor::f_from_slice),
        StoredArray::F64(x) => x.as_slice().map(Tensor::f_from_slice),
        StoredArray::U8(x) => x.as_slice().map(Tensor::f_from_slice),
        StoredArray::I64(x) => x.as_slice().map(Tensor::f_from_slice),
        _ => None,
    };
    let flat =
        flat.ok_or_else(|| state.wrong(name, format!("a tensor of {}", array.dtype())))??;
    Ok(flat.f_view(&shape[..])?.f_to_device(device)?)
}

/// A [`tensor`] of 32-bit floats, all finite, of this shape.
///
/// # Errors
/// As [`tensor`], and [`TrainingError::State`] for another shape or number type, or a number that is not
/// finite.
pub fn tensor_of(
    state: &State,
    name: &str,
    shape: &[i64],
    device: Device,
) -> Result<Tensor, TrainingError> {
    let found = tensor(state, name, device)?;
    check(state, name, &found, (shape, Kind::Float))?;
    match found.f_isfinite()?.f_all()?.f_int64_value(&[])? {
        0 => Err(state.wrong(name, "a number that is not finite").into()),
        _ => Ok(found),
    }
}

/// Copies the array `name` of `state` into the tensor `to`, which has its shape and number type.
///
/// # Errors
/// As [`tensor`], and [`TrainingError::State`] for another shape or number type.
pub(crate) fn load(state: &State, name: &str, to: &mut Tensor) -> Result<(), TrainingError> {
    let found = tensor(state, name, Device::Cpu)?;
    check(state, name, &found, (&to.size(), to.kind()))?;
    let _no_grad = tch::no_grad_guard();
    to.f_copy_(&found)?;
    Ok(())
}

/// All variables, those without gradient too, by name.
pub(crate) fn variables(vs: &nn::VarStore) -> Vec<(String, Tensor)> {
    let mut variables: Vec<(String, Tensor)> = vs.variables().into_iter().collect();
    variables.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    variables
}

/// [Loads](load) every variable of `vs`.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_variables(vs: &nn::VarStore, state: &State) -> Result<(), TrainingError> {
    for (name, mut variable) in variables(vs) {
        load(state, &name, &mut variable)?;
    }
    Ok(())
}

fn check(
    state: &State,
    name: &str,
    found: &Tensor,
    expected: (&[i64], Kind),
) -> Result<(), StateError> {
    let (size, kind) = (found.size(), found.kind());
    if (&size[..], kind) == expected {
        return Ok(());
    }
    let (shape, wanted) = expected;
    let reason = format!("{kind:?} of shape {size:?}, expected {wanted:?} of {shape:?}");
    Err(state.wrong(name, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_come_back_with_their_kind_shape_and_bits() {
        let cpu = Device::Cpu;
        let tensors = [
            Tensor::from_slice(&[0.1f32, f32::NAN, -0.0]),
            Tensor::from_slice(&[0.1f64, 1e300]).view([2, 1]),
            Tensor::from_slice(&[0u8, 255]),
            Tensor::from(-7i64),
            Tensor::zeros([0, 3], (Kind::Float, cpu)),
            Tensor::arange(6, (Kind::Float, cpu)).view([2, 3]).tr(),
        ];
        for before in tensors {
            let state = with_tensor(State::new("net", 1), "x", &before).unwrap();
            let state = State::from_bytes(&state.to_bytes().unwrap()).unwrap();
            let after = tensor(&state, "x", cpu).unwrap();
            assert_eq!((after.kind(), after.size()), (before.kind(), before.size()));
            let bits = |x: &Tensor| format!("{:?}", stored(x).unwrap());
            assert_eq!(bits(&after), bits(&before));
        }
        let half = Tensor::zeros([1], (Kind::Half, cpu));
        assert!(with_tensor(State::new("net", 1), "x", &half).is_err());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let x = Tensor::from_slice(&[1.0f32, f32::INFINITY]);
        let state = with_tensor(State::new("net", 1), "x", &x).unwrap();
        let state = state.with_list("count", &[1u64]);
        let mut to = Tensor::zeros([3], (Kind::Float, Device::Cpu));
        let message = |error: TrainingError| error.to_string();
        assert_eq!(
            message(load(&state, "x", &mut to).unwrap_err()),
            "`x` of a stored `net`: Float of shape [2], expected Float of [3]"
        );
        assert_eq!(
            message(load(&state, "y", &mut to).unwrap_err()),
            "`y` of a stored `net`: it is missing"
        );
        assert_eq!(
            message(tensor(&state, "count", Device::Cpu).unwrap_err()),
            "`count` of a stored `net`: a tensor of u64"
        );
        assert_eq!(
            message(tensor_of(&state, "x", &[2], Device::Cpu).unwrap_err()),
            "`x` of a stored `net`: a number that is not finite"
        );
    }
}
