use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use detector::Progress;
use ndarray::{Array2, ArrayView2, ArrayView4, Axis, concatenate};
use tch::{Device, Tensor};

use crate::{FeaturesError, Lite0, Normalisation, TorchScript, resized, to_tensor};

/// Images that go through a network together: enough for oneDNN's kernels, and a batch of 256 pixels
/// needs some 200 MiB.
///
/// The last bits of what a network makes of an image depend on how many images are in its batch (kernels are chosen by
/// shape), not on which ones they are.
pub const BATCH: usize = 16;

/// A network that makes a vector of an image, as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Backbone {
    /// EfficientNet-Lite0 with the weights of this file: 1280 numbers.
    Lite0 {
        /// The file, as [`lite0_weights`](crate::lite0_weights) gets it.
        weights: PathBuf,
    },
    /// A module saved by `torch.jit.save`.
    TorchScript {
        /// The file.
        module: PathBuf,
        /// What it does to pixels first.
        normalisation: Normalisation,
    },
}

/// A loaded one.
enum Loaded {
    Lite0(Lite0),
    TorchScript(TorchScript),
}

impl Backbone {
    fn load(&self, device: Device) -> Result<Loaded, FeaturesError> {
        match self {
            Self::Lite0 { weights } => Lite0::load(weights, device).map(Loaded::Lite0),
            Self::TorchScript {
                module,
                normalisation,
            } => TorchScript::load(module, *normalisation, device).map(Loaded::TorchScript),
        }
    }
}

/// The pooled vector of each image, its shorter side first brought to `side` pixels where given.
///
/// # Shapes
/// `[n, 1 or 3, h, w]` → `[n, d]`.
///
/// # Errors
/// [`FeaturesError`] where the network cannot be loaded or refuses, [`FeaturesError::NotFinite`],
/// [`FeaturesError::Interrupted`].
pub fn embed(
    backbone: &Backbone,
    images: ArrayView4<'_, u8>,
    side: Option<usize>,
    device: Device,
    progress: &dyn Progress,
) -> Result<Array2<f32>, FeaturesError> {
    let parts = in_batches(
        images,
        device,
        progress,
        || backbone.load(device),
        |network, x| {
            let x = match side {
                Some(side) => resized(x, side)?,
                None => x.shallow_clone(),
            };
            match network {
                Loaded::Lite0(network) => network.pooled(&x),
                Loaded::TorchScript(network) => network.pooled(&x),
            }
        },
        rows,
    )?;
    let views: Vec<ArrayView2<'_, f32>> = parts.iter().map(Array2::view).collect();
    Ok(concatenate(Axis(0), &views).unwrap_or_default())
}

/// Sends `images` through a network in batches, on the CPU on as many threads as libtorch has: each
/// thread has its own network from `load` and computes alone, which keeps both of two cores busy where
/// libtorch's own threads wait for each other after every layer.
///
/// `run` gets a batch `[b, 3, h, w]`, float from 0 to 255; `finish` the number of its first image and
/// what `run` made. The answers come in the order of the images.
///
/// # Errors
/// The first error of `load`, `run` or `finish`; [`FeaturesError::Interrupted`].
pub fn in_batches<N, T: Send>(
    images: ArrayView4<'_, u8>,
    device: Device,
    progress: &dyn Progress,
    load: impl Fn() -> Result<N, FeaturesError> + Sync,
    run: impl Fn(&N, &Tensor) -> Result<Tensor, FeaturesError> + Sync,
    finish: impl Fn(usize, Tensor) -> Result<T, FeaturesError> + Sync,
) -> Result<Vec<T>, FeaturesError> {
    let n = images.len_of(Axis(0));
    let batches: Vec<_> = images.axis_chunks_iter(Axis(0), BATCH).collect();
    let n_threads = match device {
        Device::Cpu => usize::try_from(tch::get_num_threads()).unwrap_or(1),
        _ => 1,
    };
    let n_threads = n_threads.clamp(1, batches.len().max(1));
    if device == Device::Cpu {
        // Maps of some MiB come and go with every layer: given back to the system each time, they cost
        // four tenths of the whole.
        tch_ext::keep_freed_memory();
    }
    let (next, done, stop) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicBool::new(false),
    );
    let results = Mutex::new(Vec::with_capacity(batches.len()));
    let work = || -> Result<(), FeaturesError> {
        let network = load()?;
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = batches.get(number) else {
                break;
            };
            if progress.interrupted() {
                return Err(FeaturesError::Interrupted);
            }
            let y = run(&network, &to_tensor(*batch, device)?)?;
            let answer = finish(number * BATCH, y)?;
            if let Ok(mut results) = results.lock() {
                results.push((number, answer));
            }
            let len = batch.len_of(Axis(0));
            let done = done.fetch_add(len, Ordering::Relaxed) + len;
            progress.update("images", done as u64, n as u64, "");
        }
        Ok(())
    };
    let guarded = || {
        let result = work();
        if result.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        result
    };
    if n_threads == 1 {
        guarded()?;
    } else {
        let alone = || {
            // libtorch keeps the number for each thread; its own stays as it is.
            tch::set_num_threads(1);
            guarded()
        };
        let before = tch::get_num_threads();
        let outcome = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(alone)).collect();
            let results = threads.into_iter().map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            results.collect::<Vec<_>>()
        });
        tch::set_num_threads(before);
        outcome.into_iter().collect::<Result<(), _>>()?;
    }
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_unstable_by_key(|(number, _)| *number);
    Ok(results.into_iter().map(|(_, answer)| answer).collect())
}

/// `[b, d]` as an array; `first` is the number of its first image.
fn rows(first: usize, y: Tensor) -> Result<Array2<f32>, FeaturesError> {
    let y = y.f_to_device(Device::Cpu)?.f_contiguous()?;
    let (b, d) = y.size2()?;
    let values = Vec::<f32>::try_from(y.f_flatten(0, -1)?)?;
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        return Err(FeaturesError::NotFinite {
            image: first + at / d as usize,
            value: values[at],
        });
    }
    Ok(Array2::from_shape_vec((b as usize, d as usize), values).unwrap_or_default())
}
