//! The only `unsafe` of this crate: calls into `shim.cpp`.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_void};

use tch::Tensor;

use crate::ExtError;

unsafe extern "C" {
    fn tx_free(message: *mut c_char);
    fn tx_autocast_enter(
        cuda: bool,
        bf16: bool,
        enabled_before: *mut bool,
        dtype_before: *mut i8,
    ) -> *mut c_char;
    fn tx_autocast_exit(cuda: bool, enabled_before: bool, dtype_before: i8) -> *mut c_char;
    fn tx_deterministic(on: *mut bool) -> *mut c_char;
    fn tx_set_deterministic(on: bool) -> *mut c_char;
    fn tx_keep_freed_memory() -> bool;
    fn tx_stacked_linear(
        x: *mut c_void,
        weight: *mut c_void,
        bias: *mut c_void,
        to: *mut c_void,
    ) -> *mut c_char;
    fn tx_fused_adam(
        theta: *mut c_void,
        gradient: *mut c_void,
        m: *mut c_void,
        v: *mut c_void,
        step: *mut c_void,
        learning_rate: f64,
        beta_1: f64,
        beta_2: f64,
        weight_decay: f64,
        eps: f64,
        decoupled: bool,
    ) -> *mut c_char;
}

/// The message of a call that failed, whose memory is given back.
fn check(message: *mut c_char) -> Result<(), ExtError> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: a non-null result of the shim is a NUL-terminated string from strdup, ours alone; it is
    // copied before it is freed, once.
    let text = unsafe {
        let text = CStr::from_ptr(message).to_string_lossy().into_owned();
        tx_free(message);
        text
    };
    Err(ExtError::Torch {
        message: text.lines().next().unwrap_or_default().to_owned(),
    })
}

/// The thread's autocast state before it was entered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AutocastBefore {
    enabled: bool,
    dtype: i8,
}

pub(crate) fn autocast_enter(cuda: bool, bf16: bool) -> Result<AutocastBefore, ExtError> {
    let (mut enabled, mut dtype) = (false, 0);
    // SAFETY: both pointers are to live variables of the types that the shim writes.
    check(unsafe { tx_autocast_enter(cuda, bf16, &raw mut enabled, &raw mut dtype) })?;
    Ok(AutocastBefore { enabled, dtype })
}

pub(crate) fn autocast_exit(cuda: bool, before: AutocastBefore) -> Result<(), ExtError> {
    // SAFETY: no pointers; `dtype` came from `tx_autocast_enter`, so it is one of libtorch's.
    check(unsafe { tx_autocast_exit(cuda, before.enabled, before.dtype) })
}

pub(crate) fn deterministic() -> Result<bool, ExtError> {
    let mut on = false;
    // SAFETY: the pointer is to a live variable of the type that the shim writes.
    check(unsafe { tx_deterministic(&raw mut on) })?;
    Ok(on)
}

pub(crate) fn set_deterministic(on: bool) -> Result<(), ExtError> {
    // SAFETY: no pointers.
    check(unsafe { tx_set_deterministic(on) })
}

pub(crate) fn keep_freed_memory() -> bool {
    // SAFETY: no pointers; glibc's `mallopt` may be called from any thread.
    unsafe { tx_keep_freed_memory() }
}

pub(crate) fn stacked_linear(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
) -> Result<Tensor, ExtError> {
    let pointer = |tensor: &Tensor| tensor.as_ptr().cast_mut().cast::<c_void>();
    let to = Tensor::new();
    // SAFETY: tch's pointers are to live `at::Tensor`s, borrowed for the whole call; the shim assigns to the one
    // that is ours alone and reports exceptions as messages.
    check(unsafe { tx_stacked_linear(pointer(x), pointer(weight), pointer(bias), pointer(&to)) })?;
    Ok(to)
}

/// The tensors of one step; checked by the caller to be alike.
pub(crate) struct AdamTensors<'a> {
    pub(crate) theta: &'a mut Tensor,
    pub(crate) gradient: &'a mut Tensor,
    pub(crate) m: &'a mut Tensor,
    pub(crate) v: &'a mut Tensor,
    pub(crate) step: &'a Tensor,
}

pub(crate) fn fused_adam(
    tensors: AdamTensors<'_>,
    learning_rate: f64,
    betas: [f64; 2],
    weight_decay: f64,
    eps: f64,
    decoupled: bool,
) -> Result<(), ExtError> {
    let pointer = |tensor: &Tensor| tensor.as_ptr().cast_mut().cast::<c_void>();
    // SAFETY: tch's pointers are to live `at::Tensor`s, borrowed for the whole call; libtorch checks
    // kinds and sizes by exceptions, which the shim turns into messages.
    check(unsafe {
        tx_fused_adam(
            pointer(tensors.theta),
            pointer(tensors.gradient),
            pointer(tensors.m),
            pointer(tensors.v),
            pointer(tensors.step),
            learning_rate,
            betas[0],
            betas[1],
            weight_decay,
            eps,
            decoupled,
        )
    })
}
