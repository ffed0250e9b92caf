use std::sync::{Mutex, PoisonError};

use detector::{ContributionKind, Contributions, DetectorError, Input, Progress, Scorer, State};
use ndarray::{Array1, Array2, Array3, Axis};
use serde_json::Value;
use tch::{Device, Kind, Tensor};
use training::{SampleShape, Session, Trainable, Trained, TrainingError, with_tensor};

use crate::anomaly_map::{over_pixels, smoothed};
use crate::canvas::put_back;
use crate::progress::Quiet;
use crate::space::PatchSpace;
use crate::{Align, MapConfig, PatchConfig, PatchRuntime, PatchesError};

/// Images that are projected and scored together; their maps of 256 × 256 take 16 MiB.
const BLOCK: usize = 64;
const KIND: &str = "patch-scorer";
/// Of the scorer's and the fitted tensors' states.
pub(crate) const LAYOUT: u32 = 1;

/// A turn with libtorch in which patches are scored.
pub(crate) struct Turn<'a> {
    pub(crate) session: &'a Session,
    /// Asked whether to stop.
    pub(crate) progress: &'a dyn Progress,
}

/// What is fitted to the patches of normal images.
pub(crate) trait PatchModel: Send + Sync {
    /// How far each patch is from normal: `[n, p, k]` → `[n, p]`, float.
    fn distances(&self, x: &Tensor, turn: &Turn<'_>) -> Result<Tensor, PatchesError>;

    /// What it is restored from.
    fn state(&self) -> Result<State, PatchesError>;

    /// As [`Scorer::n_params`].
    fn n_params(&self) -> Option<u64> {
        None
    }

    /// As [`Scorer::n_evaluations`].
    fn n_evaluations(&self) -> Option<u64> {
        None
    }

    /// As [`Scorer::losses`].
    fn losses(&self) -> &[f64] {
        &[]
    }

    /// As [`Scorer::warnings`].
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A trained network.
impl<M: Trainable> PatchModel for Trained<M> {
    fn distances(&self, x: &Tensor, turn: &Turn<'_>) -> Result<Tensor, PatchesError> {
        let distances = self.model(turn.session).score(x);
        Ok(distances.map_err(TrainingError::from)?)
    }

    fn state(&self) -> Result<State, PatchesError> {
        Ok(self.state()?)
    }

    fn n_params(&self) -> Option<u64> {
        Some(self.n_params())
    }

    fn n_evaluations(&self) -> Option<u64> {
        Some(self.n_evaluations())
    }

    fn losses(&self) -> &[f64] {
        self.losses()
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings().to_vec()
    }
}

/// Tensors that are fitted without training, behind a lock: two threads must not use them at once.
pub(crate) trait Fitted: Send {
    /// The kind of its stored state.
    const KIND: &'static str;

    /// What it is restored from, by name.
    fn tensors(&self) -> Result<Vec<(&'static str, Tensor)>, PatchesError>;

    /// As [`PatchModel::distances`].
    fn distances(&self, x: &Tensor, turn: &Turn<'_>) -> Result<Tensor, PatchesError>;
}

impl<F: Fitted> PatchModel for Mutex<F> {
    fn distances(&self, x: &Tensor, turn: &Turn<'_>) -> Result<Tensor, PatchesError> {
        // A panic elsewhere changed nothing in it.
        let fitted = self.lock().unwrap_or_else(PoisonError::into_inner);
        fitted.distances(x, turn)
    }

    fn state(&self) -> Result<State, PatchesError> {
        let fitted = self.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = State::new(F::KIND, LAYOUT);
        for (name, tensor) in fitted.tensors()? {
            state = with_tensor(state, name, &tensor)?;
        }
        Ok(state)
    }
}

/// A fitted patch detector: distances of patches as a map over pixels, an image's score its largest
/// value.
pub(crate) struct PatchScorer<M> {
    /// The name of the method with all its settings.
    pub(crate) description: Value,
    pub(crate) space: PatchSpace,
    pub(crate) map: MapConfig,
    pub(crate) align: Align,
    /// Channels, height and width in training.
    pub(crate) shape: [usize; 3],
    pub(crate) model: M,
}

/// What a patch detector that is restored has by its settings.
pub(crate) struct Settings<'a> {
    pub(crate) description: Value,
    pub(crate) patches: &'a PatchConfig,
    pub(crate) map: &'a MapConfig,
    pub(crate) align: Align,
    pub(crate) runtime: &'a PatchRuntime,
}

impl<M: PatchModel> PatchScorer<M> {
    /// The scorer that was stored; `model` makes its model of the part that is the model's.
    pub(crate) fn restore(
        state: &State,
        settings: Settings<'_>,
        model: impl FnOnce(&State) -> Result<M, PatchesError>,
    ) -> Result<Self, PatchesError> {
        state.expect(KIND, LAYOUT)?;
        let description = settings.description;
        if state.config != description {
            let reason = format!("{}, expected {description}", state.config);
            return Err(state.wrong("the settings", reason).into());
        }
        let SampleShape::Image(shape) = SampleShape::stored(state)? else {
            return Err(state.wrong("shape", "rows, expected images").into());
        };
        let (space, model) = (state.part("space")?, model(state.part("model")?)?);
        Ok(Self {
            description,
            space: PatchSpace::restore(
                (settings.patches, settings.align.grid(settings.patches)),
                settings.runtime,
                space,
            )?,
            map: settings.map.clone(),
            align: settings.align,
            shape,
            model,
        })
    }

    /// The map of each block of images before it is smoothed, to `take` in order.
    fn each_block(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
        mut take: impl FnMut(Unsmoothed) -> Result<(), PatchesError>,
    ) -> Result<(), PatchesError> {
        let images = x.images_of_shape(self.shape)?;
        let n = images.dim().0;
        let mut done = 0;
        for block in images.axis_chunks_iter(Axis(0), BLOCK) {
            let (block, poses) = self.align.laid(block, progress)?;
            let patches = self.space.project(block.view(), &Quiet(progress))?;
            let session = Session::begin(self.space.device())?;
            let turn = Turn {
                session: &session,
                progress,
            };
            let distances = tch::no_grad(|| self.model.distances(&patches, &turn))?;
            let [_, h, w] = self.shape;
            let grid = self.space.grid();
            take(match self.align {
                Align::None => Unsmoothed::Patches(distances, grid, [h, w]),
                Align::PrincipalAxis => {
                    let [rows, columns] = grid.map(|side| side as i64);
                    let distances = distances.f_view([-1, 1, rows, columns])?;
                    Unsmoothed::Pixels(put_back(&distances, &poses, [h, w])?)
                }
            })?;
            done += block.dim().0;
            progress.update("images", done as u64, n as u64, "");
        }
        Ok(())
    }

    /// The map of each block of images, `[b, h, w]`, to `take` in order.
    fn each_map(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
        mut take: impl FnMut(Tensor) -> Result<(), PatchesError>,
    ) -> Result<(), PatchesError> {
        self.each_block(x, progress, |map| {
            let map = smoothed(&map.over_pixels()?, self.map.smoothing)?;
            take(map.f_to_device(Device::Cpu)?)
        })
    }
}

/// A map before it is smoothed.
enum Unsmoothed {
    /// Distances of patches, `[n, rows·columns]`, over images of this height and width.
    Patches(Tensor, [usize; 2], [usize; 2]),
    /// `[n, 1, h, w]`
    Pixels(Tensor),
}

impl Unsmoothed {
    fn over_pixels(&self) -> Result<Tensor, PatchesError> {
        match self {
            Self::Patches(distances, grid, size) => over_pixels(distances, *grid, *size),
            Self::Pixels(map) => Ok(map.shallow_clone()),
        }
    }

    /// The terms that the largest value of each smoothed map is the sum of, one for each cell of `side` × `side`
    /// over the image: a map is linear in the distances, so a distance times the slope of the largest value is its
    /// term. `[n, side²]`.
    fn terms(&self, side: usize, smoothing: f64) -> Result<Tensor, PatchesError> {
        let leaf = match self {
            Self::Patches(distances, ..) => distances,
            Self::Pixels(map) => map,
        };
        let leaf = leaf.f_detach()?.f_set_requires_grad(true)?;
        let map = match self {
            Self::Patches(_, grid, size) => Self::Patches(leaf.shallow_clone(), *grid, *size),
            Self::Pixels(_) => Self::Pixels(leaf.shallow_clone()),
        };
        let map = smoothed(&map.over_pixels()?, smoothing)?;
        let largest = map.f_flatten(1, 2)?.f_amax([1], false)?;
        largest.f_sum(Kind::Float)?.f_backward()?;
        let terms = leaf.f_grad()?.f_mul(&leaf.f_detach()?)?;
        match self {
            Self::Patches(..) => Ok(terms),
            Self::Pixels(_) => {
                let side = side as i64;
                let (n, _, h, w) = terms.size4()?;
                let cells = |size: i64| -> Result<Tensor, PatchesError> {
                    let of = |pixel: i64| pixel * side / size;
                    let cells: Vec<i64> = (0..size).map(of).collect();
                    Ok(Tensor::f_from_slice(&cells)?.f_to_device(terms.device())?)
                };
                let at = cells(h)?
                    .f_mul_scalar(side)?
                    .f_unsqueeze(1)?
                    .f_add(&cells(w)?)?;
                let sums = terms.f_new_zeros([n, side * side], (Kind::Float, terms.device()))?;
                Ok(sums.f_index_add(1, &at.f_flatten(0, -1)?, &terms.f_view([n, h * w])?)?)
            }
        }
    }
}

impl<M: PatchModel> Scorer for PatchScorer<M> {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let mut scores = Vec::with_capacity(x.len());
        self.each_map(x, progress, |map| {
            let largest = map.f_flatten(1, 2)?.f_amax([1], false)?;
            scores.extend(Vec::<f64>::try_from(largest.f_to_kind(Kind::Double)?)?);
            Ok(())
        })?;
        match scores.iter().position(|score| !score.is_finite()) {
            None => Ok(Array1::from_vec(scores)),
            Some(row) => Err(DetectorError::method(format!(
                "the score of image {row} is {}",
                scores[row]
            ))),
        }
    }

    fn state(&self) -> Result<State, DetectorError> {
        Ok(State::new(KIND, LAYOUT)
            .with_config(&self.description)
            .with_value("shape", SampleShape::Image(self.shape))
            .with_part("space", self.space.state())
            .with_part("model", self.model.state()?))
    }

    fn maps(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array3<f32>>, DetectorError> {
        let [_, h, w] = self.shape;
        let mut values = Vec::with_capacity(x.len() * h * w);
        self.each_map(x, progress, |map| {
            values.extend(Vec::<f32>::try_from(map.f_contiguous()?.f_flatten(0, -1)?)?);
            Ok(())
        })?;
        let maps = Array3::from_shape_vec((x.len(), h, w), values);
        maps.map(Some)
            .map_err(|error| DetectorError::method(error.to_string()))
    }

    /// The terms of each image's score, one for each place of `patches.grid` rows and columns over the image, row by
    /// row: patches where images stay as they are, else squares of the image.
    fn contributions(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let side = self.space.side();
        let mut values: Vec<f64> = Vec::with_capacity(x.len() * side * side);
        self.each_block(x, progress, |map| {
            let terms = map.terms(side, self.map.smoothing)?.f_flatten(0, -1)?;
            values.extend(Vec::<f64>::try_from(terms.f_to_kind(Kind::Double)?)?);
            Ok(())
        })?;
        let values = Array2::from_shape_vec((x.len(), side * side), values);
        let values = values.map_err(|error| DetectorError::method(error.to_string()))?;
        Ok(Some(Contributions::new(values, ContributionKind::Exact)))
    }

    fn n_params(&self) -> Option<u64> {
        self.model.n_params()
    }

    fn n_evaluations(&self) -> Option<u64> {
        self.model.n_evaluations()
    }

    fn losses(&self) -> &[f64] {
        self.model.losses()
    }

    fn warnings(&self) -> Vec<String> {
        self.model.warnings()
    }
}
